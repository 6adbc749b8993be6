/** One small database with a column of every type, as the merge would have left it. */
import { openSqlite } from '../../../node/src/platform/sqlite.ts'
import { assert, KithError, toBase32 } from '../bytes/index.ts'
import type { SqlDatabase, SqlValue } from '../ports/index.ts'
import {
  app,
  bool,
  columnSqlName,
  counter,
  type DatabaseOf,
  int,
  json,
  order,
  person,
  prepareTables,
  real,
  ref,
  richText,
  set,
  table,
  tableSqlName,
  text,
  time,
} from '../schema/index.ts'
import { createQueries, type Queries } from './query.ts'

export const todo = app('org.example.todo', {
  version: 1,
  tables: {
    tasks: table(
      {
        heading: text().was('title'),
        done: bool().default(false),
        due: time().optional(),
        extra: json<{ colour: string }>().optional(),
        list: ref('lists').optional(),
        owner: person().optional(),
        votes: counter(),
        tags: set(),
        place: order().optional(),
        size: int().optional(),
        weight: real().optional(),
        notes: richText(),
      },
      { index: [['done', 'due'], ['list']] },
    ),
    lists: table({ name: text(), folder: ref('folders').optional().onDelete('hide') }),
    notes: table({
      list: ref('lists').optional().onDelete('null'),
      inList: ref('lists').optional().onDelete('hide'),
      parent: ref('notes').optional().onDelete('hide'),
    }),
    folders: table({ name: text() }),
  },
})
export type Database = DatabaseOf<typeof todo>

export const bytes = (n: number, length = 16): Uint8Array => new Uint8Array(length).fill(n)
export const id = (n: number): string => toBase32(bytes(n))
export const address = (n: number): string => toBase32(bytes(n, 48))
export const spaceId = (n: number): string => toBase32(bytes(n, 32))

/** Puts a stored row there, as the merge would. */
const store = (
  database: SqlDatabase,
  tableName: string,
  row: number,
  cells: Record<string, SqlValue> = {},
  space = 1,
  hidden = 0,
): void => {
  const record = todo.record.tables.find((candidate) => candidate.name === tableName)
  assert(record, `no table ${tableName}`)
  const names = Object.keys(cells).map((name) => {
    const column = record.columns.find((candidate) => candidate.name === name)
    assert(column, `no column ${name}`)
    return `"${columnSqlName(column)}"`
  })
  const all = ['"$space"', 'id', '"$change"', '"$hidden"', ...names]
  database
    .prepare(
      `INSERT INTO "${tableSqlName(todo.id, record.id)}" (${all.join(', ')}) VALUES (${all.map(() => '?').join(', ')})`,
    )
    .run(space, bytes(row), row, hidden, ...Object.values(cells))
}

export type Fixture = {
  readonly database: SqlDatabase
  /** Over space 1 of two. */
  readonly queries: Queries<Database>
  readonly store: (
    tableName: string,
    row: number,
    cells?: Record<string, SqlValue>,
    space?: number,
    hidden?: number,
  ) => void
}

export const createFixture = (): Fixture => {
  const database = openSqlite(':memory:')
  database.exec('CREATE TABLE space (n INTEGER PRIMARY KEY, id KITH_ID_BLOB NOT NULL UNIQUE)')
  for (const n of [1, 2]) database.prepare('INSERT INTO space VALUES (?, ?)').run(n, bytes(n, 32))
  prepareTables(database, todo.record)
  store(database, 'lists', 1, { name: 'Home' })
  store(database, 'lists', 2, { name: 'Work' })
  store(database, 'tasks', 10, {
    heading: 'Milk',
    done: 1,
    due: 5000,
    list: bytes(1),
    owner: bytes(7, 48),
    votes: 3,
    tags: '["a","b"]',
    extra: '{"colour":"red"}',
    place: 'a0',
    size: 4,
    weight: 1.5,
    notes: 'plain',
  })
  store(database, 'tasks', 11, { heading: 'Tea', done: 0, list: bytes(2) })
  store(database, 'tasks', 12, { heading: 'Older than most columns' })
  return {
    database,
    queries: createQueries({ database, app: todo, space: 1 }),
    store: (...row) => store(database, ...row),
  }
}

export const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (thrown) {
    if (thrown instanceof KithError) return thrown.code
    throw thrown
  }
  return 'none'
}
