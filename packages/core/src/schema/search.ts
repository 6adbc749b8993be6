/**
 * Full-text search of an app's tables by SQLite's FTS5 (https://sqlite.org/fts5.html): for each table an index without content, as the
 * table has it, kept in step by triggers, so that no writer can forget it. An index is this device's own, as the program declares it.
 */
import type { SqlDatabase } from '../ports/index.ts'
import { quoteName } from './names.ts'
import type { ColumnRecord, SchemaRecord, TableRecord } from './record.ts'
import { columnSqlName, tableSqlName } from './sql.ts'

/** Names in SQLite, unquoted: the index, and the numbers that it calls rows by. */
export const searchSqlNames = (appId: string, tableId: string) => {
  const table = tableSqlName(appId, tableId)
  return { index: `search ${table}`, rows: `searched ${table}` }
}

/** The app's table that one of SQLite's is there to search: an index, what FTS5 keeps of it under names of its own, or its rows' numbers. */
export const tableOfSearch = (sqlName: string): string | undefined => {
  if (sqlName.startsWith('searched ')) return sqlName.slice('searched '.length)
  if (!sqlName.startsWith('search ')) return undefined
  return sqlName.slice('search '.length).replace(/_(data|idx|content|docsize|config)$/, '')
}

/** Letters and digits make words; case and accents do not tell them apart. */
const tokenizer = 'unicode61 remove_diacritics 2'

/** Columns whose text is indexed, by their names in SQLite. Of a record that a program declares: those are of text. */
export const searchedColumns = (table: TableRecord): string[] =>
  table.search.map((at) => columnSqlName(table.columns[at] as ColumnRecord))

/** The statements that make the indexes which a record declares, of all that is there, and end those which it declares otherwise. The tables have to be there. */
export const searchToSql = (database: SqlDatabase, record: SchemaRecord): string[] =>
  record.tables.flatMap((table) => {
    const columns = searchedColumns(table)
    const names = searchSqlNames(record.app, table.id)
    const there = database.prepare('SELECT name FROM pragma_table_info(?)').all(names.index)
    if (there.length === columns.length && there.every(({ name }, at) => name === columns[at])) return []
    return [
      ...(there.length > 0 ? dropIndexSql(names) : []),
      ...(columns.length > 0 ? makeIndexSql(record.app, table, columns) : []),
    ]
  })

const dropIndexSql = ({ index, rows }: ReturnType<typeof searchSqlNames>): string[] => [
  ...['insert', 'update', 'delete'].map((verb) => `DROP TRIGGER ${quoteName(`${index} ${verb}`)}`),
  `DROP TABLE ${quoteName(index)}`,
  `DROP TABLE ${quoteName(rows)}`,
]

const makeIndexSql = (appId: string, { id }: TableRecord, columns: readonly string[]): string[] => {
  const names = searchSqlNames(appId, id)
  const [table, index, rows] = [tableSqlName(appId, id), names.index, names.rows].map(quoteName)
  const listed = columns.map(quoteName).join(', ')
  const trigger = (verb: string): string => `CREATE TRIGGER ${quoteName(`${names.index} ${verb}`)} AFTER`
  const of = (row: string): string => columns.map((column) => `${row}.${quoteName(column)}`).join(', ')
  const numberOf = (row: string): string => `(SELECT n FROM ${rows} WHERE space = ${row}."$space" AND id = ${row}.id)`
  return [
    `CREATE TABLE ${rows} (n INTEGER PRIMARY KEY, space INTEGER NOT NULL, id KITH_ID_BLOB NOT NULL, UNIQUE (space, id))`,
    `CREATE VIRTUAL TABLE ${index} USING fts5(${listed}, content = '', contentless_delete = 1, tokenize = '${tokenizer}')`,
    `INSERT INTO ${rows} (space, id) SELECT "$space", id FROM ${table}`,
    `INSERT INTO ${index} (rowid, ${listed}) SELECT r.n, ${of('t')} FROM ${table} AS t JOIN ${rows} AS r ON r.space = t."$space" AND r.id = t.id`,
    `${trigger('insert')} INSERT ON ${table} BEGIN
      INSERT INTO ${rows} (space, id) VALUES (new."$space", new.id);
      INSERT INTO ${index} (rowid, ${listed}) VALUES (${numberOf('new')}, ${of('new')});
    END`,
    `${trigger('update')} UPDATE OF ${listed} ON ${table} BEGIN
      UPDATE ${index} SET ${columns.map((column) => `${quoteName(column)} = new.${quoteName(column)}`).join(', ')} WHERE rowid = ${numberOf('new')};
    END`,
    `${trigger('delete')} DELETE ON ${table} BEGIN
      DELETE FROM ${index} WHERE rowid = ${numberOf('old')};
      DELETE FROM ${rows} WHERE space = old."$space" AND id = old.id;
    END`,
  ]
}
