/** Old and new versions of one app in one space, each on a device of its own. */
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { app, bool, counter, increment, int, type Kith, set, type Space, table, text } from '@kith/core'
import { databaseFile } from '../open-kith.ts'
import { inScene, type Scene, until } from './conditions.fixture.ts'
import { openHub, openPerson } from './people.fixture.ts'
import { createSwitch, type NetworkSwitch } from './switch.fixture.ts'

const first = app('org.kith.versions', {
  version: 1,
  tables: { tasks: table({ title: text(), done: bool().default(false), room: text().optional(), votes: counter() }) },
})

/** A column renamed, two added, one given up, and a table more. */
const second = app('org.kith.versions', {
  version: 2,
  dropped: ['tasks.room'],
  tables: {
    tasks: table({
      heading: text().was('title'),
      done: bool().default(false),
      votes: counter(),
      stars: int().default(3),
      tags: set(),
    }),
    lists: table({ name: text() }),
  },
})

type First = Space<typeof first>
type Second = Space<typeof second>
type Pair = {
  readonly alice: Kith
  readonly bob: Kith
  readonly his: First
  readonly open: () => Promise<Second>
  readonly line: NetworkSwitch
}

/** Alice has the new version at hand, and has not opened the space with it; Bob keeps the old one. */
const meetOld = async (scene: Scene, role = 'writer'): Promise<Pair> => {
  const hub = await openHub(scene)
  const line = createSwitch()
  const alice = await openPerson(scene, 'alice', [hub.url])
  const bob = await openPerson(scene, 'bob', [hub.url], line.on)
  const hers = await alice.createSpace(first, { name: 'Home' })
  const his = await bob.join(first, await hers.invite({ role, uses: 9 }))
  await his.synced()
  return { alice, bob, his, open: () => alice.open(second, hers.id), line }
}

const oldRows = (space: First) => space.query((q) => q.selectFrom('tasks').selectAll().orderBy('title'))
const newRows = (space: Second) => space.query((q) => q.selectFrom('tasks').selectAll().orderBy('heading'))

test('an old and a new version write to each other: renamed, added and dropped columns, online', async () => {
  await inScene(async (scene) => {
    const { his, open } = await meetOld(scene)
    const before = await his.tables.tasks.insert({ title: 'b', room: 'kitchen', votes: increment(1) })
    await his.synced()
    const hers = await open()
    await hers.synced()
    await hers.tables.tasks.update(before, { heading: 'b!', stars: 5, tags: { operation: 'add', elements: ['x'] } })
    const after = await hers.tables.tasks.insert({ heading: 'a', stars: 1 })
    await until('Bob has both', async () => (await oldRows(his)).some(({ title }) => title === 'b!'))
    await until('Bob has both', async () => (await oldRows(his)).length === 2)
    assert.deepEqual(await oldRows(his), [
      { id: after, title: 'a', done: false, room: null, votes: 0 },
      { id: before, title: 'b!', done: false, room: 'kitchen', votes: 1 },
    ])
    // He writes under the new record by now, and knows nothing of it: not even that a column of his is gone.
    const late = await his.tables.tasks.insert({ title: 'c', room: 'cellar' })
    await his.tables.tasks.update(after, { title: 'a!', room: 'attic', votes: increment(2) })
    await until('Alice has it', async () => (await newRows(hers)).some(({ heading }) => heading === 'a!'))
    await until('Alice has it', async () => (await newRows(hers)).length === 3)
    assert.deepEqual(await newRows(hers), [
      { id: after, heading: 'a!', done: false, votes: 2, stars: 1, tags: [] },
      { id: before, heading: 'b!', done: false, votes: 1, stars: 5, tags: ['x'] },
      { id: late, heading: 'c', done: false, votes: 0, stars: 3, tags: [] },
    ])
    assert.deepEqual(await hers.heldBack(), [])
    assert.deepEqual(await his.heldBack(), [])
  })
})

