import assert from 'node:assert/strict'
import { after, test, type TestContext } from 'node:test'
import { startPostgres } from '../testing/servers.ts'
import { isWorthAnotherTry } from './postgres-failure.ts'
import { connect, type Sql } from './postgres-pool.ts'

const server = await startPostgres({ fsync: 'off' })
after(() => server.stop())

async function open(context: TestContext) {
  const sql = await connect(await server.createDatabase())
  context.after(() => sql.end({ timeout: 1 }))
  await sql`CREATE TABLE kept (n bigint PRIMARY KEY, bytes bytea)`
  const count = async () => (await sql<{ count: number }[]>`SELECT count(*) FROM kept`)[0]!.count
  return { sql, count }
}

const pidOf = async (sql: Sql) => (await sql<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`)[0]!.pid

test('rows come with JavaScript’s numbers and bytes, and how many were touched', async (context) => {
  const { sql } = await open(context)
  const bytes = Buffer.from([0, 255])
  assert.equal((await sql`INSERT INTO kept VALUES (${Number.MAX_SAFE_INTEGER}, ${bytes}), (1, NULL)`).count, 2)
  const rows = await sql<{ n: number; bytes: Buffer | null }[]>`SELECT n, bytes FROM kept ORDER BY n`
  assert.deepEqual(
    [...rows],
    [
      { n: 1, bytes: null },
      { n: Number.MAX_SAFE_INTEGER, bytes },
    ],
  )
})

test('what fails within a transaction leaves nothing of it, and the connection is used again', async (context) => {
  const { sql, count } = await open(context)
  const twice = sql.begin((inside) =>
    Promise.all([inside`INSERT INTO kept VALUES (1)`, inside`INSERT INTO kept VALUES (1)`, inside`SELECT 1`]),
  )
  await assert.rejects(twice, { code: '23505' })
  const mistake = sql.begin(async (inside) => {
    await inside`INSERT INTO kept VALUES (1)`
    throw new Error('of ours')
  })
  await assert.rejects(mistake, { message: 'of ours' })
  assert.equal(await count(), 0)
  assert.equal(await sql.begin(async (inside) => (await inside`INSERT INTO kept VALUES (1)`).count), 1)
  assert.equal(await count(), 1)
})

test('a connection that the server cuts, at work or between two statements, is another try and nothing else', async (context) => {
  const { sql, count } = await open(context)
  const cut = (pid: number) => sql`SELECT pg_terminate_backend(${pid})`
  const atWork = sql.begin(async (inside) => {
    await inside`INSERT INTO kept VALUES (1)`
    const pid = await pidOf(inside)
    await Promise.all([inside`SELECT pg_sleep(60)`, cut(pid)])
  })
  await assert.rejects(atWork, isWorthAnotherTry)
  const between = sql.begin(async (inside) => {
    await inside`INSERT INTO kept VALUES (1)`
    await cut(await pidOf(inside))
    await inside`INSERT INTO kept VALUES (2)`
  })
  await assert.rejects(between, isWorthAnotherTry)
  assert.equal(await count(), 0)
})

test('ending does not wait for ever for a statement that does', async (context) => {
  const { sql } = await open(context)
  const endless = assert.rejects(sql`SELECT pg_sleep(60)`, isWorthAnotherTry)
  await sql`SELECT 1`
  await sql.end({ timeout: 0 })
  await endless
})
