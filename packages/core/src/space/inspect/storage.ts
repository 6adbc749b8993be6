import { quoteName, tableOfSearch } from '../../schema/index.ts'
import type { Engine } from '../engine.ts'
import type { StorageUse, TableUse } from './api.ts'

/** Counts the rows of all tables and, where SQLite has `dbstat`, reads each page of the database: for people who ask. */
export const measureStorage = ({ statements }: Engine): StorageUse => {
  const pragma = (name: 'page_size' | 'page_count' | 'freelist_count'): number =>
    statements(`PRAGMA ${name}`).get()?.[name] as number
  const bytes = measureTables(statements)
  const tables = statements(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'",
  )
    .all()
    .filter(({ name }) => tableOfSearch(name as string) === undefined)
    .map(({ name }): TableUse => {
      const place = toPlace(name as string)
      const deleted = place.app === '' ? '0' : 'coalesce(sum("$hidden" <> 0), 0)'
      const counted = statements(
        `SELECT count(*) AS rows, ${deleted} AS deleted FROM ${quoteName(name as string)}`,
      ).get()
      return {
        ...place,
        rows: counted?.rows as number,
        deleted: counted?.deleted as number,
        bytes: bytes?.get(name as string),
      }
    })
  return {
    databaseBytes: pragma('page_count') * pragma('page_size'),
    freeBytes: pragma('freelist_count') * pragma('page_size'),
    measuredBy: bytes && 'dbstat',
    tables: tables.sort(bySize),
  }
}

const bySize = (left: TableUse, right: TableUse): number =>
  Number(left.app === '') - Number(right.app === '') || (right.bytes ?? 0) - (left.bytes ?? 0) || right.rows - left.rows

/** `org.example.todo/tasks`: an app id has no slash in it, and no table of ours has one (see `tableSqlName`). */
const toPlace = (name: string): Pick<TableUse, 'app' | 'table'> => {
  const slash = name.indexOf('/')
  return slash < 0
    ? { app: '', table: name }
    : { app: name.slice(0, slash), table: name.slice(slash + 1).replace(/\^[0-9a-f]+$/, '') }
}

/** Bytes by table, with its indexes and what it is searched by. */
const measureTables = (statements: Engine['statements']): Map<string, number> | undefined => {
  if (!statements("SELECT 1 FROM pragma_module_list WHERE name = 'dbstat'").get()) return undefined
  const sql =
    'SELECT s.tbl_name AS name, sum(d.pgsize) AS bytes FROM dbstat AS d JOIN sqlite_schema AS s ON s.name = d.name WHERE d.aggregate = TRUE GROUP BY s.tbl_name'
  const found = new Map<string, number>()
  for (const { name, bytes } of statements(sql).all()) {
    const table = tableOfSearch(name as string) ?? (name as string)
    found.set(table, (found.get(table) ?? 0) + (bytes as number))
  }
  return found
}