test('what both wrote while one was away takes its place, under either version', async () => {
  await inScene(async (scene) => {
    const { his, open, line } = await meetOld(scene)
    const both = await his.tables.tasks.insert({ title: 'both' })
    await his.synced()
    line.cut()
    const hers = await open()
    await hers.synced()
    await hers.tables.tasks.update(both, { stars: 5, done: true })
    await his.tables.tasks.update(both, { title: 'both of us', votes: increment(3) })
    const hisOwn = await his.tables.tasks.insert({ title: 'his', room: 'kitchen' })
    await hers.tables.lists.insert({ name: 'of the new version' })
    line.mend()
    await his.synced()
    await until('Alice has his', async () => (await newRows(hers)).length === 2)
    await until('Bob has hers', async () => (await oldRows(his)).some(({ done }) => done))
    assert.deepEqual(await newRows(hers), [
      { id: both, heading: 'both of us', done: true, votes: 3, stars: 5, tags: [] },
      { id: hisOwn, heading: 'his', done: false, votes: 0, stars: 3, tags: [] },
    ])
    assert.deepEqual(await oldRows(his), [
      { id: both, title: 'both of us', done: true, room: null, votes: 3 },
      { id: hisOwn, title: 'his', done: false, room: 'kitchen', votes: 0 },
    ])
    assert.deepEqual(await hers.heldBack(), [])
  })
})

test('a device that is updated shows what came before it knew of it', async () => {
  await inScene(async (scene) => {
    const { bob, his, open } = await meetOld(scene)
    const hers = await open()
    await hers.tables.tasks.insert({ heading: 'a', stars: 1, tags: ['x'] })
    await hers.tables.lists.insert({ name: 'all' })
    await until('Bob has it', async () => (await oldRows(his)).length === 1)
    await until('all of it', async () => (await his.status()).version.published === 2)
    await hers.synced()
    await his.synced()
    const updated = await bob.open(second, his.id)
    assert.deepEqual(
      (await newRows(updated)).map(({ stars, tags }) => ({ stars, tags })),
      [{ stars: 1, tags: ['x'] }],
    )
    assert.equal((await updated.query((q) => q.selectFrom('lists').selectAll())).length, 1)
  })
})

test('a newcomer with an old version reads and writes where it was never published', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const alice = await openPerson(scene, 'alice', [hub.url])
    const bob = await openPerson(scene, 'bob', [hub.url])
    const hers = await alice.createSpace(second, { name: 'Home' })
    await hers.tables.tasks.insert({ heading: 'hers' })
    const his = await bob.join(first, await hers.invite({ role: 'writer' }))
    await until('Bob has hers', async () => (await oldRows(his)).length === 1)
    await his.tables.tasks.insert({ title: 'his', room: 'kitchen' })
    await until('Alice has his', async () => (await newRows(hers)).length === 2)
    assert.deepEqual(
      (await oldRows(his)).map(({ title, room }) => ({ title, room })),
      [
        { title: 'hers', room: null },
        { title: 'his', room: null },
      ],
    )
  })
})

test('what a writer may not publish waits for an admin, and the space is used meanwhile', async () => {
  await inScene(async (scene) => {
    const { alice, bob, his, open } = await meetOld(scene)
    const id = await his.tables.tasks.insert({ title: 'a' })
    const updated = await bob.open(second, his.id)
    assert.deepEqual((await updated.status()).version, { own: 2, published: 1, minimum: 0 })
    await updated.tables.tasks.insert({ heading: 'b' })
    await updated.tables.tasks.update(id, { heading: 'a!' })
    await assert.rejects(updated.tables.tasks.update(id, { stars: 1 }), {
      code: 'schema-mismatch',
      message: /"tasks.stars" is not published yet .*An admin has to open the space with this version/,
    })
    await assert.rejects(updated.tables.lists.insert({ name: 'x' }), { code: 'schema-mismatch' })
    assert.deepEqual(
      (await newRows(updated)).map(({ heading, stars }) => ({ heading, stars })),
      [
        { heading: 'a!', stars: 3 },
        { heading: 'b', stars: 3 },
      ],
    )
    const hers = await open()
    await until('Bob has the schema', async () => (await updated.status()).version.published === 2)
    await updated.tables.tasks.update(id, { stars: 1 })
    await until('Alice has it', async () => (await newRows(hers)).some(({ stars }) => stars === 1))
    assert.equal((await alice.status()).spaces, 1)
  })
})

