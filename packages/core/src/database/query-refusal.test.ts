// oxlint-disable typescript/no-explicit-any, typescript/no-unsafe-call, typescript/no-unsafe-member-access, typescript/no-unsafe-return -- these callers ignore the types, as plain JavaScript would
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, sql } from 'kysely'
import { address, codeOf, createFixture } from './query.fixture.ts'

test('a value that cannot be compared is refused', () => {
  const { queries } = createFixture()
  assert.equal(
    codeOf(() => queries.run((q) => q.selectFrom('tasks').selectAll().where('id', '=', 'abc'))),
    'bad-value',
  )
  assert.equal(
    codeOf(() => queries.run((q) => q.selectFrom('tasks').selectAll().where('id', '=', address(1)))),
    'bad-value',
  )
  assert.equal(
    codeOf(() =>
      queries.run((q) =>
        q
          .selectFrom('tasks')
          .selectAll()
          .where('due', '=', 'tomorrow' as never),
      ),
    ),
    'bad-value',
  )
  assert.equal(
    codeOf(() =>
      queries.run((q) =>
        q
          .selectFrom('tasks')
          .selectAll()
          .where('heading', '=', {} as never),
      ),
    ),
    'bad-value',
  )
  assert.equal(
    codeOf(() =>
      queries.run((q) =>
        q
          .selectFrom('tasks')
          .selectAll()
          .where(
            'size',
            'in',
            Array.from({ length: 40_000 }, () => 1),
          ),
      ),
    ),
    'too-large',
  )
})

test('what SQLite itself cannot do is a typed error', () => {
  const { queries } = createFixture()
  const run = () => queries.run((q) => q.selectFrom('tasks').select((eb) => eb.fn('no_such_function', ['id']).as('x')))
  assert.equal(codeOf(run), 'not-supported')
})

test("only a SELECT of the app's own tables runs", () => {
  const { queries } = createFixture()
  const run = (build: (q: never) => never) => codeOf(() => queries.run(build as never))
  const any = (build: (q: any) => unknown) => run(build as never)
  assert.equal(
    any((q) => q.insertInto('tasks').values({ heading: 'x' })),
    'not-allowed',
  )
  assert.equal(
    any((q) => q.deleteFrom('tasks')),
    'not-allowed',
  )
  assert.equal(
    any((q) => q.updateTable('tasks').set({ heading: 'x' })),
    'not-allowed',
  )
  // What a query is built from has no `schema`; a whole Kysely of somebody's own has.
  const kysely = new Kysely<object>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (database) => new SqliteIntrospector(database),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  })
  assert.equal(
    any(() => kysely.schema.dropTable('tasks')),
    'not-allowed',
  )
  assert.equal(
    any(() => sql`delete from space`),
    'not-allowed',
  )
  assert.equal(
    any((q) =>
      q
        .with('x', (db: any) => db.deleteFrom('tasks').returning('id'))
        .selectFrom('x')
        .selectAll(),
    ),
    'not-allowed',
  )
  assert.equal(
    any((q) => q.selectFrom('tasks').select(sql`(select group_concat(hex(id)) from space)`.as('x'))),
    'not-allowed',
  )
  assert.equal(
    any((q) => q.selectFrom(sql`space`.as('x')).selectAll()),
    'not-allowed',
  )
  assert.equal(
    any((q) => q.selectFrom('tasks').selectAll().where(sql`1 = 1`)),
    'not-allowed',
  )
  assert.equal(
    any((q) => q.selectFrom('tasks').selectAll().orderBy(sql`random()`)),
    'not-allowed',
  )
  assert.equal(
    any((q) => q.selectFrom('tasks').select((eb: any) => eb.fn('load_extension', [eb.val('x')]).as('x'))),
    'not-allowed',
  )
  assert.equal(
    any((q) => q.selectFrom('tasks').select((eb: any) => eb.fn('1) from space --', []).as('x'))),
    'not-allowed',
  )
  assert.equal(
    any((q) => q.selectFrom((eb: any) => eb.fn('pragma_table_list', []).as('x')).selectAll()),
    'not-allowed',
  )
  assert.equal(
    any((q) =>
      q
        .with('tasks', (db: any) => db.selectFrom('lists').selectAll())
        .selectFrom('tasks')
        .selectAll(),
    ),
    'not-allowed',
  )
  for (const name of ['space', 'sqlite_schema', 'org.example.todo/tasks', 'main.space', 'TASKS']) {
    assert.equal(
      any((q) => q.selectFrom(name).selectAll()),
      'not-found',
      name,
    )
  }
})
