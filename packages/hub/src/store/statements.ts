import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** What the SQLite store asks of its database. */
export function prepareStatements(database: DatabaseSync) {
  const readStatements = new Map<string, StatementSync>()
  for (const direction of ['after', 'before']) {
    for (const idsOnly of [true, false]) {
      const bytes = idsOnly ? `x'' AS bytes` : 'bytes'
      const range = direction === 'after' ? 'n > ? ORDER BY n' : 'n < ? ORDER BY n DESC'
      const sql = `SELECT n, size, id, outside, ${bytes} FROM entry WHERE log = ? AND lane = ? AND ${range} LIMIT ?`
      readStatements.set(`${direction} ${idsOnly}`, database.prepare(sql))
    }
  }
  // What is to be dropped must be there, and keeps the earlier of two dates.
  const mark = 'INSERT OR IGNORE INTO dropping SELECT log, id, lane, ? FROM entry WHERE log = ? AND id = ?'
  return {
    read: (direction: 'after' | 'before', idsOnly: boolean) => readStatements.get(`${direction} ${idsOnly}`)!,
    find: database.prepare('SELECT n FROM entry WHERE log = ? AND id = ? AND lane = ?'),
    at: database.prepare('SELECT id FROM entry WHERE log = ? AND lane = ? AND n = ?'),
    byId: database.prepare('SELECT n, size, id, outside, bytes FROM entry WHERE log = ? AND id = ? AND lane = ?'),
    insert: database.prepare(
      'INSERT INTO entry (log, lane, n, size, id, outside, bytes) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (log, id, lane) DO NOTHING',
    ),
    place: database.prepare('SELECT size, outside FROM entry WHERE log = ? AND id = ? AND lane = ?'),
    remove: database.prepare('DELETE FROM entry WHERE log = ? AND id = ? AND lane = ?'),
    older: database.prepare('SELECT lane, id FROM entry WHERE log = ? AND lane = ? ORDER BY n DESC LIMIT -1 OFFSET ?'),
    keep: database.prepare('DELETE FROM dropping WHERE log = ? AND id = ? AND lane = ?'),
    age: database.prepare('INSERT OR REPLACE INTO dropping VALUES (?, ?, ?, ?)'),
    trim: database.prepare(mark),
    cover: database.prepare(`${mark} AND lane = 2`),
    outside: database.prepare('SELECT 1 FROM entry WHERE outside = ?'),
    totals: database.prepare(
      'SELECT count(*) AS logs, coalesce(sum(entries), 0) AS entries, coalesce(sum(bytes), 0) AS bytes FROM log WHERE used_day >= 0',
    ),
  }
}
