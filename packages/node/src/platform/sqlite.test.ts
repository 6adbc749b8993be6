import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, fstatSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type ErrorCode, KithError } from '@kith/core/bytes'
import { fdatasyncApart } from './log-flush.ts'
import { openSqlite } from './sqlite.ts'

const isKithError = (code: ErrorCode) => (thrown: unknown) => thrown instanceof KithError && thrown.code === code

const withFolder = async (run: (folder: string) => unknown): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'kith-sqlite-'))
  try {
    await run(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test('a value of every storage class comes back as it went in', () => {
  const database = openSqlite(':memory:')
  database.exec('CREATE TABLE t (a ANY) STRICT')
  const insert = database.prepare('INSERT INTO t VALUES (?)')
  const values = [null, 0, -1.5, 2 ** 53 - 1, 'text\0with a zero', '', new Uint8Array([0, 1, 255])]
  for (const value of values) insert.run(value)
  assert.deepEqual(
    database
      .prepare('SELECT a FROM t')
      .all()
      .map((row) => row.a),
    values,
  )
  database.close()
})

test('a column says its declared type through an alias, a join, a subquery and a CTE', () => {
  const database = openSqlite(':memory:')
  database.exec('CREATE TABLE t (id KITH_ID_BLOB, done KITH_BOOL_INT)')
  const sql =
    'WITH c AS (SELECT done AS d FROM t) SELECT s.x AS id, c.d, count(*) AS n FROM (SELECT id AS x FROM t) s JOIN c ON true'
  assert.deepEqual(database.prepare(sql).columns(), [
    { name: 'id', declaredType: 'KITH_ID_BLOB' },
    { name: 'd', declaredType: 'KITH_BOOL_INT' },
    { name: 'n', declaredType: null },
  ])
})

test('a file commits to a write-ahead log', () =>
  withFolder((folder) => {
    const database = openSqlite(join(folder, 'new', 'kith.db'))
    assert.equal(database.prepare('PRAGMA journal_mode').get()?.journal_mode, 'wal')
    assert.equal(database.prepare('PRAGMA synchronous').get()?.synchronous, 1)
    assert.equal(database.prepare('PRAGMA page_size').get()?.page_size, 8192)
    database.close()
  }))

test('what was flushed is there after a power cut that leaves no byte which was not', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'kith.db')
    let logBytes = 0
    const database = openSqlite(path, async (file) => {
      const { size } = fstatSync(file)
      await fdatasyncApart(file)
      logBytes = size
    })
    database.exec('CREATE TABLE t (n)')
    const insert = database.prepare('INSERT INTO t VALUES (?)')
    for (let n = 0; n < 40; n += 1) {
      insert.run(n)
      const flushed = database.flush?.()
      // Committed while the flush is under way: it may be lost, what was flushed may not.
      insert.run(-1)
      await flushed
      const image = join(folder, `image-${n}.db`)
      copyFileSync(path, image)
      writeFileSync(`${image}-wal`, readFileSync(`${path}-wal`).subarray(0, logBytes))
      const after = openSqlite(image)
      assert.equal(after.prepare('SELECT count(*) AS n FROM t WHERE n >= 0').get()?.n, n + 1)
      after.close()
    }
    database.close()
  }))

test('commits made while a flush is under way share the next one', () =>
  withFolder(async (folder) => {
    const started: PromiseWithResolvers<void>[] = []
    const database = openSqlite(join(folder, 'kith.db'), () => {
      const one = Promise.withResolvers<void>()
      started.push(one)
      return one.promise
    })
    database.exec('CREATE TABLE t (n)')
    const flushes = [database.flush?.(), database.flush?.(), database.flush?.()]
    assert.equal(started.length, 1)
    started[0]?.resolve()
    await flushes[0]
    assert.equal(started.length, 2)
    started[1]?.reject(Object.assign(new Error('says the test'), { code: 'EIO' }))
    for (const flush of flushes.slice(1))
      await assert.rejects(flush ?? Promise.resolve(), isKithError('storage-unavailable'))
    database.close()
  }))

test('a second process is told that the database is busy, and may open it once the first is done', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'kith.db')
    // Held by a global, or the garbage collector would close it.
    const script = `const { openSqlite } = await import(${JSON.stringify(new URL('./sqlite.ts', import.meta.url).href)})
      globalThis.held = openSqlite(${JSON.stringify(path)}); process.stdout.write('open'); setInterval(() => {}, 1000)`
    const other = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(other, 'exit')
    try {
      await Promise.race([once(other.stdout, 'data'), ended])
      assert.throws(() => openSqlite(path), isKithError('storage-busy'))
    } finally {
      other.kill('SIGKILL')
      await ended
    }
    openSqlite(path).close()
  }))

test('a file that is no database is refused and left as it was', () =>
  withFolder((folder) => {
    const path = join(folder, 'kith.db')
    const content = 'this is a letter to my aunt, not a database. '.repeat(500)
    writeFileSync(path, content)
    assert.throws(() => openSqlite(path), isKithError('storage-damaged'))
    assert.equal(readFileSync(path, 'utf8'), content)
  }))

test('a damaged page is reported when it is read', () =>
  withFolder((folder) => {
    const path = join(folder, 'kith.db')
    const database = openSqlite(path)
    database.exec(
      'CREATE TABLE t (n INTEGER PRIMARY KEY, a TEXT); WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 5000) INSERT INTO t SELECT n, hex(randomblob(40)) FROM c',
    )
    database.close()
    const bytes = readFileSync(path)
    bytes.fill(0xa5, 3 * 8192, 20 * 8192)
    writeFileSync(path, bytes)
    const damaged = openSqlite(path)
    assert.throws(() => damaged.prepare('SELECT sum(length(a)) FROM t').all(), isKithError('storage-damaged'))
    damaged.close()
  }))

test('a full disk is reported, the transaction is undone and what was committed stays', () =>
  withFolder((folder) => {
    const database = openSqlite(join(folder, 'kith.db'))
    database.exec("CREATE TABLE t (a BLOB); INSERT INTO t VALUES ('kept')")
    // SQLite reports the same code as for a disk without space.
    database.exec('PRAGMA max_page_count = 8')
    const insert = database.prepare('INSERT INTO t VALUES (zeroblob(100000))')
    assert.throws(() => insert.run(), isKithError('storage-full'))
    assert.deepEqual(
      database
        .prepare('SELECT a FROM t')
        .all()
        .map((row) => row.a),
      ['kept'],
    )
    database.close()
  }))

test('a path that cannot be is reported as such', () =>
  withFolder((folder) => {
    writeFileSync(join(folder, 'file'), '')
    assert.throws(() => openSqlite(join(folder, 'file', 'kith.db')), isKithError('storage-unavailable'))
    assert.throws(() => openSqlite(folder), isKithError('storage-unavailable'))
  }))

test('a number past 2^53 and a closed database are typed errors', () => {
  const database = openSqlite(':memory:')
  assert.throws(() => database.prepare('SELECT 9007199254740993 AS n').get(), isKithError('bad-value'))
  const statement = database.prepare('SELECT 1')
  database.close()
  database.close()
  assert.throws(() => database.exec('SELECT 1'), isKithError('closed'))
  assert.throws(() => statement.get(), isKithError('closed'))
})
