import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import type { SqlDatabase } from '../ports/index.ts'
import { app, bool, type Columns, declaredTypes, int, prepareTables, table, text, time } from './index.ts'

const open = (): SqlDatabase => new DatabaseSync(':memory:') as unknown as SqlDatabase
const record = (columns: Columns, index: string[][] = []) =>
  app('org.example.a', { version: 1, tables: { t: table(columns, { index }) } }).record
const columnsOf = (database: SqlDatabase): string[] =>
  database
    .prepare(`SELECT name || ' ' || type AS c FROM pragma_table_info('org.example.a/t')`)
    .all()
    .map((row) => row.c as string)

test('declared types have the affinity that their values need', () => {
  const database = open()
  const expected: Record<string, string> = { INT: 'integer', BLOB: 'blob', REAL: 'real', TEXT: 'text' }
  for (const type of Object.values(declaredTypes)) {
    const ending = type.split('_').at(-1) as string
    database.exec(`CREATE TABLE "${type}" (a ${type})`)
    // A text that looks like a number is stored as the column's affinity has it.
    database.exec(`INSERT INTO "${type}" VALUES ('12')`)
    const stored = database.prepare(`SELECT typeof(a) AS t FROM "${type}"`).get()?.t
    assert.equal(stored, ending === 'BLOB' ? 'text' : expected[ending], type)
  }
})

test('tables are made, widened by a newer record, and never narrowed by an older one', () => {
  const database = open()
  const older = record({ title: text(), done: bool() })
  const newer = record({ title: text(), due: time().optional() }, [['due']])
  for (const each of [older, newer, older, newer]) prepareTables(database, each)
  assert.deepEqual(columnsOf(database).slice(4), [
    'done:bool KITH_BOOL_INT',
    'title:text KITH_TEXT',
    'due:time KITH_TIME_INT',
  ])
  assert.deepEqual(columnsOf(database).slice(0, 4), [
    '$space INTEGER',
    'id KITH_ID_BLOB',
    '$change INTEGER',
    '$hidden INTEGER',
  ])
})

test('a space whose record gives an id another type, or other capitals, has a column of its own', () => {
  const database = open()
  for (const columns of [{ title: text() }, { title: int() }, { Title: text() }, { tITLE: text() }]) {
    prepareTables(database, record(columns))
  }
  assert.deepEqual(columnsOf(database).slice(4), [
    'title:text KITH_TEXT',
    'title:int KITH_INT',
    'Title^1:text KITH_TEXT',
    'tITLE^1e:text KITH_TEXT',
  ])
})

test('a column of a type from a newer version has no place in SQLite yet', () => {
  const database = open()
  const [declared] = record({ title: text() }).tables
  const [column] = declared?.columns ?? []
  assert.ok(declared && column)
  const future = { ...column, id: 'hologram', type: 'hologram' }
  const columns = [future, column]
  prepareTables(database, { ...record({ title: text() }), tables: [{ ...declared, columns, indexes: [[0], [1]] }] })
  assert.deepEqual(columnsOf(database).slice(4), ['title:text KITH_TEXT'])
  assert.equal(database.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE type = 'index'").get()?.n, 1)
})
