/**
 * The store that several processes of a hub share: PostgreSQL. Large entries are rows like others, or on S3 (`shared-large.ts`). Numbers are given under a lock of the
 * log's row and told to nobody before the commit, so that a process may die at any moment without a new generation.
 */
import { KithError } from '@kith/core/bytes'
import type { Lane, NumberedEntry } from '@kith/core/wire'
import {
  type EntryStore,
  type Expired,
  type LogName,
  StoreFailure,
  type StoreTotals,
  toLogName,
} from '../store/entry-store.ts'
import { fill } from '../store/fill.ts'
import type { Heads, StoreOptions } from '../store/hub-storage.ts'
import type { LargeEntries } from '../store/large-entries.ts'
import { logStanding, spanOf } from '../store/standing.ts'
import { createPostgresAccess } from './postgres-access.ts'
import type { Write, WriteResult } from './postgres-batch.ts'
import { createSharedDays } from './postgres-days.ts'
import { createGroups } from './postgres-groups.ts'
import type { Postgres } from './postgres-pool.ts'
import { createReads, type EntryRow, failing, placeToKey } from './postgres-reads.ts'
import { createSharedLarge } from './shared-large.ts'

/** Logs remembered as used today, and as there: 100,000 are about 15 MB. Beyond, all are asked for again. */
const rememberedMax = 100_000

/** Logs given up in one piece. */
const logsPerPiece = 100

/** A sum over all logs that took longer than this is given out again for a hundred times as long as it took. */
const slowTotalsMs = 1000

type Ask = Write extends infer Each ? (Each extends Write ? Omit<Each, 'done' | 'failed'> : never) : never

export type StoreStart = { readonly today: number; readonly generation: Uint8Array; readonly monotonic: () => number }

