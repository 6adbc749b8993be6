import assert from 'node:assert/strict'
import { test } from 'node:test'
import { app, bool, type Kith, table, text } from '@kith/core'
import { createWorld } from './index.ts'

const todo = app('org.example.todo', {
  version: 1,
  tables: { tasks: table({ title: text(), done: bool().default(false) }) },
})
const titles = async (kith: Kith): Promise<string[]> => {
  const rows = await kith.query(todo, (q) => q.selectFrom('tasks').select('title').orderBy('title'))
  return rows.map(({ title }) => title)
}

test('what one writes all have, once the world has settled', async () => {
  await using world = await createWorld({ devices: ['Alice', 'Bob', 'Carol'] })
  const { alice, bob, carol } = world.devices
  const home = await alice.createSpace(todo, { name: 'Home' })
  const link = await home.invite({ role: 'writer' })
  const his = await bob.join(todo, link)
  await carol.join(todo, link)
  await his.tables.tasks.insert({ title: 'Buy milk' })
  await world.settle()
  for (const kith of [alice, bob, carol]) assert.deepEqual(await titles(kith), ['Buy milk'])
  assert.deepEqual((await home.members()).map(({ name }) => name).sort(), ['Alice', 'Bob', 'Carol'])
})

test('who is cut off works on alone, and gets what it missed when it is back', async () => {
  await using world = await createWorld({ devices: ['Alice', 'Bob'] })
  const { alice, bob } = world.devices
  const home = await alice.createSpace(todo, { name: 'Home' })
  const his = await bob.join(todo, await home.invite({ role: 'writer' }))
  await world.settle()

  world.partition('Bob')
  await home.tables.tasks.insert({ title: 'At home' })
  await his.tables.tasks.insert({ title: 'In a tunnel' })
  await world.settle()
  assert.deepEqual(await titles(alice), ['At home'])
  assert.deepEqual(await titles(bob), ['In a tunnel'])
  assert.equal((await bob.status()).hubs[0]?.state === 'connected', false)

  world.heal()
  await world.settle()
  for (const kith of [alice, bob]) assert.deepEqual(await titles(kith), ['At home', 'In a tunnel'])
})

test('a device that loses its power has what was acknowledged, and goes on', async () => {
  await using world = await createWorld({ devices: ['Alice', 'Bob'] })
  const { alice, bob } = world.devices
  const home = await alice.createSpace(todo, { name: 'Home' })
  await bob.join(todo, await home.invite({ role: 'writer' }))
  await home.tables.tasks.insert({ title: 'Kept' })
  const again = await world.restart('Alice')
  assert.equal(again, world.devices.alice)
  assert.equal(again.address, alice.address)
  await (await again.open(todo, home.id)).tables.tasks.insert({ title: 'Later' })
  await world.settle()
  for (const kith of [again, bob]) assert.deepEqual(await titles(kith), ['Kept', 'Later'])
})

test('a hub that is killed comes back on what it kept', async () => {
  await using world = await createWorld({ devices: ['Alice', 'Bob'] })
  const { alice, bob } = world.devices
  const home = await alice.createSpace(todo, { name: 'Home' })
  const link = await home.invite({ role: 'writer' })
  await home.synced()
  world.stopHub()
  await home.tables.tasks.insert({ title: 'Without a hub' })
  await world.settle()
  world.startHub()
  await bob.join(todo, link)
  await world.settle()
  assert.deepEqual(await titles(bob), ['Without a hub'])
})

test('hours pass at once, and a link has expired by then', async () => {
  await using world = await createWorld({ devices: ['Alice', 'Bob'] })
  const { alice, bob } = world.devices
  const home = await alice.createSpace(todo, { name: 'Home' })
  const hourMs = 60 * 60 * 1000
  const link = await home.invite({ role: 'writer', expires: new Date(world.now().getTime() + hourMs) })
  await home.synced()
  await world.pass(2 * hourMs)
  await assert.rejects(bob.join(todo, link), { code: 'link-expired' })
})

test('a live query tells of what others write, by itself', async () => {
  await using world = await createWorld({ devices: ['Alice', 'Bob'] })
  const { alice, bob } = world.devices
  const home = await alice.createSpace(todo, { name: 'Home' })
  const his = await bob.join(todo, await home.invite({ role: 'writer' }))
  const seen = new Promise<string>((resolve) => {
    his.live(
      (q) => q.selectFrom('tasks').select('title'),
      ([first]) => first && resolve(first.title),
    )
  })
  await home.tables.tasks.insert({ title: 'Look' })
  assert.equal(await seen, 'Look')
})

test('the same seed and time give the same world, another seed another one', async () => {
  const story = async (seed: string): Promise<string> => {
    await using world = await createWorld({ devices: ['Alice'], seed, startsAt: new Date('2027-03-01') })
    const home = await world.devices.alice.createSpace(todo, { name: 'Home' })
    return await home.tables.tasks.insert({ title: 'Buy milk' })
  }
  assert.equal(await story('one'), await story('one'))
  assert.notEqual(await story('one'), await story('two'))
})

test('a world that ends lets no one wait for ever', async () => {
  const world = await createWorld({ devices: ['Alice'] })
  const home = await world.devices.alice.createSpace(todo, { name: 'Home' })
  const writing = home.tables.tasks.insert({ title: 'On the way' })
  await world.close()
  assert.equal((await writing).length, 26)
})

test('names that cannot be told apart, and names of nobody, are refused', async () => {
  await assert.rejects(createWorld({ devices: ['Alice', 'Alice'] }), /Two devices are called Alice/)
  await using world = await createWorld({ devices: ['Alice'] })
  assert.throws(() => world.partition('Bob' as 'Alice'), /no device called Bob; there are Alice/)
})
