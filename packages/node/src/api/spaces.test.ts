import assert from 'node:assert/strict'
import { test } from 'node:test'
import { app, bool, int, listPersons, openKith, table, text } from '../index.ts'
import { createFolder, hasCode, openPerson } from './person.fixture.ts'

const tasks = { title: text(), done: bool().default(false) }
const todo = app('org.example.todo', { version: 1, tables: { tasks: table(tasks) } })
const chat = app('org.example.chat', { version: 1, tables: { messages: table({ text: text() }) } })

test('a query over all spaces of an app says which space each row is of', async (context) => {
  const alice = await openPerson(context)
  const home = await alice.createSpace(todo, { name: 'Home' })
  const work = await alice.createSpace(todo, { name: 'Work' })
  await home.tables.tasks.insert({ title: 'Milk' })
  await work.tables.tasks.insert({ title: 'Report' })
  const rows = await alice.query(todo, (q) => q.selectFrom('tasks').select(['space', 'title']).orderBy('title'))
  assert.deepEqual(rows, [
    { space: home.id, title: 'Milk' },
    { space: work.id, title: 'Report' },
  ])
})

test('spaces are listed by app with their names, the newest first', async (context) => {
  const alice = await openPerson(context)
  const home = await alice.createSpace(todo, { name: 'Home' })
  const talk = await alice.createSpace(chat, { name: 'Talk' })
  await home.rename('At home')
  assert.deepEqual(
    (await alice.spaces({ app: todo })).map(({ id, name, app: appId }) => ({ id, name, appId })),
    [{ id: home.id, name: 'At home', appId: 'org.example.todo' }],
  )
  await talk.tables.messages.insert({ text: 'hello' })
  assert.equal((await alice.spaces())[0]?.id, talk.id)
  await assert.rejects(alice.open(chat, home.id), hasCode('wrong-app'))
  await assert.rejects(alice.open(chat, 'nonsense'), hasCode('not-found'))
})

test('a live query tells rows at first and after each change, and keeps rows that did not change', async (context) => {
  const alice = await openPerson(context)
  const home = await alice.createSpace(todo, { name: 'Home' })
  const id = await home.tables.tasks.insert({ title: 'Milk' })
  await home.tables.tasks.insert({ title: 'Tea' })
  const shown: { id: string; title: string }[][] = []
  const waiting: (() => void)[] = []
  const stop = home.live(
    (q) => q.selectFrom('tasks').select(['id', 'title']).orderBy('id'),
    (rows) => {
      shown.push(rows)
      waiting.shift()?.()
    },
  )
  const next = (): Promise<void> => new Promise((resolve) => waiting.push(resolve))
  await next()
  const changed = next()
  await home.tables.tasks.update(id, { title: 'Oat milk' })
  await changed
  stop()
  assert.deepEqual(
    shown.map((rows) => rows.map(({ title }) => title)),
    [
      ['Milk', 'Tea'],
      ['Oat milk', 'Tea'],
    ],
  )
  assert.equal(shown[0]?.[1], shown[1]?.[1], 'the row that did not change is the same object')
})

test('a new version of an app publishes its schema, and one that would lose data is refused', async (context) => {
  const path = createFolder(context)
  const alice = await openPerson(context, path)
  const home = await alice.createSpace(todo, { name: 'Home' })
  const id = await home.tables.tasks.insert({ title: 'Milk' })
  const next = app('org.example.todo', {
    version: 2,
    tables: { tasks: table({ heading: text().was('title'), done: bool().default(false), stars: int().default(3) }) },
  })
  const later = await alice.open(next, home.id)
  assert.deepEqual(await later.tables.tasks.get(id), { id, heading: 'Milk', done: false, stars: 3 })
  await later.tables.tasks.insert({ heading: 'Tea', stars: 5 })
  await home.tables.tasks.insert({ title: 'Bread' })
  assert.deepEqual(
    (await home.query((q) => q.selectFrom('tasks').select('title').orderBy('title'))).map(({ title }) => title),
    ['Bread', 'Milk', 'Tea'],
  )
  const loses = app('org.example.todo', { version: 3, tables: { tasks: table({ done: bool().default(false) }) } })
  await assert.rejects(alice.open(loses, home.id), hasCode('schema-mismatch'))
  const silently = app('org.example.todo', {
    version: 2,
    tables: { tasks: table({ heading: text().was('title'), done: bool().default(false) }) },
  })
  await assert.rejects(alice.open(silently, home.id), hasCode('schema-mismatch'))
})

test('a row can be explained: who wrote it, under what, who can read it', async (context) => {
  const alice = await openPerson(context)
  const home = await alice.createSpace(todo, { name: 'Home' })
  const id = await home.tables.tasks.insert({ title: 'Milk' })
  const explained = await home.explain(id)
  assert.equal(explained.author.address, alice.address)
  assert.equal(explained.author.name, 'Alice')
  assert.equal(explained.state, 'applied')
  assert.deepEqual(explained.readers, [{ address: alice.address, name: 'Alice', rank: 'owner', how: 'keys' }])
  assert.equal(explained.right?.source, 'founder')
  assert.match(explained.text, /^Alice wrote this on .* It can be read by Alice \(owner\)\.$/)
  assert.deepEqual(await home.explain(explained.change), explained)
  await assert.rejects(home.explain('0'.repeat(26)), hasCode('not-found'))
})

test('several persons live in one installation, each in a folder of its own', async (context) => {
  const path = createFolder(context)
  assert.deepEqual(await listPersons(path), [])
  const addresses = new Set<string>()
  for (const person of ['alice', 'bob']) {
    const kith = await openKith({ path, person, name: person })
    addresses.add(kith.address)
    await kith.close()
  }
  assert.deepEqual(await listPersons(path), ['alice', 'bob'])
  assert.equal(addresses.size, 2)
  const again = await openKith({ path, person: 'alice' })
  assert.ok(addresses.has(again.address))
  await again.close()
  for (const person of ['', '..', 'a/b', 'x'.repeat(65)])
    await assert.rejects(openKith({ path, person }), hasCode('bad-value'))
})
