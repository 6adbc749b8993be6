import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFixture, type Database, id } from './query.fixture.ts'
import type { Queries } from './query.ts'

type Build = Parameters<Queries<Database>['watch']>[0]

test('queries whose rows stand for themselves can be asked row by row', () => {
  const { queries } = createFixture()
  const builds: Build[] = [
    (q) => q.selectFrom('tasks').selectAll(),
    (q) => q.selectFrom('tasks as t').selectAll('t').where('t.done', '=', true).orderBy('t.due', 'desc'),
    (q) => q.selectFrom('tasks').select(['heading as name', 'id']).orderBy('name').orderBy('votes', 'asc'),
    (q) => q.selectFrom('lists').select((eb) => eb.fn.coalesce('folder', 'id').as('some')),
    (q) =>
      q
        .selectFrom('tasks')
        .select('heading')
        .where((eb) => eb.or([eb('size', '>', 3), eb('place', 'is', null)])),
  ]
  for (const [at, build] of builds.entries()) assert.ok(queries.watch(build).byRow(), `query ${at}`)
})

test('queries whose rows hang on others are asked as a whole', () => {
  const { queries } = createFixture()
  const builds: Build[] = [
    (q) => q.selectFrom('tasks').selectAll().limit(3),
    (q) => q.selectFrom('tasks').select('done').distinct(),
    (q) => q.selectFrom('tasks').select((eb) => eb.fn.countAll().as('n')),
    (q) => q.selectFrom('tasks').select((eb) => eb.fn<number>('sum', ['size']).as('n')),
    (q) => q.selectFrom('tasks').select('done').groupBy('done'),
    (q) => q.selectFrom('tasks').innerJoin('lists', 'lists.id', 'tasks.list').select('tasks.id'),
    (q) => q.selectFrom('tasks').select('id').where('list', 'in', q.selectFrom('lists').select('id')),
    (q) => q.selectFrom('tasks').select('id').union(q.selectFrom('lists').select('id')),
    (q) =>
      q
        .with('some', (db) => db.selectFrom('tasks').select('id'))
        .selectFrom('some')
        .selectAll(),
    (q) => q.selectFrom((eb) => eb.selectFrom('tasks').select('id').as('some')).selectAll(),
    (q) =>
      q
        .selectFrom('tasks')
        .select('id')
        .orderBy((eb) => eb.fn('lower', ['heading'])),
    (q) =>
      q
        .selectFrom('tasks')
        .select('id')
        .orderBy('due', (order) => order.asc().nullsLast()),
    // A row of these may hide others of the same table.
    (q) => q.selectFrom('notes').selectAll(),
  ]
  for (const [at, build] of builds.entries()) assert.equal(queries.watch(build).byRow(), undefined, `query ${at}`)
})

test('some rows are those of the whole, with what the app selected and no more, and belong where SQLite puts them', () => {
  const { queries, store } = createFixture()
  for (let n = 40; n < 80; n += 1) store('tasks', n, { heading: `t${n % 7}`, size: n % 3 === 0 ? null : n % 5 })
  const query = queries
    .watch((q) =>
      q
        .selectFrom('tasks')
        .select(['heading', 'id'])
        .where('size', 'is not', 4)
        .orderBy('size', 'desc')
        .orderBy('heading'),
    )
    .byRow()
  assert.ok(query)
  const all = query.all()
  assert.deepEqual(Object.keys(all[0]?.row ?? {}), ['heading', 'id'])
  assert.deepEqual(
    all.map(({ key }) => key),
    all.map(({ key }) => key).toSorted(query.compare),
  )
  const ids = [41, 44, 50, 51, 99].map((n) => new Uint8Array(16).fill(n))
  const wanted = new Set([41, 44, 50, 51].map(id))
  assert.deepEqual(
    query.some(1, ids),
    all.filter(({ row }) => wanted.has((row as { id: string }).id)),
  )
  assert.deepEqual(query.some(2, ids), [])
})
