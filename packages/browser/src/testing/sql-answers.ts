/** What a `SqlDatabase` answers to a list of questions: two adapters must answer alike. Plain data, to be compared. */
import { KithError } from '@kith/core/bytes'
import type { SqlDatabase, SqlValue } from '@kith/core/ports'

const values: readonly SqlValue[] = [
  null,
  0,
  -1,
  2 ** 53 - 1,
  1.5,
  -0.0,
  Number.POSITIVE_INFINITY,
  2n ** 62n,
  '',
  'plain',
  'zero \u0000 inside',
  '\ufeffmark',
  '\u00fc\u20ac\u{1f600}',
  'long '.repeat(30_000),
  new Uint8Array(0),
  Uint8Array.of(0, 1, 255),
  new Uint8Array(200_000).fill(7),
]

export const sqlAnswers = (open: () => SqlDatabase): unknown[] => {
  let database = open()
  database.exec(`DROP TABLE IF EXISTS t;
    CREATE TABLE t (id KITH_ID_BLOB PRIMARY KEY, a TEXT, n INTEGER, r REAL, x) WITHOUT ROWID`)
  const answers: unknown[] = []
  const ask = (run: () => unknown): void => {
    try {
      answers.push(run())
    } catch (error) {
      answers.push(error instanceof KithError ? error.code : 'another error')
    }
  }
  const echo = database.prepare('SELECT typeof(?1) AS type, length(?1) AS length, ?1 AS value')
  for (const value of values) {
    ask(() => echo.get(value))
    ask(() =>
      database
        .prepare('INSERT INTO t VALUES (?, ?, ?, ?, ?)')
        .run(Uint8Array.of(answers.length), 'a', value, value, value),
    )
  }
  ask(() => database.prepare('SELECT * FROM t ORDER BY id').all())
  ask(() => database.prepare('SELECT id FROM t WHERE n IS NULL').get())
  ask(() => database.prepare('SELECT id FROM t WHERE 0').get() ?? 'nothing')
  ask(() =>
    database.prepare('SELECT id, t.a AS b, n + 1, (SELECT u.id FROM t u) FROM t JOIN (SELECT r FROM t) AS s').columns(),
  )
  ask(() => database.prepare('INSERT INTO t (id) VALUES (?) RETURNING id, n').get(Uint8Array.of(200)))
  ask(() => database.prepare('INSERT INTO t (id) VALUES (?)').run(Uint8Array.of(200)))
  ask(() => database.prepare('SELEC').all())
  ask(() => database.prepare('SELECT ?').all(1, 2))
  ask(() => database.prepare('SELECT 9007199254740993 AS n').get())
  // A statement that is prepared again by itself shows the column that came.
  const star = database.prepare('SELECT * FROM t LIMIT 1')
  ask(() => Object.keys(star.get() ?? {}))
  database.exec('ALTER TABLE t ADD COLUMN later TEXT')
  ask(() => Object.keys(star.get() ?? {}))
  // A failed statement can be run again, and leaves no value behind.
  const add = database.prepare('INSERT INTO t (id, a) VALUES (?, ?)')
  ask(() => add.run(Uint8Array.of(201), 'kept'))
  ask(() => add.run(Uint8Array.of(201), 'twice'))
  ask(() => add.run(Uint8Array.of(202)))
  ask(() => database.prepare('SELECT a FROM t WHERE id > ? ORDER BY id').all(Uint8Array.of(200)))
  database.exec('BEGIN; DELETE FROM t; ROLLBACK')
  ask(() => database.prepare('SELECT count(*) AS n FROM t').get())
  database.exec("CREATE VIRTUAL TABLE IF NOT EXISTS f USING fts5(words); INSERT INTO f VALUES ('the quick brown fox')")
  ask(() => database.prepare("SELECT count(*) > 0 AS found FROM f WHERE f MATCH 'quick'").get())
  database.close()
  ask(() => database.exec('SELECT 1'))
  ask(() => star.all())
  database = open()
  ask(() => database.prepare('SELECT count(*) AS n FROM t').get())
  for (const pragma of ['journal_mode', 'locking_mode', 'trusted_schema'])
    ask(() => database.prepare(`PRAGMA ${pragma}`).get())
  database.close()
  return answers
}
