import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openSqlite } from '../../../node/src/platform/sqlite.ts'
import { layoutVersion, prepareLayout } from './layout.ts'

test('a database of the first layout is brought up to this one: content is read again, membership is not', () => {
  const database = openSqlite(':memory:')
  prepareLayout(database)
  // As the first version left it: without what packs need, and with cursors.
  database.exec(
    `DROP TABLE unread; DROP TABLE covered; DROP TABLE tail; DROP TABLE packed; UPDATE meta SET value = 1 WHERE name = 'layout'`,
  )
  for (const lane of [-1, 0, 1, 2])
    database
      .prepare('INSERT INTO cursor VALUES (1, ?, ?, ?, 7, ?)')
      .run(new Uint8Array(32), lane, new Uint8Array(16), new Uint8Array(32))
  prepareLayout(database)
  const lanes = database
    .prepare('SELECT lane FROM cursor ORDER BY lane')
    .all()
    .map(({ lane }) => lane)
  assert.deepEqual(lanes, [-1, 0])
  for (const table of ['unread', 'covered', 'tail', 'packed'])
    assert.equal(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n, 0)
  assert.equal(database.prepare("SELECT value FROM meta WHERE name = 'layout'").get()?.value, layoutVersion)
  // Once is enough.
  prepareLayout(database)
  database.close()
})
