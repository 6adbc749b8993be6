import type { SqlDatabase, SqlStatement, Vault } from '../ports/index.ts'

/** Prepares each SQL text once. The texts are our own constants, so their number is bounded by the code and the schemas. */
export type Statements = {
  (sql: string): SqlStatement
  /** For whoever writes secrets into the database. */
  readonly vault: Vault
}

const inClear: Vault = { lock: (secret) => secret, unlock: (locked) => locked }

export const createStatements = (database: SqlDatabase, vault: Vault = inClear): Statements => {
  const prepared = new Map<string, SqlStatement>()
  const prepare = (sql: string): SqlStatement => {
    let statement = prepared.get(sql)
    if (!statement) prepared.set(sql, (statement = database.prepare(sql)))
    return statement
  }
  return Object.assign(prepare, { vault })
}
