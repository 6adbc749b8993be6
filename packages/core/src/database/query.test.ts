import assert from 'node:assert/strict'
import { test } from 'node:test'
import { address, bytes, createFixture, id } from './query.fixture.ts'

test('a row is decoded to the types of its columns', () => {
  const { queries } = createFixture()
  assert.deepEqual(
    queries.run((q) => q.selectFrom('tasks').selectAll().where('heading', '=', 'Milk')),
    [
      {
        id: id(10),
        heading: 'Milk',
        done: true,
        due: new Date(5000),
        extra: { colour: 'red' },
        list: id(1),
        owner: address(7),
        votes: 3,
        tags: ['a', 'b'],
        place: 'a0',
        size: 4,
        weight: 1.5,
        notes: 'plain',
      },
    ],
  )
})

test('a row from before a column shows its default, or what a merged column starts with', () => {
  const { queries } = createFixture()
  const [row] = queries.run((q) => q.selectFrom('tasks').selectAll().where('id', '=', id(12)))
  assert.deepEqual([row?.done, row?.votes, row?.tags, row?.notes, row?.due], [false, 0, [], '', null])
  assert.equal(queries.run((q) => q.selectFrom('tasks').select('id').where('done', '=', false)).length, 2)
})

test('types hold through aliases, joins, subqueries, unions, CTEs and aggregates', () => {
  const { queries } = createFixture()
  const joined = queries.run((q) =>
    q
      .selectFrom('tasks as t')
      .innerJoin('lists as l', 'l.id', 't.list')
      .select(['t.done as isDone', 'l.id as listId', 'l.name'])
      .orderBy('t.id'),
  )
  assert.deepEqual(joined, [
    { isDone: true, listId: id(1), name: 'Home' },
    { isDone: false, listId: id(2), name: 'Work' },
  ])
  const nested = queries.run((q) =>
    q
      .selectFrom((eb) => eb.selectFrom('tasks').select(['due as d', 'list as l']).where('due', 'is not', null).as('s'))
      .selectAll('s'),
  )
  assert.deepEqual(nested, [{ d: new Date(5000), l: id(1) }])
  const union = queries.run((q) =>
    q
      .selectFrom('tasks')
      .select('id as x')
      .where('done', '=', true)
      .unionAll(q.selectFrom('lists').select('id as x'))
      .orderBy('x', 'desc'),
  )
  assert.deepEqual(
    union.map((row) => row.x),
    [id(10), id(2), id(1)],
  )
  const cte = queries.run((q) =>
    q
      .with('open(task, isDone)', (db) => db.selectFrom('tasks').select(['id as task', 'done as isDone']))
      .selectFrom('open')
      .selectAll()
      .where('task', '=', id(10)),
  )
  assert.deepEqual(cte, [{ task: id(10), isDone: true }])
  const [least] = queries.run((q) =>
    q
      .selectFrom('tasks')
      .select((eb) => [
        eb.fn.min('id').as('first'),
        eb.fn.max('due').as('last'),
        eb.fn.countAll<number>().as('n'),
        eb.fn.coalesce('due', eb.val(new Date(1))).as('some'),
        eb.case().when('done', '=', true).then(eb.ref('list')).else(null).end().as('chosen'),
        eb.selectFrom('lists').select('lists.id').limit(1).as('one'),
      ]),
  )
  assert.deepEqual(least, {
    first: id(10),
    last: new Date(5000),
    n: 3,
    some: least?.some,
    chosen: least?.chosen,
    one: id(1),
  })
  assert.ok(least?.some instanceof Date)
})

test('a recursive CTE keeps its types', () => {
  const { queries, store } = createFixture()
  store('notes', 30)
  store('notes', 31, { parent: bytes(30) })
  store('notes', 32, { parent: bytes(31) })
  const rows = queries.run((q) =>
    q
      .withRecursive('tree', (db) =>
        db
          .selectFrom('notes')
          .select(['id', 'parent'])
          .where('id', '=', id(30))
          .unionAll((eb) =>
            eb.selectFrom('notes').innerJoin('tree', 'tree.id', 'notes.parent').select(['notes.id', 'notes.parent']),
          ),
      )
      .selectFrom('tree')
      .selectAll()
      .where('tree.id', 'in', [id(31), id(32)])
      .orderBy('id'),
  )
  assert.deepEqual(rows, [
    { id: id(31), parent: id(30) },
    { id: id(32), parent: id(31) },
  ])
})

