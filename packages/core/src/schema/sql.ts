/** The app's tables in SQLite: one for each table of the app, shared by all its spaces, whatever their versions. */
import type { CborValue } from '../bytes/index.ts'
import type { SqlDatabase } from '../ports/index.ts'
import { createColumnCodec } from './cell.ts'
import type { ColumnKind } from './column.ts'
import { caseSafe, quoteName, quoteText } from './names.ts'
import { type ColumnRecord, isOptional, type SchemaRecord, type TableRecord } from './record.ts'

/**
 * Declared types: each says what it is and contains the letters that give it SQLite's affinity ("INT" before "TEXT" before "BLOB"
 * before "REAL", https://sqlite.org/datatype3.html §3.1).
 */
export const declaredTypes: { readonly [K in ColumnKind]: string } = {
  text: 'KITH_TEXT',
  int: 'KITH_INT',
  real: 'KITH_REAL',
  bool: 'KITH_BOOL_INT',
  time: 'KITH_TIME_INT',
  json: 'KITH_JSON_TEXT',
  ref: 'KITH_ID_BLOB',
  person: 'KITH_PERSON_BLOB',
  counter: 'KITH_COUNTER_INT',
  set: 'KITH_SET_TEXT',
  order: 'KITH_ORDER_TEXT',
  richText: 'KITH_RICH_TEXT',
}

const declaredTypeOf = (type: string): string | undefined =>
  Object.hasOwn(declaredTypes, type) ? declaredTypes[type as ColumnKind] : undefined

/** Name of a table in SQLite, unquoted: `org.example.todo/tasks`. */
export const tableSqlName = (appId: string, tableId: string): string => `${appId}/${caseSafe(tableId)}`

/**
 * Name of a column in SQLite, unquoted: `done:bool`. The type is part of it because spaces of one app share the table and anybody
 * can make a space whose record gives an id another type: theirs is then another column, and ours stays ours.
 */
export const columnSqlName = (column: { readonly id: string; readonly type: string }): string =>
  `${caseSafe(column.id)}:${column.type}`

/** What a query shows for a row without a value: a row from before the column, or a merged column never written. */
const missingSql = (column: ColumnRecord): string | undefined => {
  const { missing, toSql } = createColumnCodec('', column)
  return missing === undefined || missing === null || isOptional(column) ? undefined : literal(toSql(missing))
}

const literal = (value: CborValue | bigint): string =>
  typeof value === 'string' ? quoteText(value) : value === null ? 'NULL' : String(value)

/** A column as queries read it; indexes hold the same expression, so that SQLite finds them. */
export const columnReadSql = (column: ColumnRecord, tableAlias = ''): string => {
  const name = `${tableAlias}${quoteName(columnSqlName(column))}`
  const missing = missingSql(column)
  if (missing === undefined) return name
  const value = `coalesce(${name}, ${missing})`
  // Sums of hostile deltas pass what a number can hold.
  const max = Number.MAX_SAFE_INTEGER
  return column.type === 'counter' ? `max(min(${value}, ${max}), -${max})` : value
}

/**
 * The statements that make or widen the tables of a record. `existing` tells the columns of a table that is there, undefined where there is
 * none. Nothing is ever narrowed: another space may still be at an older version. All statements can run again.
 */
const schemaToSql = (record: SchemaRecord, existing: (table: string) => ReadonlySet<string> | undefined): string[] =>
  record.tables.flatMap((table) => tableToSql(record.app, table, existing(tableSqlName(record.app, table.id))))

