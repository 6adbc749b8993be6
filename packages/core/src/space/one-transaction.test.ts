import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNodePlatform } from '../../../node/src/platform/platform.ts'
import { add, app, counter, increment, ref, remove, set, table, text } from '../schema/index.ts'
import { createKith } from './start.ts'

const todo = app('org.example.todo', {
  version: 1,
  tables: {
    tasks: table({ title: text().default('Task'), tags: set(), votes: counter() }),
    stars: table({ task: ref('tasks'), tags: set(), why: text().optional() }, { key: ['task'] }),
    bare: table({}),
  },
})

const openHome = async () => {
  const kith = await createKith(await createNodePlatform(':memory:'))
  return { kith, home: await kith.createSpace(todo, { name: 'Home' }) }
}

test('a removal takes what the same transaction has added, by insert, update and upsert', async () => {
  const { kith, home } = await openHome()
  const old = await home.tables.tasks.insert({ tags: ['a'] })
  await home.transact((tx) => {
    const made = tx.tasks.insert({ tags: ['a', 'b'] })
    tx.tasks.update(made, { tags: add('c') })
    tx.tasks.update(made, { tags: remove('a', 'c') })
    tx.tasks.update(old, { tags: add('d') })
    tx.tasks.update(old, { tags: remove('a', 'd') })
    const star = tx.stars.upsert({ task: made, tags: ['x', 'y'] })
    tx.stars.update(star, { tags: remove('x') })
  })
  const tags = await home.query((q) => q.selectFrom('tasks').select('tags').orderBy('id'))
  assert.deepEqual(tags, [{ tags: [] }, { tags: ['b'] }])
  assert.deepEqual(await home.query((q) => q.selectFrom('stars').select('tags')), [{ tags: ['y'] }])
  await kith.close()
})

test('a restore takes back the deletion of the same transaction, and so does an upsert', async () => {
  const { kith, home } = await openHome()
  const old = await home.tables.tasks.insert({})
  const star = await home.tables.stars.upsert({ task: old })
  await home.transact((tx) => {
    tx.tasks.delete(old)
    tx.tasks.restore(old)
    const made = tx.tasks.insert({})
    tx.tasks.delete(made)
    tx.tasks.restore(made)
    tx.stars.delete(star)
    tx.stars.upsert({ task: old, why: 'again' })
  })
  assert.equal((await home.query((q) => q.selectFrom('tasks').select('id'))).length, 2)
  assert.deepEqual(await home.query((q) => q.selectFrom('stars').select('why')), [{ why: 'again' }])
  await kith.close()
})

test('rows without any value are inserted by the hundred', async () => {
  const { kith, home } = await openHome()
  await home.transact((tx) => {
    for (let count = 0; count < 100; count += 1) tx.bare.insert({})
  })
  assert.equal((await home.query((q) => q.selectFrom('bare').select('id'))).length, 100)
  await kith.close()
})

test('an element that was added thousands of times is removed at once, and a counter shows no more than a number holds', async () => {
  const { kith, home } = await openHome()
  const task = await home.tables.tasks.insert({})
  await home.transact((tx) => {
    for (let count = 0; count < 5000; count += 1) tx.tasks.update(task, { tags: add('a') })
    for (let count = 0; count < 3; count += 1) tx.tasks.update(task, { votes: increment(Number.MAX_SAFE_INTEGER) })
  })
  await home.tables.tasks.update(task, { tags: remove('a') })
  const [row] = await home.query((q) => q.selectFrom('tasks').select(['tags', 'votes']))
  assert.deepEqual(row, { tags: [], votes: Number.MAX_SAFE_INTEGER })
  assert.deepEqual(await home.heldBack(), [])
  await kith.close()
})