test('parameters are translated by what they are compared with', () => {
  const { queries } = createFixture()
  const ids = (build: Parameters<typeof queries.run<{ id: string }>>[0]) => queries.run(build).map((row) => row.id)
  assert.deepEqual(
    ids((q) =>
      q
        .selectFrom('tasks')
        .select('id')
        .where('list', 'in', [id(1), id(9)]),
    ),
    [id(10)],
  )
  assert.deepEqual(
    ids((q) => q.selectFrom('tasks').select('id').where('owner', '=', address(7))),
    [id(10)],
  )
  assert.deepEqual(
    ids((q) => q.selectFrom('tasks').select('id').where('due', '<', new Date(6000))),
    [id(10)],
  )
  assert.deepEqual(
    ids((q) => q.selectFrom('tasks').select('id').where('extra', '=', { colour: 'red' })),
    [id(10)],
  )
  assert.deepEqual(
    ids((q) =>
      q
        .selectFrom('tasks')
        .select('id')
        .where((eb) => eb('tags', '=', eb.val(['b', 'a']))),
    ),
    [id(10)],
  )
  assert.deepEqual(
    ids((q) => q.selectFrom('tasks as a').select('a.id').where('a.id', '>', id(10)).orderBy('a.id')),
    [id(11), id(12)],
  )
  assert.deepEqual(
    ids((q) =>
      q
        .selectFrom('tasks')
        .select('id')
        .where((eb) => eb.between('id', id(10), id(11)))
        .orderBy('id'),
    ),
    [id(10), id(11)],
  )
  assert.deepEqual(
    ids((q) =>
      q
        .selectFrom('tasks')
        .select('id')
        .where((eb) => eb(eb.val(id(11)), '=', eb.ref('id'))),
    ),
    [id(11)],
  )
  assert.deepEqual(
    ids((q) =>
      q
        .selectFrom('tasks')
        .select('id')
        .where((eb) => eb(eb.fn.coalesce('list', 'id'), '=', id(12))),
    ),
    [id(12)],
  )
  assert.deepEqual(
    ids((q) =>
      q
        .selectFrom('tasks')
        .select('id')
        .where((eb) => eb(eb.refTuple('id', 'list'), 'in', [eb.tuple(id(10), id(1))])),
    ),
    [id(10)],
  )
  assert.deepEqual(
    ids((q) =>
      q
        .selectFrom('tasks')
        .select('id')
        .where('list', 'in', q.selectFrom('lists').select('id').where('id', '!=', id(1))),
    ),
    [id(11)],
  )
  assert.deepEqual(
    ids((q) =>
      q
        .selectFrom('tasks')
        .select('id')
        .where((eb) =>
          eb.exists(
            eb
              .selectFrom('lists')
              .select('lists.id')
              .whereRef('lists.id', '=', 'tasks.list')
              .where('tasks.id', '=', id(11)),
          ),
        ),
    ),
    [id(11)],
  )
  assert.deepEqual(
    ids((q) =>
      q
        .selectFrom('tasks')
        .select((eb) => eb.fn.max('id').as('id'))
        .groupBy('list')
        .having((eb) => eb.fn.max('id'), '=', id(11)),
    ),
    [id(11)],
  )
})

test('a set and a json column can be taken apart', () => {
  const { queries } = createFixture()
  const tagged = queries.run((q) =>
    q
      .selectFrom('tasks')
      .select('id')
      .where((eb) =>
        eb.exists(
          eb
            .selectFrom(eb.fn<{ value: string }>('json_each', ['tasks.tags']).as('tag'))
            .select('tag.value')
            .where('tag.value', '=', 'b'),
        ),
      ),
  )
  assert.deepEqual(tagged, [{ id: id(10) }])
  const colours = queries.run((q) =>
    q
      .selectFrom('tasks')
      .select((eb) => eb.ref('extra', '->>').key('colour').as('colour'))
      .where('extra', 'is not', null),
  )
  assert.deepEqual(colours, [{ colour: 'red' }])
})
