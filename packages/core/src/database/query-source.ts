/**
 * What a query sees as a table: a common table expression with the app's name for it, over the table in SQLite. It shadows the
 * name, so that aliases, joins, subqueries and unions need no rewriting; SQLite flattens it, so that indexes still serve.
 */
import {
  type App,
  type ColumnKind,
  type ColumnRecord,
  columnReadSql,
  columnSqlName,
  isOptional,
  quoteName,
  type SchemaRecord,
  searchedColumns,
  searchSqlNames,
  type TableRecord,
  tableSqlName,
} from '../schema/index.ts'
import { lensColumns } from './lens-sql.ts'

/** What a column of a query holds; undefined: an expression of no column's type, shown as SQLite gives it. */
export type QueryKind = ColumnKind | 'id' | 'space' | undefined

export type QueryTable = {
  /** The app's name. */
  readonly name: string
  readonly id: string
  /** Its name in SQLite, unquoted. */
  readonly sqlName: string
  readonly kinds: ReadonlyMap<string, QueryKind>
  /** `"name" AS NOT MATERIALIZED (…)`; `?1` is the space, unless the queries span all of the app. */
  readonly sql: string
  /** Ids of the tables whose changes can change what it shows: itself, and those whose deleted rows hide its own. */
  readonly reads: readonly string[]
  /** Whether a row of it shows the same whatever other rows of it do. */
  readonly isRowLocal: boolean
  /** The same as `sql` for some of the rows: `?1` is their space, and as many ids follow. */
  readonly someSql: (rows: number) => string
}

/** The app's tables by name. `spanning`: all spaces of the app, each row with its `space`. */
export const createQueryTables = (app: App, spanning: boolean): ReadonlyMap<string, QueryTable> =>
  new Map(
    app.record.tables
      .flatMap((table) => [createQueryTable(app, table, spanning), ...createSearchTable(app, table, spanning)])
      .map((table) => [table.name, table]),
  )

/** What a table's search index is called in a query: no name of a table has a space. */
export const searchName = (table: string): string => `${table} search`

/** Ids of the rows of a table whose `words` match. `words` is a column that FTS5 has for each index, called as the index is. */
const createSearchTable = (app: App, table: TableRecord, spanning: boolean): QueryTable[] => {
  if (searchedColumns(table).length === 0) return []
  const { index, rows } = searchSqlNames(app.record.app, table.id)
  const name = searchName(table.name)
  const from = `${quoteName(index)} AS f JOIN ${quoteName(rows)} AS r ON r.n = f.rowid`
  const sql = `${quoteName(name)} AS NOT MATERIALIZED (SELECT r.id AS "id", f.${quoteName(index)} AS "words" FROM ${from}${spanning ? '' : ' WHERE r.space = ?1'})`
  const kinds = new Map<string, QueryKind>([
    ['id', 'id'],
    ['words', 'text'],
  ])
  const sqlName = tableSqlName(app.record.app, table.id)
  return [{ name, id: table.id, sqlName, kinds, sql, isRowLocal: false, reads: [table.id], someSql: () => sql }]
}

const createQueryTable = (app: App, table: TableRecord, spanning: boolean): QueryTable => {
  const { record } = app
  const lensed = lensColumns(app, table)
  const kinds = new Map<string, QueryKind>([['id', 'id']])
  const selections = ['t.id AS "id"']
  if (spanning) {
    kinds.set('space', 'space')
    selections.push('s.id AS "space"')
  }
  const reads = new Set<string>()
  for (const column of table.columns) {
    const isLensed = lensed.has(column.name)
    const read = isLensed ? lensed.get(column.name) : columnToSql(record, column, reads)
    if (read === undefined) continue
    kinds.set(column.name, column.type as ColumnKind)
    selections.push(`${read} AS ${quoteName(column.name)}`)
  }
  const physical = quoteName(tableSqlName(record.app, table.id))
  // Qualified by `main`, because the app may have a table called space too.
  const from = spanning ? `${physical} AS t JOIN main."space" AS s ON s.n = t."$space"` : `${physical} AS t`
  const conditions = [
    ...(spanning ? [] : ['t."$space" = ?1']),
    't."$hidden" = 0',
    ...hidingConditions(record, table, 't', [table.id], reads).map((hiding) => `NOT ${hiding}`),
  ]
  const toSql = (all: readonly string[]): string =>
    `${quoteName(table.name)} AS NOT MATERIALIZED (SELECT ${selections.join(', ')} FROM ${from} WHERE ${all.join(' AND ')})`
  return {
    name: table.name,
    id: table.id,
    sqlName: tableSqlName(record.app, table.id),
    kinds,
    sql: toSql(conditions),
    isRowLocal: !reads.has(table.id),
    reads: [...new Set([table.id, ...reads])],
    someSql: (rows) => {
      const ids = Array.from({ length: rows }, (_, at) => `?${at + 2}`)
      return toSql(['t."$space" = ?1', `t.id IN (${ids.join(', ')})`, ...conditions])
    },
  }
}

const columnToSql = (record: SchemaRecord, column: ColumnRecord, reads: Set<string>): string => {
  if (column.type !== 'ref' || column.onDelete !== 'null' || !isOptional(column)) return columnReadSql(column, 't.')
  const target = record.tables.find((table) => table.id === column.target)
  if (!target) return columnReadSql(column, 't.')
  reads.add(target.id)
  const reference = `t.${quoteName(columnSqlName(column))}`
  const physical = quoteName(tableSqlName(record.app, target.id))
  const deleted = `EXISTS (SELECT 1 FROM ${physical} AS r WHERE r."$space" = t."$space" AND r.id = ${reference} AND r."$hidden" <> 0)`
  return `CASE WHEN ${deleted} THEN NULL ELSE ${reference} END`
}

/**
 * One condition for each `onDelete('hide')` reference: that the row it names is there and hidden, by itself or in the same way. A row that
 * is not here hides nothing. A table is entered once on each path: in a tree of rows of one table, a deleted row hides its children, and
 * the app decides about theirs.
 */
const hidingConditions = (
  record: SchemaRecord,
  table: TableRecord,
  alias: string,
  path: readonly string[],
  reads: Set<string>,
): string[] =>
  table.columns.flatMap((column) => {
    if (column.type !== 'ref' || column.onDelete !== 'hide') return []
    const target = record.tables.find((candidate) => candidate.id === column.target)
    if (!target) return []
    reads.add(target.id)
    const inner = `${alias}${path.length}`
    const deeper = path.includes(target.id) ? [] : hidingConditions(record, target, inner, [...path, target.id], reads)
    const hidden = [`${inner}."$hidden" <> 0`, ...deeper].join(' OR ')
    const physical = quoteName(tableSqlName(record.app, target.id))
    const reference = `${alias}.${quoteName(columnSqlName(column))}`
    return [
      `EXISTS (SELECT 1 FROM ${physical} AS ${inner} WHERE ${inner}."$space" = ${alias}."$space" AND ${inner}.id = ${reference} AND (${hidden}))`,
    ]
  })
