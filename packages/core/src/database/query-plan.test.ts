import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SqlValue } from '../ports/index.ts'
import { createQueries } from './query.ts'
import { bytes, createFixture, id, spaceId, todo } from './query.fixture.ts'

test('another space and hidden rows are not seen', () => {
  const { queries, store } = createFixture()
  store('tasks', 20, { heading: 'of another space' }, 2)
  store('tasks', 21, { heading: 'deleted' }, 1, 1)
  assert.equal(queries.run((q) => q.selectFrom('tasks').selectAll()).length, 3)
})

test('queries over all spaces of the app say which space a row is of', () => {
  const { database, store } = createFixture()
  store('tasks', 20, { heading: 'of another space' }, 2)
  store('lists', 1, { name: 'Their home' }, 2)
  const all = createQueries({ database, app: todo })
  assert.deepEqual(
    all.run((q) => q.selectFrom('tasks').select(['space', 'heading']).where('space', '=', spaceId(2))),
    [{ space: spaceId(2), heading: 'of another space' }],
  )
  const counted = all.run((q) =>
    q
      .selectFrom('tasks')
      .select((eb) => ['space', eb.fn.countAll<number>().as('n')])
      .groupBy('space')
      .orderBy('space'),
  )
  assert.deepEqual(counted, [
    { space: spaceId(1), n: 3 },
    { space: spaceId(2), n: 1 },
  ])
  const joined = all.run((q) =>
    q
      .selectFrom('tasks')
      .innerJoin('lists', (join) => join.onRef('lists.id', '=', 'tasks.list').onRef('lists.space', '=', 'tasks.space'))
      .select('lists.name')
      .where('tasks.id', '=', id(10)),
  )
  assert.deepEqual(joined, [{ name: 'Home' }])
})

test('a reference to a deleted row hides the row or shows null, as declared; one to a row that is not here does neither', () => {
  const { queries, store } = createFixture()
  store('folders', 40, { name: 'gone' }, 1, 1)
  store('lists', 3, { name: 'in a deleted folder', folder: bytes(40) })
  store('lists', 4, { name: 'in a folder that is not here', folder: bytes(99) })
  store('lists', 5, { name: 'deleted itself' }, 1, 1)
  store('notes', 50, { list: bytes(5) })
  store('notes', 51, { inList: bytes(5) })
  store('notes', 52, { inList: bytes(3) })
  store('notes', 53, { inList: bytes(4), list: bytes(4) })
  assert.deepEqual(
    queries.run((q) => q.selectFrom('lists').select('name').orderBy('name')).map((row) => row.name),
    ['Home', 'Work', 'in a folder that is not here'],
  )
  assert.deepEqual(
    queries.run((q) => q.selectFrom('notes').select(['id', 'list']).orderBy('id')),
    [
      { id: id(50), list: null },
      { id: id(53), list: id(4) },
    ],
  )
  const watched = queries.watch((q) => q.selectFrom('notes').selectAll())
  assert.deepEqual([...watched.tables].sort(), ['folders', 'lists', 'notes'])
})

test('a lookup by id and by an indexed column is a search, in one space and in all', () => {
  const { database, queries } = createFixture()
  const plan = (compiled: { sql: string; parameters: readonly SqlValue[] }): string =>
    database
      .prepare(`EXPLAIN QUERY PLAN ${compiled.sql}`)
      .all(...compiled.parameters)
      .map((row) => row.detail)
      .join('\n')
  assert.match(
    plan(queries.compile((q) => q.selectFrom('tasks').selectAll().where('id', '=', id(10)))),
    /^SEARCH t USING PRIMARY KEY \(\$space=\? AND id=\?\)$/,
  )
  assert.match(
    plan(queries.compile((q) => q.selectFrom('tasks').selectAll().where('list', '=', id(1)))),
    /^SEARCH t USING INDEX .*list:ref=\?\)$/,
  )
  const sorted = plan(
    queries.compile((q) => q.selectFrom('tasks').selectAll().where('done', '=', false).orderBy('due')),
  )
  assert.match(sorted, /^SEARCH t USING INDEX .*<expr>=\?\)$/)
  assert.doesNotMatch(sorted, /TEMP B-TREE/)
  const left = plan(
    queries.compile((q) =>
      q
        .selectFrom('tasks')
        .leftJoin('lists', 'lists.id', 'tasks.list')
        .select('tasks.id')
        .where('tasks.id', '=', id(10)),
    ),
  )
  assert.doesNotMatch(left, /SCAN|MATERIALIZE/)
  const all = createQueries({ database, app: todo })
  assert.doesNotMatch(
    plan(
      all.compile((q) => q.selectFrom('tasks').selectAll().where('space', '=', spaceId(1)).where('id', '=', id(10))),
    ),
    /SCAN/,
  )
})

test('a compiled query is data, and the same text with other values shares its plan', () => {
  const { queries } = createFixture()
  const first = queries.compile((q) => q.selectFrom('tasks').select('id').where('list', '=', id(1)))
  const second = queries.compile((q) => q.selectFrom('tasks').select('id').where('list', '=', id(2)))
  assert.equal(first.sql, second.sql)
  assert.deepEqual(structuredClone(first), first)
  assert.deepEqual(second.parameters, [1, bytes(2)])
  assert.deepEqual(first.tables, ['tasks'])
})
