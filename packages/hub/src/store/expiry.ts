/** What the SQLite store drops by itself: entries that are due, and logs whose lease has ended, a piece in each transaction. */
import type { DatabaseSync } from 'node:sqlite'
import { type Expired, toLogName } from './entry-store.ts'
import type { LogRecords, WritableRecord } from './log-records.ts'

export type Expiry = {
  /** In an open group. `leaseEnd`: logs last used before that day go. */
  readonly dropPiece: (today: number, leaseEnd: number, entriesMax: number) => Expired
}

/** What the store does for one entry or log that goes. */
export type ExpiryWork = {
  readonly removeOne: (record: WritableRecord, lane: number, id: Uint8Array) => void
  readonly removeOutside: (name: Uint8Array) => void
  /** Of a log that goes, by its number. */
  readonly forgetRoom: (pk: number) => void
  readonly countLog: (log: { entries: number; bytes: number }) => void
  readonly random: (length: number) => Uint8Array
}

/** Logs given up in one piece; each is one row. */
const logsPerPiece = 100

type DueRow = { id: Uint8Array; lane: number; log_id: Uint8Array; kind: number }
type LogRow = { pk: number; id: Uint8Array; kind: number; entries: number; bytes: number }

export function createExpiry(database: DatabaseSync, records: LogRecords, work: ExpiryWork): Expiry {
  const due = database.prepare(
    `SELECT d.id, d.lane, l.id AS log_id, l.kind FROM dropping d JOIN log l ON l.pk = d.log
     WHERE d.due_day <= ? ORDER BY d.due_day LIMIT ?`,
  )
  const unused = database.prepare('SELECT * FROM log WHERE used_day >= 0 AND used_day < ? ORDER BY used_day LIMIT ?')
  const giveUp = database.prepare('UPDATE log SET id = ?, used_day = -1 WHERE pk = ?')
  const forget = database.prepare('DELETE FROM dropping WHERE log = ?')
  const givenUp = database.prepare('SELECT pk FROM log WHERE used_day = -1 LIMIT 1')
  const some = database.prepare('SELECT rowid AS at, outside FROM entry WHERE log = ? LIMIT ?')
  const removeAt = database.prepare('DELETE FROM entry WHERE rowid = ?')
  const removeLog = database.prepare('DELETE FROM log WHERE pk = ?')

  /** From here on nobody finds the log: whoever comes begins a new one, and is not shown half of the old. */
  function giveUpLog(row: LogRow): void {
    records.remove(toLogName(row.id, row.kind))
    giveUp.run(work.random(32), row.pk)
    forget.run(row.pk)
    work.forgetRoom(row.pk)
    work.countLog(row)
  }

  function emptyGivenUp(entriesMax: number): number {
    let dropped = 0
    while (dropped < entriesMax) {
      const log = givenUp.get() as { pk: number } | undefined
      if (log === undefined) break
      const rows = some.all(log.pk, entriesMax - dropped) as { at: number; outside: Uint8Array | null }[]
      for (const { at, outside } of rows) {
        if (outside !== null) work.removeOutside(outside)
        removeAt.run(at)
      }
      if (rows.length === 0) removeLog.run(log.pk)
      dropped += rows.length
    }
    return dropped
  }

  return {
    dropPiece(today, leaseEnd, entriesMax) {
      const rows = due.all(today, entriesMax) as DueRow[]
      for (const row of rows) work.removeOne(records.writable(toLogName(row.log_id, row.kind)), row.lane, row.id)
      if (rows.length === entriesMax) return { entries: rows.length, logs: 0, isDone: false }
      // What the open group has changed in memory is to be seen here.
      records.save()
      const logs = unused.all(leaseEnd, logsPerPiece) as LogRow[]
      logs.forEach(giveUpLog)
      const emptied = emptyGivenUp(entriesMax - rows.length)
      const isDone = logs.length < logsPerPiece && rows.length + emptied < entriesMax
      return { entries: rows.length + emptied, logs: logs.length, isDone }
    },
  }
}
