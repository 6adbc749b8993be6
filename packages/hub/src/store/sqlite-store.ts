/**
 * The default store: one SQLite file, written in groups (`group-commit.ts`), one writer process; large entries beside it
 * (`large-entries.ts`); what goes by itself in `expiry.ts`.
 */
import type { DatabaseSync } from 'node:sqlite'
import { idToMark, type Lane, type NumberedEntry } from '@kith/core/wire'
import { loadDays } from './days.ts'
import {
  type EntryStore,
  goesByAge,
  isPaidFor,
  type LogName,
  type NewEntry,
  type Placed,
  StoreFailure,
} from './entry-store.ts'
import { createExpiry } from './expiry.ts'
import { fill } from './fill.ts'
import { createGroupCommit, failing, type GroupEvents, toStoreFailure } from './group-commit.ts'
import type { StoreOptions } from './hub-storage.ts'
import { type LargeEntries, largeEntryBytesMin } from './large-entries.ts'
import type { LogFlush } from './log-flush.ts'
import { createLogRecords, goneMark, type LogRecord, unknownMark, type WritableRecord } from './log-records.ts'
import { createOutside } from './outside.ts'
import { checkRoom, type Held, hasRoom } from './room.ts'
import { createSqliteAccess } from './sqlite-access.ts'
import { noteFarEntries, readOwner, startGeneration } from './sqlite-meta.ts'
import { checkpointing, unflushed } from './sqlite-open.ts'
import { logStanding, spanOf, type StandingWish } from './standing.ts'
import { prepareStatements } from './statements.ts'

export type SqliteStoreOptions = StoreOptions & {
  /** Where large entries go; undefined: into the database. */
  readonly largeEntries?: LargeEntries | undefined
  /** Opens what flushes the log of changes; undefined: each commit does. */
  readonly openLog?: (() => LogFlush) | undefined
}

const noBytes = new Uint8Array(0)
const nothing: Held = { entries: 0, bytes: 0 }

type EntryRow = { n: number; size: number; id: Uint8Array; outside: Uint8Array | null; bytes: Uint8Array }
type Placement = { size: number; outside: Uint8Array | null }
type Sums = { logs: number; entries: number; bytes: number }

