import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  add,
  after,
  app,
  between,
  bool,
  counter,
  first,
  increment,
  int,
  json,
  order,
  person,
  real,
  ref,
  remove,
  richText,
  set,
  table,
  text,
  time,
} from '../index.ts'
import { hasCode, openPerson } from './person.fixture.ts'

const shop = app('org.example.shop', {
  version: 1,
  tables: {
    shelves: table({ name: text(), place: order() }),
    items: table({
      name: text(),
      amount: int().default(1),
      weight: real().optional(),
      isSold: bool().default(false),
      due: time().optional(),
      more: json<{ colour: string }>().optional(),
      shelf: ref('shelves').optional().onDelete('null'),
      owner: person().optional(),
      votes: counter(),
      tags: set(),
      notes: richText(),
    }),
    reviews: table(
      { item: ref('items').onDelete('hide'), person: person(), stars: int(), comment: text().default('') },
      { key: ['item', 'person'] },
    ),
  },
})

const openShop = async (context: TestContext) => {
  const alice = await openPerson(context)
  return { alice, space: await alice.createSpace(shop, { name: 'Shop' }) }
}

test('a row comes back with the types of its columns, through get and through queries', async (context) => {
  const { alice, space } = await openShop(context)
  const { items, shelves } = space.tables
  const shelf = await shelves.insert({ name: 'Top', place: first() })
  const due = new Date('2026-11-21T10:00:00Z')
  const id = await items.insert({
    name: 'Tea',
    weight: 0.5,
    due,
    more: { colour: 'green' },
    shelf,
    owner: alice.address,
    tags: ['hot', 'leaf'],
  })
  const expected = {
    id,
    name: 'Tea',
    amount: 1,
    weight: 0.5,
    isSold: false,
    due,
    more: { colour: 'green' },
    shelf,
    owner: alice.address,
    votes: 0,
    tags: ['hot', 'leaf'],
    notes: '',
  }
  assert.deepEqual(await items.get(id), expected)
  const [joined] = await space.query((q) =>
    q
      .selectFrom('items as i')
      .innerJoin('shelves as s', 's.id', 'i.shelf')
      .select(['i.id as item', 's.id as on', 'i.due as when', 'i.isSold as gone'])
      .where('i.owner', '=', alice.address),
  )
  assert.deepEqual(joined, { item: id, on: shelf, when: due, gone: false })
  assert.equal(await items.get('0'.repeat(26)), undefined)
})

test('counters add up, and a plain number is refused', async (context) => {
  const { space } = await openShop(context)
  const { items } = space.tables
  const id = await items.insert({ name: 'Tea', votes: increment(5) })
  await Promise.all([items.update(id, { votes: increment() }), items.update(id, { votes: increment(-3) })])
  assert.equal((await items.get(id))?.votes, 3)
  await assert.rejects(items.update(id, { votes: 7 as never }), hasCode('bad-value'))
  assert.equal((await items.get(id))?.votes, 3)
})

test('sets take and give up elements, those of the insert too', async (context) => {
  const { space } = await openShop(context)
  const { items } = space.tables
  const id = await items.insert({ name: 'Tea', tags: ['hot', 'leaf'] })
  await items.update(id, { tags: remove('hot') })
  await items.update(id, { tags: [add('new', 'cold'), remove('leaf')] })
  assert.deepEqual((await items.get(id))?.tags, ['cold', 'new'])
  await items.update(id, { tags: add('hot') })
  assert.deepEqual((await items.get(id))?.tags, ['cold', 'hot', 'new'])
})

test('places keep rows in the order that people gave them', async (context) => {
  const { space } = await openShop(context)
  const { shelves } = space.tables
  const middle = first()
  await shelves.insert({ name: 'middle', place: middle })
  const last = after(middle)
  await shelves.insert({ name: 'last', place: last })
  await shelves.insert({ name: 'first', place: first(middle) })
  await shelves.insert({ name: 'inserted', place: between(middle, last) })
  const rows = await space.query((q) => q.selectFrom('shelves').select('name').orderBy('place').orderBy('id'))
  assert.deepEqual(
    rows.map(({ name }) => name),
    ['first', 'middle', 'inserted', 'last'],
  )
})

test('a deleted row is hidden, shows to what refers to it as the column says, and can be restored', async (context) => {
  const { alice, space } = await openShop(context)
  const { items, shelves, reviews } = space.tables
  const shelf = await shelves.insert({ name: 'Top', place: first() })
  const id = await items.insert({ name: 'Tea', shelf })
  const review = await reviews.upsert({ item: id, person: alice.address, stars: 5 })
  await shelves.delete(shelf)
  assert.equal((await items.get(id))?.shelf, null)
  await items.delete(id)
  assert.equal(await items.get(id), undefined)
  assert.equal(await reviews.get(review), undefined)
  await items.update(id, { name: 'Green tea' })
  assert.equal(await items.get(id), undefined, 'an update does not bring a row back')
  await items.restore(id)
  assert.equal((await items.get(id))?.name, 'Green tea')
  assert.equal((await reviews.get(review))?.stars, 5)
})

test('an upsert of a keyed row updates what it names, leaves the rest, and takes back a deletion', async (context) => {
  const { alice, space } = await openShop(context)
  const { items, reviews } = space.tables
  const item = await items.insert({ name: 'Tea' })
  const id = await reviews.upsert({ item, person: alice.address, stars: 3, comment: 'fine' })
  assert.equal(await reviews.upsert({ item, person: alice.address, stars: 4 }), id)
  assert.deepEqual(await reviews.get(id), { id, item, person: alice.address, stars: 4, comment: 'fine' })
  await reviews.delete(id)
  await reviews.upsert({ item, person: alice.address, stars: 5 })
  assert.equal((await reviews.get(id))?.stars, 5)
  const stranger = '0'.repeat(76) + '0'
  await assert.rejects(reviews.upsert({ item, person: stranger, stars: 1 }), hasCode('not-allowed'))
})

test('values that do not fit are refused by a typed error that names table and column, and nothing is written', async (context) => {
  const { space } = await openShop(context)
  const { items } = space.tables
  const wrong: [object, string][] = [
    [{ name: 5 }, 'bad-value'],
    [{}, 'bad-value'],
    [{ name: 'Tea', amount: 1.5 }, 'bad-value'],
    [{ name: 'Tea', weight: Number.NaN }, 'bad-value'],
    [{ name: 'Tea', due: 'today' }, 'bad-value'],
    [{ name: 'Tea', nothing: 1 }, 'bad-value'],
    [{ name: 'Tea', shelf: '0'.repeat(26) }, 'dangling-reference'],
    [{ name: 'x'.repeat(100 * 1024 * 1024) }, 'too-large'],
  ]
  for (const [row, code] of wrong) await assert.rejects(items.insert(row as never), hasCode(code))
  await assert.rejects(items.update('0'.repeat(26), { name: 'Tea' }), hasCode('not-found'))
  assert.deepEqual(await space.query((q) => q.selectFrom('items').select('id')), [])
})
