import type { SqlDatabase, SqlStatement } from '../ports/index.ts'

/** Prepares each SQL text once. The texts are our own constants, so their number is bounded by the code and the schemas. */
export type Statements = (sql: string) => SqlStatement

export const createStatements = (database: SqlDatabase): Statements => {
  const prepared = new Map<string, SqlStatement>()
  return (sql) => {
    let statement = prepared.get(sql)
    if (!statement) prepared.set(sql, (statement = database.prepare(sql)))
    return statement
  }
}
