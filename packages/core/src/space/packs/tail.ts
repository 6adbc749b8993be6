import type { Statements } from '../../database/index.ts'
import type { Numbers } from '../../sync/index.ts'
import type { Origin } from '../outbox.ts'

/** A run of one chain: changes of `count` numbers from `seq` on. */
export type ChainRun = { readonly chain: number; readonly seq: number; readonly count: number }

export type TailEntry = {
  readonly n: number
  readonly id: Uint8Array
  /** Bytes of the entry. */
  readonly size: number
  readonly arrivedMs: number
}

export type TailRow = TailEntry & ChainRun

/** In the place of a chain: an entry that cannot be used here, though perhaps elsewhere. */
const noChain = 0

/** What the entries of each log's tail hold that is in no pack yet, and which runs are. Within the open transaction. */
export type Tail = {
  /** `runs` is empty where it cannot be used. */
  readonly add: (at: Origin, entry: TailEntry, runs: readonly ChainRun[]) => void
  /** As `add`, of segments that are kept here. */
  readonly addSegments: (at: Origin, entry: TailEntry, segments: readonly number[]) => void
  readonly packed: (at: Origin, runs: readonly ChainRun[]) => void
  readonly packedSegments: (at: Origin, segments: readonly number[]) => void
  /** Forgets of the tail what is in packs. A chain that has branched stays, for a number is not one change there. */
  readonly prune: (at: Origin, hasBranches: (chain: number) => boolean) => void
  /** What can be packed, by number ascending, up to `top`; at most so many. */
  readonly rows: (at: Origin, top: number, most: number) => TailRow[]
  /** Numbers of what cannot be used here, ascending, up to `top`. */
  readonly useless: (at: Origin, top: number) => Numbers[]
  readonly remove: (at: Origin, numbers: Iterable<number>) => void
  /** Entries there, and when the oldest of them came. */
  readonly sum: (at: Origin) => { readonly entries: number; readonly oldestMs: number | undefined }
  readonly lost: (at: Origin) => void
}

export const createTail = (statements: Statements): Tail => {
  const insert = `INSERT OR IGNORE INTO tail (hub, log, n, part, chain, seq, count, size, arrived, id) `

  const addPacked = ({ hub, log }: Origin, { chain, seq, count }: ChainRun): void => {
    const high = seq + count - 1
    const touching = 'hub = ? AND log = ? AND chain = ? AND low <= ? AND high >= ?'
    const found = statements(`SELECT min(low) AS low, max(high) AS high FROM packed WHERE ${touching}`).get(
      hub,
      log,
      chain,
      high + 1,
      seq - 1,
    ) as { low: number | null; high: number | null }
    if (found.low !== null) statements(`DELETE FROM packed WHERE ${touching}`).run(hub, log, chain, high + 1, seq - 1)
    statements('INSERT INTO packed (hub, log, chain, low, high) VALUES (?, ?, ?, ?, ?)').run(
      hub,
      log,
      chain,
      Math.min(seq, found.low ?? seq),
      Math.max(high, found.high ?? high),
    )
  }

  const add: Tail['add'] = ({ hub, log }, { n, id, size, arrivedMs }, runs) => {
    const run = statements(`${insert} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
    const parts = runs.length > 0 ? runs : [{ chain: noChain, seq: 0, count: 0 }]
    for (const [part, { chain, seq, count }] of parts.entries())
      run.run(hub, log, n, part, chain, seq, count, size, arrivedMs, id)
  }

  const runOf = (segment: number): ChainRun[] => {
    const row = statements('SELECT chain, seq, count FROM segment WHERE change = ?').get(segment)
    return row ? [row as unknown as ChainRun] : []
  }

  return {
    add,
    addSegments: (at, entry, segments) => add(at, entry, segments.flatMap(runOf)),
    packed: (at, runs) => {
      for (const run of runs) addPacked(at, run)
    },
    packedSegments: (at, segments) => {
      for (const segment of segments) for (const run of runOf(segment)) addPacked(at, run)
    },
    prune: ({ hub, log }, hasBranches) => {
      const chains = statements('SELECT DISTINCT chain FROM packed WHERE hub = ? AND log = ?').all(hub, log)
      for (const { chain } of chains) {
        if (hasBranches(chain as number)) continue
        statements(`DELETE FROM tail WHERE hub = ?1 AND log = ?2 AND chain = ?3 AND EXISTS (SELECT 1 FROM packed AS p
          WHERE p.hub = ?1 AND p.log = ?2 AND p.chain = ?3 AND p.low <= tail.seq AND p.high >= tail.seq + tail.count - 1)`).run(
          hub,
          log,
          chain as number,
        )
      }
    },
    rows: ({ hub, log }, top, most) =>
      statements(
        `SELECT n, id, size, arrived AS arrivedMs, chain, seq, count FROM tail
          WHERE hub = ? AND log = ? AND n <= ? AND chain <> ${noChain} ORDER BY n, part LIMIT ?`,
      ).all(hub, log, top, most) as unknown as TailRow[],
    useless: ({ hub, log }, top) =>
      statements(
        `SELECT n AS low, n AS high FROM tail WHERE hub = ? AND log = ? AND n <= ? AND chain = ${noChain} ORDER BY n`,
      ).all(hub, log, top) as unknown as Numbers[],
    remove: ({ hub, log }, numbers) => {
      const remove = statements('DELETE FROM tail WHERE hub = ? AND log = ? AND n = ?')
      for (const n of numbers) remove.run(hub, log, n)
    },
    sum: ({ hub, log }) => {
      const row = statements(
        `SELECT count(DISTINCT n) AS entries, min(arrived) AS oldestMs FROM tail
          WHERE hub = ? AND log = ? AND chain <> ${noChain}`,
      ).get(hub, log) as { entries: number; oldestMs: number | null }
      return { entries: row.entries, oldestMs: row.oldestMs ?? undefined }
    },
    lost: ({ hub, log }) => {
      for (const table of ['tail', 'packed']) statements(`DELETE FROM ${table} WHERE hub = ? AND log = ?`).run(hub, log)
    },
  }
}
