/** What is right and wrong with the servers that several processes of a hub share. Changes nothing; names no server. */
import { postgresProblem } from './postgres-failure.ts'
import { natsProblem } from './nats-transport.ts'
import { connect } from './postgres-pool.ts'
import type { SharedStorageOptions } from './shared-storage.ts'

export type SharedFinding = { readonly isGood: boolean; readonly text: string }

/** @throws KithError `bad-value` for what is no address. */
export async function examineShared({ postgres, nats }: SharedStorageOptions): Promise<SharedFinding[]> {
  const findings = [await examinePostgres(postgres)]
  if (nats === undefined) {
    findings.push({ isGood: true, text: 'No NATS: followers on other processes wait up to a second for what is put' })
  } else {
    const problem = await natsProblem(nats)
    findings.push({
      isGood: problem === undefined,
      text: problem === undefined ? 'NATS answers' : `NATS does not answer (${problem}): start it, or correct --nats`,
    })
  }
  return findings
}

async function examinePostgres(url: string): Promise<SharedFinding> {
  const sql = await connect(url)
  try {
    const [row] = await sql<{ version: string; fsync: string | null }[]>`
      SELECT version() AS version, current_setting('fsync', true) AS fsync`
    const name = /^\S+ \S+/.exec(row!.version)?.[0] ?? 'The database'
    if (row!.fsync === 'off')
      return { isGood: false, text: `${name} runs with fsync = off: a power cut loses what was acknowledged` }
    return { isGood: true, text: `${name} answers` }
  } catch (cause) {
    return { isGood: false, text: `PostgreSQL: ${postgresProblem(cause)}` }
  } finally {
    await sql.end({ timeout: 1 })
  }
}