export function createPostgresStore(
  sql: Postgres,
  start: StoreStart,
  options: StoreOptions,
  place?: LargeEntries,
): EntryStore & { heads: Heads } {
  const days = createSharedDays(sql, start.today)
  const reads = createReads(sql, options.soon)
  const large = createSharedLarge(sql, place, options.random, days.today)
  const groups = createGroups(sql, days.today, options, large.drop)
  /** The last write asked of each log: what is read later must see it. */
  const underWay = new Map<string, Promise<unknown>>()
  const there = new Set<string>()
  let usedToday = new Set<string>()
  let usedDay = days.today()
  let sums: { totals: StoreTotals; goodUntil: number } | undefined

  function write(ask: Ask): Promise<WriteResult> {
    const { promise, resolve, reject } = Promise.withResolvers<WriteResult>()
    const { key } = ask.log
    const ended = promise.then(
      () => {},
      () => {},
    )
    underWay.set(key, ended)
    void ended.then(() => {
      if (underWay.get(key) === ended) underWay.delete(key)
    })
    groups.add({ ...ask, done: resolve, failed: reject })
    return promise
  }

  const access = createPostgresAccess(sql, async (log, spends, roomBytes) => [
    ...(await write({ kind: 'redeem', log, spends, roomBytes })).fresh,
  ])

  /** Nothing is asked twice that is known. */
  function remember(set: Set<string>, key: string): void {
    if (set.size >= rememberedMax) set.clear()
    set.add(key)
  }

  async function seen(log: LogName): Promise<void> {
    await underWay.get(log.key)
  }

  async function dropDue(entriesMax: number): Promise<{ rows: number; dropped: number }> {
    const rows = await failing(
      sql<{ log: Buffer; id: Buffer; kind: number }[]>`
        SELECT d.log, d.id, l.kind FROM hub_dropping d JOIN hub_log l ON l.log = d.log
        WHERE d.due_day <= ${days.today()} ORDER BY d.due_day LIMIT ${entriesMax}`,
    )
    const byLog = new Map<string, { log: LogName; ids: Uint8Array[] }>()
    for (const row of rows) {
      const log = toLogName(row.log, row.kind)
      const found = byLog.get(log.key) ?? { log, ids: [] }
      found.ids.push(row.id)
      byLog.set(log.key, found)
    }
    const results = await Promise.all([...byLog.values()].map((due) => write({ kind: 'due', ...due })))
    return { rows: rows.length, dropped: results.reduce((sum, { dropped }) => sum + dropped, 0) }
  }

  async function giveUpUnused(leaseEnd: number): Promise<number> {
    const rows = await failing(
      sql<{ log: Buffer; kind: number }[]>`
        SELECT log, kind FROM hub_log WHERE used_day >= 0 AND used_day < ${leaseEnd} LIMIT ${logsPerPiece}`,
    )
    const logs = rows.map((row) => toLogName(row.log, row.kind))
    for (const { key } of logs) there.delete(key)
    await Promise.all(logs.map((log) => write({ kind: 'giveUp', log, leaseEnd })))
    return rows.length
  }

  /** Entries of logs that were given up, which nobody finds any more. */
  async function empty(entriesMax: number): Promise<number> {
    let dropped = 0
    while (dropped < entriesMax) {
      const [row] = await failing(
        sql<{ log: Buffer; kind: number }[]>`SELECT log, kind FROM hub_log WHERE stale LIMIT 1`,
      )
      if (row === undefined) break
      const some = await failing(sql<{ outside: Uint8Array | null }[]>`
        DELETE FROM hub_entry WHERE log = ${row.log} AND (lane, n) IN (
          SELECT e.lane, e.n FROM hub_entry e WHERE e.log = ${row.log}
            AND e.n < (SELECT first FROM hub_log WHERE log = ${row.log}) LIMIT ${entriesMax - dropped})
        RETURNING outside`)
      large.drop(some.flatMap(({ outside }) => outside ?? []))
      dropped += some.count
      if (some.count === 0) await write({ kind: 'emptied', log: toLogName(row.log, row.kind) })
    }
    return dropped
  }

  function withBytes(log: LogName, lane: Lane, rows: readonly EntryRow[]) {
    return fill(rows, async ({ n, id, size, bytes, outside }): Promise<NumberedEntry | undefined> => {
      if (outside === null) return { n, id, bytes }
      const found = await large.get(outside)
      if (found?.length === size) return { n, id, bytes: found }
      await noteLoss(log, lane, id, outside)
      return undefined
    })
  }

  /** An object that should be there is not: the entry is forgotten, so that whoever has it can put it again. */
  async function noteLoss(log: LogName, lane: Lane, id: Uint8Array, outside: Uint8Array): Promise<void> {
    const [row] = await reads.ids(log, lane, [id], false)
    // Dropped meanwhile.
    if (row?.outside === null || row === undefined || Buffer.compare(row.outside, outside) !== 0) return
    options.failed(new StoreFailure('damaged'))
    await write({ kind: 'drop', log, lane, ids: [id] })
  }

  return {
    generation: start.generation,
    access,
    heads: reads.heads,

    async append(log, lane: Lane, entries, covers) {
      await groups.room(log.key)
      const placed = await large.putLarge(entries, (ids) => reads.ids(log, lane, ids, true))
      const result = write({ kind: 'append', log, lane, entries: placed, covers })
      const durable = result.then(() => {
        remember(there, log.key)
      })
      // Whoever takes the numbers is told of the failure there.
      durable.catch(() => {})
      return { placed: result.then(({ placed }) => placed), durable }
    },

    async read(log, lane, wish) {
      await seen(log)
      const { rows, end } = await reads.run(log, lane, wish)
      const { entries, isCut } = await withBytes(log, lane, rows)
      return { entries, end: end && !isCut }
    },

    async readIds(log, lane, ids, idsOnly) {
      await seen(log)
      const { entries, isCut } = await withBytes(log, lane, await reads.ids(log, lane, ids, idsOnly))
      if (isCut) throw new StoreFailure('away')
      return entries
    },

    async span(log, lane) {
      await seen(log)
      return spanOf(await reads.head(log.key), lane)
    },

    async standings(wishes) {
      const heads = await Promise.all(
        wishes.map(async ({ log }) => {
          await seen(log)
          return reads.head(log.key)
        }),
      )
      const newest = wishes.flatMap(({ log, cursors }, at) =>
        cursors
          .filter(({ lane, n }) => n > 0 && spanOf(heads[at], lane).newest === n)
          .map(({ lane, n }) => ({ logKey: log.key, lane, n })),
      )
      const marks = newest.length === 0 ? undefined : await reads.marks(newest)
      return wishes.map(({ log, cursors }, at) =>
        logStanding(cursors, heads[at], (cursor) => marks?.get(placeToKey({ logKey: log.key, ...cursor }))),
      )
    },

    async trim(log, ids) {
      await write({ kind: 'trim', log, ids })
    },

    async drop(log, lane, ids) {
      await write({ kind: 'drop', log, lane, ids })
    },

    tick: (wallDay) => failing(days.tick(wallDay)),

    async expire(entriesMax): Promise<Expired> {
      const due = await dropDue(entriesMax)
      if (due.rows === entriesMax) return { entries: due.dropped, logs: 0, isDone: false }
      const logs = await giveUpUnused(days.today() - options.leaseDays)
      const emptied = await empty(entriesMax - due.rows)
      const isDone = logs < logsPerPiece && due.rows + emptied < entriesMax
      return { entries: due.dropped + emptied, logs, isDone }
    },

    tend: large.tend,
    isLargeAway: large.isAway,

    // What the server keeps of it until its next VACUUM is the operator's: docs/operations/scaling.md.
    async scrub() {},

    async snapshot() {
      throw new KithError(
        'not-supported',
        'A hub on PostgreSQL is copied by the tools of PostgreSQL: pg_dump, or a base backup with its log.',
      )
    },

    async touch(logs) {
      if (usedDay !== days.today()) {
        usedDay = days.today()
        usedToday = new Set()
      }
      await Promise.all(
        logs.map(async (log) => {
          if (usedToday.has(log.key)) return
          remember(usedToday, log.key)
          const head = await reads.head(log.key)
          // What is not there is not made by somebody who only looks.
          if (head !== undefined && head.usedDay < days.today()) await write({ kind: 'touch', log })
        }),
      )
    },

    async has(log) {
      if (there.has(log.key)) return true
      await seen(log)
      const isThere = (await reads.head(log.key)) !== undefined
      if (isThere) remember(there, log.key)
      return isThere
    },

    async totals() {
      if (sums !== undefined && start.monotonic() < sums.goodUntil) return sums.totals
      const begun = start.monotonic()
      const [totals] = await failing(
        sql<StoreTotals[]>`
          SELECT count(*) AS logs, coalesce(sum(entries), 0)::bigint AS entries, coalesce(sum(bytes), 0)::bigint AS bytes
          FROM hub_log WHERE used_day >= 0`,
      )
      const tookMs = start.monotonic() - begun
      sums = { totals: { ...totals! }, goodUntil: tookMs > slowTotalsMs ? begun + 100 * tookMs : 0 }
      return sums.totals
    },

    settled: groups.settled,

    async close() {
      await groups.settled()
      await large.settled()
      await sql.end({ timeout: 5 })
    },
  }
}
