/** The connections of one process to PostgreSQL. */
import { KithError } from '@kith/core/bytes'
import type { Sql } from 'postgres'

/** An open pool, whose numbers are JavaScript's. */
export type Postgres = Sql<{ bigint: number }>

/** Reads and writes of one process at a time. PostgreSQL allows 100 connections unless told otherwise: eight processes. */
export const writersMax = 4
const connectionsMax = writersMax + 6

/** @throws KithError `bad-value` for what is no address of a PostgreSQL. Connects with the first question. */
export async function connect(url: string): Promise<Postgres> {
  if (!/^postgres(ql)?:\/\/[^\s]+$/.test(url) || !URL.canParse(url))
    throw new KithError('bad-value', 'The database is given as postgres://user:password@host:port/database.')
  // Loaded only by a hub that is asked to use it.
  const { default: postgres } = await import('postgres')
  return postgres(url, {
    max: connectionsMax,
    connect_timeout: 10,
    idle_timeout: 0,
    // Seconds until the next try: a server that restarts is found again at once.
    backoff: (tries: number) => Math.min(1, 0.05 * 2 ** tries),
    fetch_types: false,
    onnotice: () => {},
    types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } },
    connection: {
      application_name: 'kith-hub',
      // An acknowledged entry is on the disk of the server, whatever its own settings say.
      synchronous_commit: 'on',
      // A machine that vanishes without a word lets go of its logs.
      idle_in_transaction_session_timeout: 5000,
      statement_timeout: 60_000,
    },
  })
}