const tableToSql = (appId: string, table: TableRecord, existing: ReadonlySet<string> | undefined): string[] => {
  const name = tableSqlName(appId, table.id)
  const columns = table.columns.flatMap((column) => {
    const type = declaredTypeOf(column.type)
    return type ? [{ name: columnSqlName(column), sql: `${quoteName(columnSqlName(column))} ${type}` }] : []
  })
  // The id of a keyed row tells nothing of its time: the merge keeps that of the upsert which came first.
  const keyedTime = table.key.length > 0 ? '"$time" BLOB, ' : ''
  // In somebody else's space a table of this name may have been without a key, and come first.
  const widened = keyedTime === '' ? columns : [...columns, { name: '$time', sql: '"$time" BLOB' }]
  const made = existing
    ? widened
        .filter((column) => !existing.has(column.name))
        .map((column) => `ALTER TABLE ${quoteName(name)} ADD COLUMN ${column.sql}`)
    : [
        `CREATE TABLE ${quoteName(name)} ("$space" INTEGER NOT NULL, id KITH_ID_BLOB NOT NULL, "$change" INTEGER, "$hidden" INTEGER NOT NULL DEFAULT 0, ${keyedTime}` +
          `${columns.map((column) => `${column.sql}, `).join('')}PRIMARY KEY ("$space", id)) WITHOUT ROWID`,
      ]
  return [...made, ...table.indexes.flatMap((columnIndexes) => indexToSql(name, table, columnIndexes))]
}

const indexToSql = (tableName: string, table: TableRecord, columnIndexes: readonly number[]): string[] => {
  if (!isIndexable(table, columnIndexes)) return []
  const parts = indexParts(table, columnIndexes)
  const name = indexName(tableName, table, columnIndexes)
  return [`CREATE INDEX IF NOT EXISTS ${quoteName(name)} ON ${quoteName(tableName)} ("$space", ${parts.join(', ')})`]
}

const indexParts = (table: TableRecord, columnIndexes: readonly number[]): string[] =>
  columnIndexes.map((at) => columnReadSql(table.columns[at] as ColumnRecord))

/** The expressions are in the name: with another default it is another index. */
const indexName = (tableName: string, table: TableRecord, columnIndexes: readonly number[]): string =>
  `${tableName}(${indexParts(table, columnIndexes).join(',')})`

/** A column of a type from the future has no place here, and an index without it would be another index. */
const isIndexable = (table: TableRecord, columnIndexes: readonly number[]): boolean =>
  columnIndexes.length > 0 && columnIndexes.every((at) => declaredTypeOf(table.columns[at]?.type ?? '') !== undefined)

/** Makes or widens the tables of a record in a database. Run it inside a transaction. */
export const prepareTables = (database: SqlDatabase, record: SchemaRecord): void => {
  for (const statement of schemaToSql(record, (table) => existingColumns(database, table))) database.exec(statement)
  prepareStatistics(database, record)
}

/**
 * Tells SQLite's planner what it cannot guess: that a space has many rows, and what is indexed few of each. Without it, it takes
 * `$space = ?` for as good a condition as any and reads the whole space where an index is there. The numbers stay as they are: a plan that
 * changes as data grows would be a surprise.
 */
const prepareStatistics = (database: SqlDatabase, record: SchemaRecord): void => {
  // Makes sqlite_stat1 where it is missing, and reads it anew where it is there (https://sqlite.org/lang_analyze.html).
  const load = (): void => database.exec('ANALYZE sqlite_schema')
  load()
  const find = database.prepare('SELECT 1 FROM sqlite_stat1 WHERE tbl = ? AND idx = ?')
  const insert = database.prepare('INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)')
  let isNew = false
  for (const table of record.tables) {
    const name = tableSqlName(record.app, table.id)
    const indexes = [[name, '1'], ...table.indexes.map((columns) => indexStatistics(name, table, columns))] as const
    for (const [index, rows] of indexes) {
      if (index === undefined || find.get(name, index)) continue
      insert.run(name, index, `1000000 10000 ${rows}`)
      isNew = true
    }
  }
  if (isNew) load()
}

/** Rows that are alike in the first column, in the first two, and so on. */
const indexStatistics = (
  tableName: string,
  table: TableRecord,
  columnIndexes: readonly number[],
): [string?, string?] => {
  if (!isIndexable(table, columnIndexes)) return []
  let rows = 10_000
  const counts = columnIndexes.map((at) => {
    rows = table.columns[at]?.type === 'bool' ? Math.ceil(rows / 2) : Math.ceil(rows / 1000)
    return rows
  })
  return [indexName(tableName, table, columnIndexes), counts.join(' ')]
}

const existingColumns = (database: SqlDatabase, table: string): ReadonlySet<string> | undefined => {
  const rows = database.prepare('SELECT name FROM pragma_table_info(?)').all(table)
  return rows.length === 0 ? undefined : new Set(rows.map((row) => row.name as string))
}