export function createSqliteStore(database: DatabaseSync, options: SqliteStoreOptions): EntryStore {
  const days = loadDays(database, options.wallDay)
  const { generation, isClean } = startGeneration(database, options.random)
  const records = createLogRecords(database, days.today)
  const statements = prepareStatements(database)
  const outside = createOutside(
    options.largeEntries,
    options.random,
    (name) => statements.outside.get(name) !== undefined,
  )
  /** A group failed, so that numbers which followers have seen are missing: the next start is a new generation. */
  let lost = false
  /** The last snapshot; the file must not change before it is done. */
  let copying: Promise<void> = Promise.resolve()
  /** Sums over all logs, once they were asked for; and what the open group does to them. */
  let sums: Sums | undefined
  let added: Sums = { logs: 0, entries: 0, bytes: 0 }
  // Not before: the mark that this run is under way is on the disk, and the log of changes is there.
  const changes = options.openLog?.()
  if (changes !== undefined) database.exec(unflushed)
  const events: GroupEvents = {
    beforeCommit: records.save,
    committed() {
      records.saved()
      outside.committed()
      if (sums !== undefined) count(sums, added)
      added = { logs: 0, entries: 0, bytes: 0 }
    },
    rolledBack(failure) {
      lost = true
      records.rolledBack()
      outside.rolledBack()
      added = { logs: 0, entries: 0, bytes: 0 }
      options.failed(failure)
    },
    unsure(failure) {
      lost = true
      options.failed(failure)
    },
  }
  const group = createGroupCommit(database, options.soon, events, changes)
  const access = createSqliteAccess(database, group.write, (log) => writable(log).pk)
  const expiry = createExpiry(database, records, {
    removeOne,
    removeOutside: outside.removed,
    countLog: ({ entries, bytes }) => count(added, { logs: -1, entries: -entries, bytes: -bytes }),
    forgetRoom: access.forgetRoom,
    random: options.random,
  })
  options.largeEntries?.begin?.(readOwner(database, () => group.write(() => noteFarEntries(database))))
  // What a crash left beside the database, written and never committed, or dropped and still there.
  if (!isClean && !outside.isFar) outside.sweep()

  function writable(log: LogName): WritableRecord {
    const isNew = records.find(log)?.pk === undefined
    const record = records.writable(log)
    if (isNew) added.logs += 1
    record.usedDay = days.today()
    return record
  }

  function place(record: WritableRecord, lane: Lane, { id, bytes }: NewEntry, name: Uint8Array | undefined): Placed {
    const ages = goesByAge(record.log.kind)
    const n = record.next[lane]
    const held = name === undefined ? bytes : noBytes
    const { changes } = statements.insert.run(record.pk, lane, n, bytes.length, id, name ?? null, held)
    if (changes === 0) {
      const found = statements.find.get(record.pk, id, lane) as { n: number }
      // Letters go at their time, however often they are put.
      if (!ages) statements.keep.run(record.pk, id, lane)
      return { n: found.n, isNew: false }
    }
    record.next[lane] += 1
    record.marks[lane] = idToMark(id)
    record.entries += 1
    record.bytes += bytes.length
    count(added, { logs: 0, entries: 1, bytes: bytes.length })
    if (name !== undefined) outside.added(name)
    if (ages) statements.age.run(record.pk, id, lane, dueIn(options.letterDays))
    return { n, isNew: true }
  }

  /** Days are counted whole, so that nothing goes sooner than it should. */
  function dueIn(count: number): number {
    return days.today() + count + 1
  }

  function checkQuota(
    record: LogRecord | undefined,
    { kind }: LogName,
    lane: Lane,
    entries: readonly NewEntry[],
  ): void {
    const held = record ?? nothing
    if (hasRoom(kind, held, entries, options) && !(options.wantsTokens && isPaidFor(kind))) return
    // Putting again must always be possible. Looked up only where it matters.
    const pk = record?.pk
    const fresh = entries.filter(({ id }) => pk === undefined || statements.find.get(pk, id, lane) === undefined)
    checkRoom(kind, held, fresh, options, pk === undefined ? 0 : access.room(pk))
  }

  function removeOne(record: WritableRecord, lane: number, id: Uint8Array): void {
    const found = statements.place.get(record.pk, id, lane) as Placement | undefined
    if (found !== undefined) {
      record.entries -= 1
      record.bytes -= found.size
      record.marks[lane as Lane] = unknownMark
      count(added, { logs: 0, entries: -1, bytes: -found.size })
      if (found.outside !== null) outside.removed(found.outside)
      statements.remove.run(record.pk, id, lane)
    }
    statements.keep.run(record.pk, id, lane)
  }

  /** A location is its last few records. */
  function dropOlder(record: WritableRecord, lane: Lane): void {
    const rows = statements.older.all(record.pk, lane, options.locationEntriesMax) as { lane: Lane; id: Uint8Array }[]
    for (const row of rows) removeOne(record, row.lane, row.id)
  }

  function standing({ log, cursors }: StandingWish) {
    const record = records.find(log)
    return logStanding(cursors, record, ({ lane }) => newestMark(record, lane))
  }

  /** Looked up once: most who come back have the newest entry. */
  function newestMark(record: LogRecord | undefined, lane: Lane): number | undefined {
    if (record?.pk === undefined || record.next[lane] === record.first) return undefined
    if (record.marks[lane] === unknownMark) {
      const row = statements.at.get(record.pk, lane, record.next[lane] - 1) as { id: Uint8Array } | undefined
      record.marks[lane] = row === undefined ? goneMark : idToMark(row.id)
    }
    return record.marks[lane] === goneMark ? undefined : record.marks[lane]
  }

  /** Those whose bytes lie outside with their bytes; without those that were dropped meanwhile. */
  function withBytes(log: LogName, lane: Lane, rows: readonly EntryRow[], idsOnly: boolean) {
    return fill(rows, async ({ n, id, size, bytes, outside: name }): Promise<NumberedEntry | undefined> => {
      if (idsOnly || name === null) return { n, id, bytes: idsOnly ? noBytes : bytes }
      const found = await outside.get(name)
      if (found?.length === size) return { n, id, bytes: found }
      await noteLoss(log, lane, id)
      return undefined
    })
  }

  /** A file that should be there is not: the entry is forgotten, so that whoever has it can put it again. */
  async function noteLoss(log: LogName, lane: Lane, id: Uint8Array): Promise<void> {
    const record = records.find(log)
    if (record?.pk === undefined || statements.find.get(record.pk, id, lane) === undefined) return
    lost = true
    options.failed(new StoreFailure('damaged'))
    await group.write(() => removeOne(records.writable(log), lane, id))
  }

  return {
    generation,
    access,

    async append(log, lane, entries, covers) {
      const known = records.find(log)?.pk
      const isThere = (id: Uint8Array) => known !== undefined && statements.find.get(known, id, lane) !== undefined
      const isLarge = (bytes: Uint8Array) => outside.isOn && bytes.length >= largeEntryBytesMin
      const large = entries.map(({ id, bytes }) => isLarge(bytes) && !isThere(id))
      if (large.includes(true)) checkQuota(records.find(log), log, lane, entries)
      const names = await outside.putAll(entries.map(({ bytes }, at) => (large[at] ? bytes : undefined)))
      const placed: Placed[] = []
      try {
        const durable = group.write(() => {
          checkQuota(records.find(log), log, lane, entries)
          const record = writable(log)
          entries.forEach((entry, at) => placed.push(place(record, lane, entry, names[at])))
          for (const id of covers) statements.cover.run(dueIn(options.trimDays), record.pk, id)
          if (log.kind === 'location') dropOlder(record, lane)
        })
        outside.drop(names.filter((_, at) => placed[at]?.isNew === false))
        return { placed: Promise.resolve(placed), durable }
      } catch (cause) {
        outside.drop(names)
        throw cause
      }
    },

    async read(log, lane, wish) {
      const pk = records.find(log)?.pk
      if (pk === undefined) return { entries: [], end: true }
      const { rows, end } = failing(() => {
        const statement = statements.read(wish.direction, wish.idsOnly)
        const from = wish.direction === 'before' && wish.n === 0 ? Number.MAX_SAFE_INTEGER : wish.n
        const rows: EntryRow[] = []
        let bytes = 0
        // One row more than wished tells whether the end was reached.
        for (const row of statement.iterate(pk, lane, from, wish.entriesMax + 1) as Iterable<EntryRow>) {
          const size = wish.idsOnly ? 0 : row.size
          const isFull = rows.length > 0 && bytes + size > wish.bytesMax
          if (isFull || rows.length === wish.entriesMax) return { rows, end: false }
          rows.push(row)
          bytes += size + 40
        }
        return { rows, end: true }
      })
      const { entries, isCut } = await withBytes(log, lane, rows, wish.idsOnly)
      return { entries, end: end && !isCut }
    },

    async readIds(log, lane, ids, idsOnly) {
      const pk = records.find(log)?.pk
      if (pk === undefined) return []
      const rows = failing(() => ids.flatMap((id) => (statements.byId.get(pk, id, lane) as EntryRow | undefined) ?? []))
      const { entries, isCut } = await withBytes(log, lane, rows, idsOnly)
      if (isCut) throw new StoreFailure('away')
      return entries
    },

    async span(log, lane) {
      return failing(() => spanOf(records.find(log), lane))
    },

    async standings(wishes) {
      return failing(() => wishes.map(standing))
    },

    async trim(log, ids) {
      if (records.find(log) === undefined) return
      await group.write(() => {
        const record = writable(log)
        for (const id of ids) statements.trim.run(dueIn(options.trimDays), record.pk, id)
      })
    },

    async drop(log, lane, ids) {
      if (records.find(log) === undefined) return
      await group.write(() => {
        const record = records.writable(log)
        for (const id of ids) removeOne(record, lane, id)
      })
    },

    async tick(wallDay) {
      if (days.tick(wallDay)) await group.write(days.save)
    },

    async expire(entriesMax) {
      const today = days.today()
      let expired = { entries: 0, logs: 0, isDone: true }
      await group.write(() => {
        expired = expiry.dropPiece(today, today - options.leaseDays, entriesMax)
      })
      return expired
    },

    async tend() {
      outside.tend(days.today())
    },

    isLargeAway: outside.isAway,

    async snapshot(copy) {
      const before = copying
      const copied = (async () => {
        await before
        group.flush()
        // Everything into the file; from then on writes stay in the log of changes beside it.
        database.exec('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA wal_autocheckpoint = 0')
        try {
          await copy()
        } finally {
          database.exec(checkpointing)
        }
      })()
      copying = copied.catch(() => {})
      await copied
    },

    async scrub() {
      await copying
      failing(() => {
        group.flush()
        // The log of changes still holds what was there before: it is emptied into the file, where zeros lie now.
        database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      })
      await outside.settled()
    },

    async touch(logs) {
      const today = days.today()
      const due = logs.filter((log) => (records.find(log)?.usedDay ?? today) < today)
      if (due.length > 0)
        await group.write(() => {
          for (const log of due) writable(log)
        })
    },

    async has(log) {
      return failing(() => {
        group.check()
        return records.find(log) !== undefined
      })
    },

    async totals() {
      return failing(() => {
        group.check()
        group.flush()
        sums ??= { ...(statements.totals.get() as Sums) }
        return { ...sums }
      })
    },

    async settled() {
      group.flush()
      await group.settled()
    },

    async close() {
      await copying
      try {
        await group.close()
        await changes?.close()
        await outside.close()
        if (!lost) database.exec(`INSERT OR REPLACE INTO meta VALUES ('clean', x'01')`)
        database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      } catch (cause) {
        // On a full disk the mark fails, and the next start is a new generation: safe, only slower for clients.
        toStoreFailure(cause)
      } finally {
        database.close()
      }
    },
  }
}

function count(sums: Sums, more: Sums): void {
  sums.logs += more.logs
  sums.entries += more.entries
  sums.bytes += more.bytes
}
