/** The default store: one SQLite file, written in groups (`group-commit.ts`), one writer process. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type Lane, logKinds, type NumberedEntry } from '@kith/core/wire'
import { type Appended, type EntryStore, type NewEntry, type Placed, StoreFailure } from './entry-store.ts'
import { createGroupCommit, toStoreFailure } from './group-commit.ts'
import { createLogRecords, type WritableRecord } from './log-records.ts'
import { startGeneration } from './sqlite-meta.ts'

export type SqliteStoreOptions = {
  readonly logBytesMax: number
  readonly logEntriesMax: number
  readonly mailboxBytesMax: number
  readonly mailboxEntriesMax: number
  readonly random: (length: number) => Uint8Array
  /** Commits a group when the work already queued has had its turn. */
  readonly soon: (run: () => void) => void
  /** Told of each failed group. */
  readonly failed: (failure: StoreFailure) => void
}

const noBytes = new Uint8Array(0)

type EntryRow = { n: number; id: Uint8Array; bytes: Uint8Array }

export function createSqliteStore(database: DatabaseSync, options: SqliteStoreOptions): EntryStore {
  const generation = startGeneration(database, options.random)
  const records = createLogRecords(database)
  const statements = prepareStatements(database)
  /** A group failed, so that numbers which followers have seen are missing: the next start is a new generation. */
  let lost = false
  const group = createGroupCommit(database, options.soon, {
    beforeCommit: records.save,
    committed: records.saved,
    rolledBack(failure) {
      lost = true
      records.rolledBack()
      options.failed(failure)
    },
  })

  function place(record: WritableRecord, lane: Lane, id: Uint8Array, bytes: Uint8Array): Placed {
    const found = statements.find.get(record.pk, id, lane) as { n: number } | undefined
    if (found !== undefined) {
      statements.keep.run(record.pk, id, lane)
      return { n: found.n, isNew: false }
    }
    const n = record.next[lane]
    record.next[lane] += 1
    record.entries += 1
    record.bytes += bytes.length
    statements.insert.run(record.pk, lane, n, id, bytes)
    return { n, isNew: true }
  }

  function checkQuota(record: WritableRecord, lane: Lane, entries: readonly NewEntry[]): void {
    if (hasRoom(record, entries)) return
    // What is there already takes no room: putting again must always be possible. Looked up only where it matters.
    if (
      !hasRoom(
        record,
        entries.filter(({ id }) => statements.find.get(record.pk, id, lane) === undefined),
      )
    ) {
      throw new StoreFailure('quota')
    }
  }

  function hasRoom(record: WritableRecord, entries: readonly NewEntry[]): boolean {
    const bytes = entries.reduce((sum, entry) => sum + entry.bytes.length, record.bytes)
    const isMailbox = record.log.kind === 'mailbox'
    const bytesMax = isMailbox ? Math.min(options.logBytesMax, options.mailboxBytesMax) : options.logBytesMax
    const entriesMax = isMailbox ? Math.min(options.logEntriesMax, options.mailboxEntriesMax) : options.logEntriesMax
    return bytes <= bytesMax && record.entries + entries.length <= entriesMax
  }

  function dropOne(row: { log: number; id: Uint8Array; lane: number; log_id: Uint8Array; kind: number }): void {
    const log = {
      id: row.log_id,
      key: Buffer.from(row.log_id).toString('hex'),
      kind: logKinds[row.kind] ?? 'space',
    } as const
    removeOne(records.writable(log), row.lane, row.id)
  }

  function removeOne(record: WritableRecord, lane: number, id: Uint8Array): void {
    const size = statements.size.get(record.pk, id, lane) as { size: number } | undefined
    if (size !== undefined) {
      record.entries -= 1
      record.bytes -= size.size
      statements.remove.run(record.pk, id, lane)
    }
    statements.keep.run(record.pk, id, lane)
  }

  return {
    generation,

    async append(log, lane, entries, covers, dropMs): Promise<Appended> {
      const placed: Placed[] = []
      const durable = group.write(() => {
        const record = records.writable(log)
        checkQuota(record, lane, entries)
        for (const entry of entries) placed.push(place(record, lane, entry.id, entry.bytes))
        for (const id of covers) statements.cover.run(dropMs, record.pk, id)
      })
      return { placed, durable }
    },

    async read(log, lane, wish) {
      const pk = records.find(log)?.pk
      if (pk === undefined) return { entries: [], end: true }
      return failing(() => {
        const statement = statements.read(wish.direction, wish.idsOnly)
        const from = wish.direction === 'before' && wish.n === 0 ? Number.MAX_SAFE_INTEGER : wish.n
        const entries: NumberedEntry[] = []
        let bytes = 0
        // One row more than wished tells whether the end was reached.
        for (const row of statement.iterate(pk, lane, from, wish.entriesMax + 1) as Iterable<EntryRow>) {
          const isFull = entries.length > 0 && bytes + row.bytes.length > wish.bytesMax
          if (isFull || entries.length === wish.entriesMax) return { entries, end: false }
          entries.push({ n: row.n, id: row.id, bytes: row.bytes })
          bytes += row.bytes.length + 40
        }
        return { entries, end: true }
      })
    },

    async readIds(log, lane, ids, idsOnly) {
      const pk = records.find(log)?.pk
      if (pk === undefined) return []
      return failing(() => {
        const entries: NumberedEntry[] = []
        for (const id of ids) {
          const row = statements.byId.get(pk, id, lane) as EntryRow | undefined
          if (row !== undefined) entries.push({ n: row.n, id: row.id, bytes: idsOnly ? noBytes : row.bytes })
        }
        return entries
      })
    },

    async newest(log, lane) {
      return failing(() => (records.find(log)?.next[lane] ?? 1) - 1)
    },

    async trim(log, ids, dropMs) {
      if (records.find(log) === undefined) return
      await group.write(() => {
        const record = records.writable(log)
        for (const id of ids) statements.trim.run(dropMs, record.pk, id)
      })
    },

    async drop(log, lane, ids) {
      if (records.find(log) === undefined) return
      await group.write(() => {
        const record = records.writable(log)
        for (const id of ids) removeOne(record, lane, id)
      })
    },

    async dropDue(nowMs, entriesMax) {
      const due = failing(() => statements.due.all(nowMs, entriesMax)) as Parameters<typeof dropOne>[0][]
      if (due.length > 0) await group.write(() => due.forEach(dropOne))
      return due.length
    },

    async touch(log, dayNumber) {
      const record = records.find(log)
      if (record === undefined || record.usedDay >= dayNumber) return
      await group.write(() => {
        records.writable(log).usedDay = dayNumber
      })
    },

    async totals() {
      return failing(() => {
        group.flush()
        const row = statements.totals.get() as { logs: number; entries: number; bytes: number }
        return { logs: row.logs, entries: row.entries, bytes: row.bytes }
      })
    },

    async close() {
      group.flush()
      try {
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

function failing<Result>(run: () => Result): Result {
  try {
    return run()
  } catch (cause) {
    throw toStoreFailure(cause)
  }
}

function prepareStatements(database: DatabaseSync) {
  const readStatements = new Map<string, StatementSync>()
  for (const direction of ['after', 'before']) {
    for (const idsOnly of [true, false]) {
      const bytes = idsOnly ? `x'' AS bytes` : 'bytes'
      const range = direction === 'after' ? 'n > ? ORDER BY n' : 'n < ? ORDER BY n DESC'
      const sql = `SELECT n, id, ${bytes} FROM entry WHERE log = ? AND lane = ? AND ${range} LIMIT ?`
      readStatements.set(`${direction} ${idsOnly}`, database.prepare(sql))
    }
  }
  // What is to be dropped must be there, and keeps the earlier of two dates.
  const mark = 'INSERT OR IGNORE INTO dropping SELECT log, id, lane, ? FROM entry WHERE log = ? AND id = ?'
  return {
    read: (direction: 'after' | 'before', idsOnly: boolean) => readStatements.get(`${direction} ${idsOnly}`)!,
    find: database.prepare('SELECT n FROM entry WHERE log = ? AND id = ? AND lane = ?'),
    byId: database.prepare('SELECT n, id, bytes FROM entry WHERE log = ? AND id = ? AND lane = ?'),
    insert: database.prepare('INSERT INTO entry (log, lane, n, id, bytes) VALUES (?, ?, ?, ?, ?)'),
    size: database.prepare('SELECT length(bytes) AS size FROM entry WHERE log = ? AND id = ? AND lane = ?'),
    remove: database.prepare('DELETE FROM entry WHERE log = ? AND id = ? AND lane = ?'),
    keep: database.prepare('DELETE FROM dropping WHERE log = ? AND id = ? AND lane = ?'),
    trim: database.prepare(mark),
    cover: database.prepare(`${mark} AND lane = 2`),
    due: database.prepare(
      `SELECT d.log, d.id, d.lane, l.id AS log_id, l.kind FROM dropping d JOIN log l ON l.pk = d.log WHERE d.due_ms <= ? ORDER BY d.due_ms LIMIT ?`,
    ),
    totals: database.prepare(
      'SELECT count(*) AS logs, coalesce(sum(entries), 0) AS entries, coalesce(sum(bytes), 0) AS bytes FROM log',
    ),
  }
}
