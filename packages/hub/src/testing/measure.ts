import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { connectTestClient, createTestLog, openLog, putEntries } from './client.ts'
import { random } from '../node-crypto.ts'
import { startNats, startPostgres } from './servers.ts'

/** `npm run benchmark -- shared-hub [entries]`: a hub on PostgreSQL, beside bare inserts into the same server in the same run. */
const total = Number(process.argv[2] ?? 40_000)
const entryBytes = 200
const connections = 32
const perPut = 10
const underWay = 4

const ticksPerSecond = 100

/** Seconds of processor time of a process and its children, as they run now. */
function cpuSeconds(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean)
  return [pid, ...children.map(Number)].reduce((sum, each) => {
    const fields = readFileSync(`/proc/${each}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return sum + (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
  }, 0)
}

type Measured = {
  readonly perSecond: number
  readonly postgresUs: number
  readonly hubUs: number | undefined
  readonly bytes: number
}

const server = await startPostgres()
const nats = await startNats()
const postmaster = server.pid
const rows: string[] = []

async function measure(
  what: string,
  hubPid: number | undefined,
  database: string,
  tables: string,
  run: () => Promise<void>,
): Promise<Measured> {
  const before = [cpuSeconds(postmaster), hubPid === undefined ? 0 : cpuSeconds(hubPid)] as const
  const start = performance.now()
  await run()
  const seconds = (performance.now() - start) / 1000
  const measured = {
    perSecond: total / seconds,
    postgresUs: ((cpuSeconds(postmaster) - before[0]) * 1e6) / total,
    hubUs: hubPid === undefined ? undefined : ((cpuSeconds(hubPid) - before[1]) * 1e6) / total,
    bytes: await sizeOf(database, tables),
  }
  const hub = measured.hubUs === undefined ? '' : Math.round(measured.hubUs)
  rows.push(
    `| ${what} | ${Math.round(measured.perSecond)} | ${Math.round(measured.postgresUs)} | ${hub} | ${Math.round(measured.bytes / total)} |`,
  )
  console.log(rows.at(-1))
  return measured
}

async function sizeOf(database: string, tables: string): Promise<number> {
  const client = new pg.Client(database)
  await client.connect()
  await client.query('VACUUM')
  const { rows: sizes } = await client.query<{ bytes: number }>(
    `SELECT sum(pg_total_relation_size(oid))::float8 AS bytes FROM pg_class WHERE relkind = 'r' AND relname LIKE '${tables}'`,
  )
  await client.end()
  return sizes[0]!.bytes
}

async function measureBare(what: string, count: number, rowsEach: number): Promise<void> {
  const database = await server.createDatabase()
  const pool = new pg.Pool({ connectionString: database, max: count })
  await pool.query('CREATE TABLE bare (n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, bytes bytea NOT NULL)')
  await Promise.all(Array.from({ length: count }, () => pool.query('SELECT 1')))
  const text =
    rowsEach === 1
      ? 'INSERT INTO bare (bytes) VALUES ($1)'
      : `INSERT INTO bare (bytes) SELECT substring($1::bytea, at * ${entryBytes} + 1, ${entryBytes})
          FROM generate_series(0, ${rowsEach - 1}) AS at`
  let left = total
  const work = async () => {
    while (left > 0) {
      left -= rowsEach
      const bytes = Buffer.from(random(entryBytes * rowsEach))
      await pool.query({ name: 'insert', text, values: [bytes] })
    }
  }
  await measure(what, undefined, database, 'bare', () =>
    Promise.all(Array.from({ length: count }, work)).then(() => {}),
  )
  await pool.end()
}

async function measureHub(what: string, logsEach: number): Promise<void> {
  const database = await server.createDatabase()
  const child = fork(new URL('./hub-process.ts', import.meta.url), [
    JSON.stringify({ postgres: database, nats: nats.url }),
  ])
  const [{ url }] = (await once(child, 'message')) as [{ url: string }]
  const clients = await Promise.all(
    Array.from({ length: connections }, async () => {
      const client = await connectTestClient(url)
      const logs = Array.from({ length: logsEach }, () => createTestLog())
      for (const log of logs) await openLog(client, log)
      return { client, logs }
    }),
  )
  let left = total
  await measure(what, child.pid, database, 'hub%', async () => {
    await Promise.all(
      clients.flatMap(({ client, logs }) =>
        Array.from({ length: underWay }, async (_, at) => {
          for (let put = at; left > 0; put += underWay) {
            left -= perPut
            const entries = Array.from({ length: perPut }, () => random(entryBytes))
            const result = await putEntries(client, logs[put % logs.length]!, entries)
            if (result.refused !== undefined) throw new Error(result.refused)
          }
        }),
      ),
    )
  })
  for (const { client } of clients) client.close()
  child.kill('SIGKILL')
  await once(child, 'exit')
}

await measureBare('bare inserts, one a transaction, 32 connections', connections, 1)
await measureBare('bare inserts, 250 a transaction, 4 connections', 4, 250)
await measureHub(`hub, ${connections} clients, a log each, ${perPut} entries a put`, 1)
await measureHub(`hub, ${connections} clients, 50 logs each, ${perPut} entries a put`, 50)
const table = `| | entries/s | PostgreSQL µs an entry | hub µs an entry | bytes on disk an entry |\n|---|---|---|---|---|\n${rows.join('\n')}\n`
writeFileSync(
  join(import.meta.dirname, '../../../../benchmarks/results/shared-hub.md'),
  `# A hub on PostgreSQL\n\n${total} entries of ${entryBytes} bytes; everything on one machine with ${cpus().length} cores, load generator included; \`npm run benchmark -- shared-hub\`.\n\n${table}`,
)
await nats.stop()
await server.stop()
