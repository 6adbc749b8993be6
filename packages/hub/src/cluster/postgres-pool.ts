/** The connections of one process to PostgreSQL. */
import { Socket } from 'node:net'
import { KithError } from '@kith/core/bytes'
import type { Pool, PoolClient } from 'pg'
import createStatement, { type RawValue } from 'sql-template-tag'

/**
 * One statement, as a template whose values travel apart from it: `sql<Row[]>` gives its rows, whose numbers are JavaScript's, and how many rows
 * it gave or touched. Statements of one transaction are sent one behind another, without waiting for what they give. A piece of a statement is
 * one of `sql-template-tag`.
 */
export type Sql = <Rows extends readonly unknown[] = readonly unknown[]>(
  strings: readonly string[],
  ...values: readonly RawValue[]
) => Promise<Rows & { readonly count: number }>

export type Postgres = Sql & {
  /** Commits what `run` did, or nothing of it where that fails. */
  readonly begin: <Result>(run: (sql: Sql) => Promise<Result>) => Promise<Result>
  /** Ends all connections, those that are busy after so many seconds. */
  readonly end: (options: { readonly timeout: number }) => Promise<void>
}

/** Reads and writes of one process at a time. PostgreSQL allows 100 connections unless told otherwise: eight processes. */
export const writersMax = 4
const connectionsMax = writersMax + 6

const connectMs = 10_000

/** @throws KithError `bad-value` for what is no address of a PostgreSQL. Connects with the first question. */
export async function connect(url: string): Promise<Postgres> {
  if (!/^postgres(ql)?:\/\/[^\s]+$/.test(url) || !URL.canParse(url))
    throw new KithError('bad-value', 'The database is given as postgres://user:password@host:port/database.')
  // Loaded only by a hub that is asked to use it.
  const { default: pg } = await import('pg')
  const types = new pg.TypeOverrides()
  // None of the hub's is beyond 2^53.
  types.setTypeParser(pg.types.builtins.INT8, Number)
  const sockets = new Set<Socket>()
  const pool = new pg.Pool({
    connectionString: url,
    max: connectionsMax,
    connectionTimeoutMillis: connectMs,
    idleTimeoutMillis: 0,
    keepAlive: true,
    pipeline: true,
    stream: () => {
      const socket = new Socket()
      sockets.add(socket)
      return socket.once('close', () => sockets.delete(socket))
    },
    types,
    application_name: 'kith-hub',
    // An acknowledged entry is on the disk of the server, whatever its own settings say.
    options: '-c synchronous_commit=on',
    // A machine that vanishes without a word lets go of its logs.
    idle_in_transaction_session_timeout: 5000,
    statement_timeout: 60_000,
  })
  // A line that is cut is told to whoever asked over it; between two questions it is no matter.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))

  let ended: Promise<void> | undefined
  return Object.assign(createSql(pool), {
    begin: <Result>(run: (sql: Sql) => Promise<Result>) => begin(pool, run),
    async end({ timeout }: { readonly timeout: number }) {
      const late = setTimeout(() => {
        for (const socket of sockets) socket.destroy()
      }, timeout * 1000)
      await (ended ??= pool.end())
      clearTimeout(late)
    },
  })
}

async function begin<Result>(pool: Pool, run: (sql: Sql) => Promise<Result>): Promise<Result> {
  const client = await pool.connect().catch(toCoded)
  const sql = createSql(client)
  let isLost = false
  try {
    await sql`BEGIN`
    const result = await run(sql)
    await sql`COMMIT`
    return result
  } catch (cause) {
    await sql`ROLLBACK`.catch(() => (isLost = true))
    throw cause
  } finally {
    client.release(isLost)
  }
}

/** Statements are prepared once for each connection, under one name everywhere. */
const names = new Map<string, string>()

function textToName(text: string): string {
  let name = names.get(text)
  if (name === undefined) names.set(text, (name = `kith${names.size}`))
  return name
}

function createSql(at: Pool | PoolClient): Sql {
  return async <Rows extends readonly unknown[]>(strings: readonly string[], ...values: readonly RawValue[]) => {
    const { text, values: bound } = createStatement(strings, ...values)
    const { rows, rowCount } = await at.query({ name: textToName(text), text, values: bound }).catch(toCoded)
    return Object.assign(rows as unknown as Rows, { count: rowCount ?? 0 })
  }
}

/** Errors of the server and of the operating system have a code; the driver's own, all of them of a line that is cut or never came, get one. */
function toCoded(cause: unknown): never {
  if (typeof (cause as { code?: unknown }).code === 'string') throw cause
  throw Object.assign(new Error('The connection to PostgreSQL was lost.', { cause }), { code: 'CONNECTION_CLOSED' })
}
