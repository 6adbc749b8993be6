/** What the store knows of each log without reading its entries: numbers and sums, in memory while in use, saved once a group. */
import type { DatabaseSync } from 'node:sqlite'
import { logKinds } from '@kith/core/wire'
import type { LogName } from './entry-store.ts'
import { readNumber, writeNumber } from './sqlite-meta.ts'

export type LogRecord = {
  /** Undefined while the log is in no committed or open transaction. */
  pk: number | undefined
  readonly log: LogName
  /** Number of the next entry, by lane. Never goes back, not even on a roll-back. Begins with `first`. */
  readonly next: [number, number, number, number]
  readonly first: number
  /** By lane: the mark of the newest entry, or what is known of it instead. */
  readonly marks: [number, number, number, number]
  entries: number
  bytes: number
  usedDay: number
}

export const unknownMark = -1
/** The newest entry was dropped. */
export const goneMark = -2
const unknownMarks: LogRecord['marks'] = [unknownMark, unknownMark, unknownMark, unknownMark]

export type WritableRecord = LogRecord & { pk: number }

export type LogRecords = {
  readonly find: (log: LogName) => LogRecord | undefined
  /** In an open group: the record, its row made if it is new, to be saved at the end of the group. */
  readonly writable: (log: LogName) => WritableRecord
  /** In an open group: a log of this id is a new one from now on, with higher numbers. */
  readonly remove: (log: LogName) => void
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
  first: number
  next0: number
  next1: number
  next2: number
  next3: number
}

/** `today` is the day that a new log's lease begins with. */
export function createLogRecords(database: DatabaseSync, today: () => number): LogRecords {
  const select = database.prepare('SELECT * FROM log WHERE id = ?')
  const insert = database.prepare('INSERT INTO log VALUES (NULL, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?)')
  const update = database.prepare(
    'UPDATE log SET used_day = ?, entries = ?, bytes = ?, next0 = ?, next1 = ?, next2 = ?, next3 = ? WHERE pk = ?',
  )
  const records = new Map<string, LogRecord>()
  /** Changed in the open group, with what they were before it. */
  const changed = new Map<LogRecord, Before>()
  /** The same of logs that went in it. */
  const removed = new Map<LogRecord, Before>()
  /** Their numbers in memory are ahead of those in the database: must not be read afresh. */
  const pinned = new Set<string>()
  /** Beyond all numbers of the logs that expired: a log that comes again continues there, so that old cursors are known as such. */
  let floor = Math.max(1, readNumber(database, 'floor'))

  function find(log: LogName): LogRecord | undefined {
    const known = records.get(log.key)
    if (known !== undefined) return known
    const row = select.get(log.id) as LogRow | undefined
    if (row === undefined) return undefined
    if (records.size >= recordsMax) forgetSome()
    const record: LogRecord = {
      pk: row.pk,
      log: nameAlone(log),
      next: [row.next0, row.next1, row.next2, row.next3],
      first: row.first,
      marks: [...unknownMarks],
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

  function writable(log: LogName): WritableRecord {
    let record = find(log)
    if (record === undefined) {
      const next: LogRecord['next'] = [floor, floor, floor, floor]
      record = {
        pk: undefined,
        log: nameAlone(log),
        next,
        first: floor,
        marks: [...unknownMarks],
        entries: 0,
        bytes: 0,
        usedDay: today(),
      }
      records.set(log.key, record)
    }
    if (!changed.has(record)) {
      changed.set(record, { pk: record.pk, entries: record.entries, bytes: record.bytes, usedDay: record.usedDay })
    }
    if (record.pk === undefined) {
      const { usedDay, first, next } = record
      const made = insert.run(log.id, logKinds.indexOf(log.kind), usedDay, first, ...next)
      record.pk = Number(made.lastInsertRowid)
    }
    return record as WritableRecord
  }

  return {
    find,
    writable,
    remove(log) {
      const record = writable(log)
      floor = Math.max(floor, ...record.next)
      writeNumber(database, 'floor', floor)
      records.delete(log.key)
      pinned.delete(log.key)
      // Its row is another's business from here on, and is not saved.
      removed.set(record, changed.get(record)!)
      changed.delete(record)
    },
    save() {
      for (const record of changed.keys()) {
        update.run(record.usedDay, record.entries, record.bytes, ...record.next, record.pk!)
      }
    },
    saved() {
      changed.clear()
      removed.clear()
    },
    rolledBack() {
      for (const [record, before] of removed) {
        // Whoever put meanwhile has seen higher numbers.
        records.get(record.log.key)?.next.forEach((n, lane) => {
          record.next[lane] = Math.max(n, record.next[lane] ?? 0)
        })
        records.set(record.log.key, record)
        changed.set(record, before)
      }
      removed.clear()
      for (const [record, before] of changed) {
        Object.assign(record, before)
        record.marks.fill(unknownMark)
        pinned.add(record.log.key)
      }
      changed.clear()
    },
  }
}

/** Whoever asks has more about the log at hand, such as the connection that opened it: that must not live as long as the record. */
function nameAlone({ id, key, kind }: LogName): LogName {
  return { id, key, kind }
}
