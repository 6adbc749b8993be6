import type { SqlDatabase, SqlRow } from '../ports/index.ts'
import type { Statements } from './statements.ts'

/** Rows by the name of their table in SQLite and the local number of their space. */
export type TouchedRows = ReadonlyMap<string, ReadonlyMap<number, readonly Uint8Array[]>>

/**
 * Which rows of the apps' tables were written, for live queries that look at those only. SQLite notes them itself, by triggers of this
 * connection, so that no writer can forget to; tables that nobody watches have none.
 */
export type Touched = {
  /** From now on the writes to a table are noted; false where they cannot be now (a full disk): ask again, and read all meanwhile. */
  readonly watch: (table: string) => boolean
  /** What was noted since the last call; undefined: not known, so anything may have been written. */
  readonly take: () => TouchedRows | undefined
  /** A transaction was undone, and triggers that it made with it: whoever watches reads all again, and watches again before. */
  readonly undone: () => void
}

/** Above this a query is asked as a whole: that is as quick. */
const rowsMax = 64

export const createTouched = (database: SqlDatabase, statements: Statements): Touched => {
  const watched = new Set<string>()

  return {
    watch: (table) => {
      if (watched.has(table)) return true
      try {
        for (const sql of triggers(table)) database.exec(sql)
      } catch {
        return false
      }
      watched.add(table)
      return true
    },
    take: () => {
      if (watched.size === 0) return new Map()
      try {
        const rows = statements(`SELECT tbl, space, id FROM temp."$touched" LIMIT ${rowsMax + 1}`).all()
        if (rows.length > 0) statements('DELETE FROM temp."$touched"').run()
        return rows.length > rowsMax ? undefined : rowsToTouched(rows)
      } catch {
        // Whoever then reads all is told what is wrong.
        return undefined
      }
    },
    undone: () => watched.clear(),
  }
}

const rowsToTouched = (rows: readonly SqlRow[]): TouchedRows => {
  const touched = new Map<string, Map<number, Uint8Array[]>>()
  for (const row of rows) {
    const [table, space, id] = [row.tbl as string, row.space as number, row.id as Uint8Array]
    const spaces = touched.get(table) ?? new Map<number, Uint8Array[]>()
    touched.set(table, spaces)
    const ids = spaces.get(space)
    if (ids) ids.push(id)
    else spaces.set(space, [id])
  }
  return touched
}

/** All of them can run again. No name is ambiguous: tables of apps have a `/` in theirs. */
const triggers = (table: string): string[] => {
  const quoted = `"${table.replaceAll('"', '""')}"`
  const text = `'${table.replaceAll("'", "''")}'`
  const note = (row: 'NEW' | 'OLD'): string =>
    `INSERT OR IGNORE INTO "$touched" VALUES (${text}, ${row}."$space", ${row}.id);`
  return [
    'CREATE TEMP TABLE IF NOT EXISTS "$touched" (tbl TEXT, space INTEGER, id BLOB, PRIMARY KEY (tbl, space, id)) WITHOUT ROWID',
    ...(['INSERT', 'UPDATE', 'DELETE'] as const).map(
      (event) =>
        `CREATE TEMP TRIGGER IF NOT EXISTS "$${event} ${table.replaceAll('"', '""')}" AFTER ${event} ON main.${quoted} ` +
        `BEGIN ${note(event === 'DELETE' ? 'OLD' : 'NEW')} END`,
    ),
  ]
}
