import { KithError } from '@kith/core/bytes'
import {
  type App,
  app,
  bool,
  type Column,
  int,
  json,
  real,
  ref,
  type Table,
  table,
  text,
  time,
} from '@kith/core/schema'
import type { DataRow, DataTables } from './data-file.ts'

/** ISO 8601 with a date and, maybe, a time and a zone; without a zone it is taken for UTC. */
const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?$/

/** The column that numbers a table's own rows, and that other tables name them by. */
export const ownIdColumn = (tableName: string): string => `${tableName}Id`

/**
 * An app that fits the data: a column's type from its values, references from names (`AlbumId` names a row of `Album`) and
 * from `references` (`Table.column` → table). A table without numbers of its own, whose references tell its rows
 * apart, is keyed by them.
 *
 * @throws KithError `bad-schema` where a name is unusable or `references` names what is not there.
 */
export const inferApp = (id: string, data: DataTables, references: ReadonlyMap<string, string>): App => {
  for (const [where, target] of references) {
    const [tableName = '', column = ''] = where.split('.')
    if (!data.get(tableName)?.some((row) => column in row)) throw badReference(`the file has no column ${where}`)
    if (!data.has(target)) throw badReference(`the file has no table "${target}"`)
  }
  const tables: Record<string, Table> = {}
  for (const [name, rows] of data) tables[name] = inferTable(name, rows, data, references)
  return app(id, { version: 1, tables }) as App
}

const inferTable = (
  name: string,
  rows: readonly DataRow[],
  data: DataTables,
  references: ReadonlyMap<string, string>,
): Table => {
  const columnNames = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const own = ownIdColumn(name)
  const targetOf = (column: string): string | undefined => {
    const named = references.get(`${name}.${column}`)
    if (named !== undefined) return named
    const target = column.endsWith('Id') && column !== own ? column.slice(0, -2) : undefined
    return target !== undefined && data.has(target) ? target : undefined
  }
  const key = columnNames.includes(own)
    ? []
    : findKey(
        columnNames.filter((column) => targetOf(column) !== undefined),
        rows,
      )
  const columns: Record<string, Column> = {}
  for (const column of columnNames) {
    if (column === own) continue
    const values = rows.map((row) => row[column] ?? null)
    const target = targetOf(column)
    const isOptional = values.includes(null)
    if (key.includes(column) && target !== undefined) columns[column] = ref(target).fixed()
    // A row may name one that comes later: such a reference is set when that row is there.
    else if (target !== undefined) columns[column] = ref(target).optional()
    else columns[column] = isOptional ? inferColumn(values).optional() : inferColumn(values)
  }
  return table(columns, key.length === 0 ? {} : { key: key as never })
}

const inferColumn = (values: readonly unknown[]) => {
  const present = values.filter((value) => value !== null)
  if (present.length === 0) return json()
  if (present.every((value) => typeof value === 'boolean')) return bool()
  if (present.every((value) => Number.isSafeInteger(value))) return int()
  if (present.every((value) => typeof value === 'number')) return real()
  if (present.every((value) => typeof value === 'string' && timePattern.test(value))) return time()
  if (present.every((value) => typeof value === 'string')) return text()
  return json()
}

/** The references, if they are there in every row and no two rows have the same ones. */
const findKey = (columns: readonly string[], rows: readonly DataRow[]): readonly string[] => {
  if (columns.length === 0 || rows.length === 0) return []
  const seen = new Set<string>()
  for (const row of rows) {
    const values = columns.map((column) => row[column] ?? null)
    if (values.includes(null)) return []
    seen.add(JSON.stringify(values))
  }
  return seen.size === rows.length ? columns : []
}

const badReference = (what: string): KithError => new KithError('bad-schema', `A reference cannot be made: ${what}.`)
