import { DatabaseSync } from 'node:sqlite'
import { rmSync, statSync } from 'node:fs'
import { createRecords } from './records.ts'

export type Yardstick = { readonly recordsPerSecond: number; readonly bytesPerRecord: number }

/**
 * Bare `node:sqlite` on the same records: the ids that Kith gave, in the same order, as TEXT primary key, the same
 * secondary index, `synchronous = FULL`, 1,000 a transaction, one insert a record. `rowid`: without the ids.
 */
export const measureSqlite = (
  file: string,
  ids: readonly string[] | undefined,
  count: number,
  isIndexed: boolean,
): Yardstick => {
  const records = createRecords(count)
  for (const end of ['', '-wal', '-shm']) rmSync(file + end, { force: true })
  const database = new DatabaseSync(file)
  database.exec('PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  database.exec(
    `CREATE TABLE records (${ids ? 'id TEXT PRIMARY KEY, ' : ''}title TEXT, note TEXT, done INTEGER, points INTEGER, due INTEGER)`,
  )
  if (isIndexed) database.exec('CREATE INDEX records_points ON records (points)')
  const insert = database.prepare(`INSERT INTO records VALUES (${ids ? '?, ' : ''}?, ?, ?, ?, ?)`)
  const start = performance.now()
  for (let from = 0; from < count; from += 1000) {
    database.exec('BEGIN')
    for (let index = from; index < from + 1000; index += 1) {
      const { title, note, done, points, due } = records[index] as (typeof records)[number]
      if (ids) insert.run(ids[index] as string, title, note, done ? 1 : 0, points, due.getTime())
      else insert.run(title, note, done ? 1 : 0, points, due.getTime())
    }
    database.exec('COMMIT')
  }
  const seconds = (performance.now() - start) / 1000
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
  return { recordsPerSecond: count / seconds, bytesPerRecord: statSync(file).size / count }
}