test('two newer versions published at once: both go on writing their own columns', async () => {
  await inScene(async (scene) => {
    const { alice, bob, his, line } = await meetOld(scene, 'admin')
    const third = app('org.kith.versions', {
      version: 3,
      dropped: ['tasks.room'],
      tables: { ...second.tables, rooms: table({ name: text() }) },
    })
    line.cut()
    const newest = await bob.open(third, his.id)
    await newest.tables.rooms.insert({ name: 'kitchen' })
    const hers = await alice.open(second, his.id)
    await hers.tables.tasks.insert({ heading: 'hers', stars: 1 })
    line.mend()
    await newest.synced()
    await until('Bob has hers', async () => (await newest.query((q) => q.selectFrom('tasks').selectAll())).length === 1)
    await until('Alice has both', async () => (await hers.status()).version.published === 3)
    await newest.tables.rooms.insert({ name: 'cellar' })
    await hers.tables.tasks.insert({ heading: 'later', stars: 2 })
    await until('Bob has more', async () => (await newest.query((q) => q.selectFrom('tasks').selectAll())).length === 2)
    assert.deepEqual(await hers.heldBack(), [])
    assert.deepEqual(await newest.heldBack(), [])
  })
})

test('a space that asks for a newer version is read only for older ones, which lose nothing and go on when updated', async () => {
  await inScene(async (scene) => {
    const { bob, his, open, line } = await meetOld(scene)
    const hers = await open()
    await hers.synced()
    line.cut()
    await his.tables.tasks.insert({ title: 'before he heard' })
    await assert.rejects(hers.requireVersion(3), { code: 'bad-value' })
    await assert.rejects(his.requireVersion(), { code: 'rank-too-low' })
    await hers.requireVersion()
    await hers.tables.tasks.insert({ heading: 'hers' })
    await hers.synced()
    const told: (string | undefined)[] = []
    his.liveStatus(({ needsUpdate }) => told.push(needsUpdate))
    line.mend()
    await until('Bob is told', () => told.at(-1) === 'app')
    assert.deepEqual((await his.status()).version, { own: 1, published: 2, minimum: 2 })
    await assert.rejects(his.tables.tasks.insert({ title: 'too late' }), {
      code: 'app-too-old',
      message: /asks for version 2 of the app, this is version 1.*Update the app/,
    })
    assert.equal(await his.can('insert', 'tasks'), false)
    await until('what he wrote before arrives', async () => (await newRows(hers)).length === 2)
    await until('he reads on', async () => (await oldRows(his)).length === 2)
    const updated = await bob.open(second, his.id)
    assert.equal((await updated.status()).needsUpdate, undefined)
    await updated.tables.tasks.insert({ heading: 'updated' })
    await until('Alice has it', async () => (await newRows(hers)).length === 3)
    await hers.requireVersion(0)
    await until('it is taken back', async () => (await his.status()).needsUpdate === undefined)
    await his.tables.tasks.insert({ title: 'again' })
  })
})

test('a program that has learnt more reads what is here once more', async () => {
  await inScene(async (scene) => {
    const alice = await openPerson(scene, 'alice', [])
    const hers = await alice.createSpace(second, { name: 'Home' })
    const id = await hers.tables.tasks.insert({ heading: 'a', stars: 5, tags: ['x'] })
    await hers.tables.lists.insert({ name: 'gone' })
    const { id: space } = hers
    await alice.close()
    // As an older program leaves it: a column whose type it did not know shows nothing, a change that it could not read is held back.
    const file = new DatabaseSync(databaseFile(scene.path('alice')))
    file.exec(`UPDATE "org.kith.versions/tasks" SET "tags:set" = NULL; DELETE FROM "org.kith.versions/lists";
      UPDATE meta SET value = 0 WHERE name = 'understanding'`)
    file.close()
    const again = await openPerson(scene, 'alice', [])
    const read = await again.open(second, space)
    assert.deepEqual(await newRows(read), [{ id, heading: 'a', done: false, votes: 0, stars: 5, tags: ['x'] }])
    assert.equal((await read.query((q) => q.selectFrom('lists').selectAll())).length, 1)
  })
})
