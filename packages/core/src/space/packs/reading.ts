import type { Statements } from '../../database/index.ts'
import type { Numbers } from '../../sync/index.ts'
import { type Lane, tailLane } from '../../wire/index.ts'
import { loadCursor } from '../cursors.ts'
import type { Origin } from '../outbox.ts'
import { joined, without } from './numbers.ts'

/** Which numbers of a log at a hub were not read yet, and which of the tail's need not be, for packs hold them. Within the open transaction. */
export type Reading = {
  /** Ascending; those of the tail also where packs hold them. */
  readonly unread: (at: Origin, lane: Lane) => Numbers[]
  /** The first cursor of a lane: nothing up to `top` was read. */
  readonly begin: (at: Origin, lane: Lane, top: number) => void
  /** Nobody can know what comes: numbers that are still to be given are in no pack. */
  readonly limit: (at: Origin, top: number) => void
  readonly read: (at: Origin, lane: Lane, numbers: Numbers) => void
  /** Numbers of the tail that packs hold, as members say. */
  readonly covered: (at: Origin) => Numbers[]
  readonly cover: (at: Origin, numbers: Numbers) => void
  /** No member is believed any more about what is in packs now. */
  readonly doubt: (at: Origin) => void
  readonly lost: (at: Origin) => void
}

export const createReading = (statements: Statements): Reading => {
  const unread: Reading['unread'] = ({ hub, log }, lane) =>
    statements('SELECT low, high FROM unread WHERE hub = ? AND log = ? AND lane = ? ORDER BY low').all(
      hub,
      log,
      lane,
    ) as unknown as Numbers[]

  const covered: Reading['covered'] = ({ hub, log }) =>
    statements('SELECT low, high FROM covered WHERE hub = ? AND log = ? ORDER BY low').all(
      hub,
      log,
    ) as unknown as Numbers[]

  const saveCovered = (at: Origin, ranges: readonly Numbers[]): void => {
    statements('DELETE FROM covered WHERE hub = ? AND log = ?').run(at.hub, at.log)
    const insert = statements('INSERT INTO covered (hub, log, low, high) VALUES (?, ?, ?, ?)')
    for (const { low, high } of ranges) insert.run(at.hub, at.log, low, high)
  }

  const upTo = (ranges: readonly Numbers[], top: number): Numbers[] =>
    without(ranges, [{ low: top + 1, high: Number.MAX_SAFE_INTEGER }])

  return {
    unread,
    begin: (at, lane, top) => {
      statements('INSERT OR REPLACE INTO unread (hub, log, lane, low, high) VALUES (?, ?, ?, 1, ?)').run(
        at.hub,
        at.log,
        lane,
        top,
      )
    },
    limit: (at, top) => saveCovered(at, upTo(covered(at), top)),
    read: (at, lane, numbers) => {
      const remove = statements('DELETE FROM unread WHERE hub = ? AND log = ? AND lane = ? AND low = ?')
      const insert = statements('INSERT INTO unread (hub, log, lane, low, high) VALUES (?, ?, ?, ?, ?)')
      for (const range of unread(at, lane)) {
        if (range.low > numbers.high || range.high < numbers.low) continue
        remove.run(at.hub, at.log, lane, range.low)
        for (const { low, high } of without([range], [numbers])) insert.run(at.hub, at.log, lane, low, high)
      }
    },
    covered,
    cover: (at, numbers) => {
      const top = loadCursor(statements, at.hub, at.log, tailLane)?.n ?? Number.MAX_SAFE_INTEGER
      saveCovered(at, joined([...covered(at), ...upTo([numbers], top)]))
    },
    doubt: ({ hub, log }) => {
      statements('DELETE FROM covered WHERE hub = ? AND log = ?').run(hub, log)
    },
    lost: ({ hub, log }) => {
      for (const table of ['unread', 'covered'])
        statements(`DELETE FROM ${table} WHERE hub = ? AND log = ?`).run(hub, log)
    },
  }
}
