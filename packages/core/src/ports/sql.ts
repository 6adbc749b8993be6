/** What SQLite stores and returns. Booleans, dates and ids are translated by the layers above. */
export type SqlValue = null | number | bigint | string | Uint8Array

export type SqlRow = Record<string, SqlValue>

/** A prepared statement. All calls are synchronous: the engine owns its thread or its worker. */
export type SqlStatement = {
  readonly run: (...parameters: SqlValue[]) => void
  readonly get: (...parameters: SqlValue[]) => SqlRow | undefined
  readonly all: (...parameters: SqlValue[]) => SqlRow[]
  /** Result columns in order; `declaredType` is the type in CREATE TABLE of the column a result column comes from, through aliases, joins, views and subqueries; null for an expression. */
  readonly columns: () => { name: string; declaredType: string | null }[]
}

/**
 * One SQLite 3.45+ connection with FTS5. A committed transaction survives the death of the process; that of the machine too, at once or,
 * where there is `flush`, when that says so.
 */
export type SqlDatabase = {
  readonly exec: (sql: string) => void
  /** The caller keeps and re-uses statements; they die with the database. */
  readonly prepare: (sql: string) => SqlStatement
  /**
   * Resolves when all that is committed now survives a power cut; others may use the database meanwhile. After a
   * failure nobody can tell what is on the disk, nor whether the next flush would say so: nothing is to be written until it was opened anew.
   */
  readonly flush?: () => Promise<void>
  readonly close: () => void
}
