/** What the store knows of each log without reading its entries: numbers and sums, in memory while in use, saved once a group. */
import type { DatabaseSync } from 'node:sqlite'
import { logKinds } from '@kith/core/wire'
import type { LogName } from './entry-store.ts'

export type LogRecord = {
  /** Undefined while the log is in no committed or open transaction. */
  pk: number | undefined
  readonly log: LogName
  /** Number of the next entry, by lane. Never goes back, not even on a roll-back. */
  readonly next: [number, number, number, number]
  entries: number
  bytes: number
  usedDay: number
}

export type WritableRecord = LogRecord & { pk: number }

export type LogRecords = {
  readonly find: (log: LogName) => LogRecord | undefined
  /** In an open group: the record, its row made if it is new, to be saved at the end of the group. */
  readonly writable: (log: LogName) => WritableRecord
  readonly save: () => void
  readonly saved: () => void
  readonly rolledBack: () => void
}

/** Records kept in memory: 100,000 are about 40 MB. Beyond, all that may go do. */
const recordsMax = 100_000

type Before = { pk: number | undefined; entries: number; bytes: number; usedDay: number }

type LogRow = {
  pk: number
  used_day: number
  entries: number
  bytes: number
  next0: number
  next1: number
  next2: number
  next3: number
}

export function createLogRecords(database: DatabaseSync): LogRecords {
  const select = database.prepare('SELECT * FROM log WHERE id = ?')
  const insert = database.prepare('INSERT INTO log VALUES (NULL, ?, ?, 0, 0, 0, 1, 1, 1, 1)')
  const update = database.prepare(
    'UPDATE log SET used_day = ?, entries = ?, bytes = ?, next0 = ?, next1 = ?, next2 = ?, next3 = ? WHERE pk = ?',
  )
  const records = new Map<string, LogRecord>()
  /** Changed in the open group, with what they were before it. */
  const changed = new Map<LogRecord, Before>()
  /** Their numbers in memory are ahead of those in the database: must not be read afresh. */
  const pinned = new Set<string>()

  function find(log: LogName): LogRecord | undefined {
    const known = records.get(log.key)
    if (known !== undefined) return known
    const row = select.get(log.id) as LogRow | undefined
    if (row === undefined) return undefined
    if (records.size >= recordsMax) forgetSome()
    const record: LogRecord = {
      pk: row.pk,
      log,
      next: [row.next0, row.next1, row.next2, row.next3],
      entries: row.entries,
      bytes: row.bytes,
      usedDay: row.used_day,
    }
    records.set(log.key, record)
    return record
  }

  function forgetSome(): void {
    for (const [key, record] of records) if (!pinned.has(key) && !changed.has(record)) records.delete(key)
  }

  return {
    find,
    writable(log) {
      let record = find(log)
      if (record === undefined) {
        record = { pk: undefined, log, next: [1, 1, 1, 1], entries: 0, bytes: 0, usedDay: 0 }
        records.set(log.key, record)
      }
      if (!changed.has(record)) {
        changed.set(record, { pk: record.pk, entries: record.entries, bytes: record.bytes, usedDay: record.usedDay })
      }
      record.pk ??= Number(insert.run(log.id, logKinds.indexOf(log.kind)).lastInsertRowid)
      return record as WritableRecord
    },
    save() {
      for (const record of changed.keys()) {
        update.run(record.usedDay, record.entries, record.bytes, ...record.next, record.pk!)
      }
    },
    saved() {
      changed.clear()
    },
    rolledBack() {
      for (const [record, before] of changed) {
        Object.assign(record, before)
        pinned.add(record.log.key)
      }
      changed.clear()
    },
  }
}
