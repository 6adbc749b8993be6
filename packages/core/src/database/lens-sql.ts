/**
 * Lenses in SQL. A query cannot call an app's functions: in a browser they are in the page. But `forward` is pure, so what it gave for the values that
 * there are is kept in a temporary table, and a query looks there. `lens-memory.ts` fills it before a query runs.
 */
import {
  type App,
  columnId,
  columnReadSql,
  columnSqlName,
  type ColumnRecord,
  type Lens,
  lensesOf,
  markName,
  quoteName,
  type Table,
  tableSqlName,
  type TableRecord,
} from '../schema/index.ts'

export type LensSql = {
  readonly lens: Lens
  /** The app's name for the table, and its id. */
  readonly table: string
  readonly tableId: string
  /** Its name in SQLite, quoted. */
  readonly physical: string
  readonly from: readonly ColumnRecord[]
  readonly to: readonly ColumnRecord[]
  /** The table that remembers, quoted: columns `f0…` of what was asked, `t0…` of what came, `failed`. */
  readonly memory: string
  /** The same as text: what it is told apart by. */
  readonly key: string
  /** Over the row `t`: whether the newer columns count as they are stored. */
  readonly isFresh: string
  /** Over the row `t`: the older columns. */
  readonly asked: readonly string[]
  /** Over a row `m` of memory and `t`: whether the one answers for the other. */
  readonly answers: string
}

export const tableLenses = (app: App, record: TableRecord): LensSql[] => {
  const declared = Object.hasOwn(app.tables, record.name) ? app.tables[record.name] : undefined
  return declared ? lensesOf(declared).map((lens) => lensToSql(app, declared, record, lens)) : []
}

const lensToSql = (app: App, declared: Table, record: TableRecord, lens: Lens): LensSql => {
  const column = (id: string): ColumnRecord => record.columns.find((found) => found.id === id) as ColumnRecord
  const named = (name: string): ColumnRecord =>
    column(columnId(name, declared.columns[name] as Table['columns'][string]))
  const stored = (found: ColumnRecord): string => `t.${quoteName(columnSqlName(found))}`
  const from = lens.from.map(named)
  const to = lens.to.map(named)
  const asked = from.map((found) => columnReadSql(found, 't.'))
  const marks = lens.from.map((name) => stored(column(markName(declared, lens, name))))
  const key = [app.id, record.id, app.version, lens.to[0], lens.code].join('/')
  return {
    lens,
    table: record.name,
    tableId: record.id,
    physical: quoteName(tableSqlName(app.id, record.id)),
    from,
    to,
    memory: `temp.${quoteName(`$lens ${key}`)}`,
    key,
    isFresh: `(coalesce(${[...to.map(stored), 'NULL'].join(', ')}) IS NOT NULL AND ${marks.map((mark, at) => `${mark} IS ${asked[at]}`).join(' AND ')})`,
    asked,
    answers: asked.map((value, at) => `m.f${at} IS ${value}`).join(' AND '),
  }
}

/** How a query reads the newer columns, by name; undefined for a mark, which no query sees. */
export const lensColumns = (app: App, record: TableRecord): ReadonlyMap<string, string | undefined> => {
  const columns = new Map<string, string | undefined>()
  for (const { lens, to, memory, isFresh, answers } of tableLenses(app, record)) {
    for (const [at, column] of to.entries()) {
      const stored = `t.${quoteName(columnSqlName(column))}`
      columns.set(
        column.name,
        `CASE WHEN ${isFresh} THEN ${stored} ELSE (SELECT m.t${at} FROM ${memory} AS m WHERE ${answers}) END`,
      )
    }
    const declared = app.tables[record.name] as Table
    for (const name of lens.from) columns.set(markName(declared, lens, name), undefined)
  }
  return columns
}
