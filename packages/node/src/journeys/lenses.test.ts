/** A column split in two and a text that became an enum, while older versions of the app still write the old ones. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { app, int, type Space, table, text } from '@kith/core'
import { inScene, type Scene, until } from './conditions.fixture.ts'
import { openHub, openPerson } from './people.fixture.ts'
import { createSwitch } from './switch.fixture.ts'

const first = app('org.kith.lenses', {
  version: 1,
  tables: { people: table({ name: text(), state: text().default('new'), age: int().optional() }) },
})

const states = ['open', 'done', 'unknown']

const second = app('org.kith.lenses', {
  version: 2,
  tables: {
    people: table({
      name: text(),
      first: text(),
      last: text(),
      state: text().default('new'),
      stage: text().default('open'),
      age: int().optional(),
    })
      .lens({
        from: ['name'],
        to: ['first', 'last'],
        forward: ({ name }) => {
          if (name.includes('!')) throw new Error('no name has an exclamation mark')
          const [given = '', ...rest] = name.split(' ')
          return { first: given, last: rest.join(' ') }
        },
        back: ({ first, last }) => {
          if (first.includes('?')) throw new Error('no name has a question mark')
          return { name: `${first} ${last}`.trim() }
        },
      })
      .lens({
        from: ['state'],
        to: ['stage'],
        forward: ({ state }) => ({ stage: state === 'new' ? 'open' : states.includes(state) ? state : 'unknown' }),
        back: ({ stage }) => ({ state: stage === 'open' ? 'new' : stage }),
      }),
  },
})

type First = Space<typeof first>
type Second = Space<typeof second>

const meet = async (scene: Scene) => {
  const hub = await openHub(scene)
  const line = createSwitch()
  const alice = await openPerson(scene, 'alice', [hub.url])
  const bob = await openPerson(scene, 'bob', [hub.url], line.on)
  const hers = await alice.createSpace(second, { name: 'Club' })
  const his: First = await bob.join(first, await hers.invite({ role: 'writer' }))
  await his.synced()
  return { alice, bob, hers, his, line }
}

const names = async (space: Second) =>
  (await space.query((q) => q.selectFrom('people').select(['first', 'last', 'stage']).orderBy('id'))).map(
    ({ first, last, stage }) => `${first}|${last}|${stage}`,
  )
const oldNames = async (space: First) =>
  (await space.query((q) => q.selectFrom('people').select(['name', 'state']).orderBy('id'))).map(
    ({ name, state }) => `${name}|${state}`,
  )

test('both versions read and write the same person, each in its own columns', async () => {
  await inScene(async (scene) => {
    const { hers, his } = await meet(scene)
    const ann = await his.tables.people.insert({ name: 'Ann Lee', state: 'done' })
    const bea = await hers.tables.people.insert({ first: 'Bea Marie', last: 'Ott' })
    await until('Alice has both', async () => (await names(hers)).length === 2)
    await until('Bob has both', async () => (await oldNames(his)).length === 2)
    assert.deepEqual((await names(hers)).sort(), ['Ann|Lee|done', 'Bea Marie|Ott|open'])
    assert.deepEqual((await oldNames(his)).sort(), ['Ann Lee|done', 'Bea Marie Ott|new'])
    await hers.tables.people.update(ann, { first: 'Anna Mia' })
    await until('Bob reads it', async () => (await oldNames(his)).includes('Anna Mia Lee|done'))
    await his.tables.people.update(bea, { name: 'Bea Otter', state: 'whatever' })
    await until('Alice reads it', async () => (await names(hers)).includes('Bea|Otter|unknown'))
    // What was taken apart once stays so, until an older version writes it anew.
    assert.ok((await names(hers)).includes('Anna Mia|Lee|done'))
    assert.equal((await hers.tables.people.get(ann))?.first, 'Anna Mia')
    assert.deepEqual(await hers.heldBack(), [])
  })
})

test('newer columns are filtered, ordered and joined like any other, live too', async () => {
  await inScene(async (scene) => {
    const { alice, hers, his } = await meet(scene)
    const seen: string[][] = []
    const stop = hers.live(
      (q) => q.selectFrom('people').select(['id', 'last']).where('stage', '=', 'open').orderBy('last', 'desc'),
      (rows) => seen.push(rows.map(({ last }) => last)),
    )
    const id = await his.tables.people.insert({ name: 'Ann Lee' })
    await his.tables.people.insert({ name: 'Cid Abt', state: 'done' })
    await hers.tables.people.insert({ first: 'Bea', last: 'Ott' })
    await until('both are seen', () => seen.at(-1)?.join() === 'Ott,Lee')
    await his.tables.people.update(id, { name: 'Ann Zed' })
    await until('in their order', () => seen.at(-1)?.join() === 'Zed,Ott')
    stop()
    const spanning = await alice.query(second, (q) =>
      q
        .selectFrom('people as one')
        .innerJoin('people as other', 'other.last', 'one.last')
        .select(['one.first', 'other.space'])
        .where('one.last', 'in', ['Abt', 'Zed'])
        .orderBy('one.first'),
    )
    assert.deepEqual(spanning, [
      { first: 'Ann', space: hers.id },
      { first: 'Cid', space: hers.id },
    ])
    const row = (await hers.query((q) => q.selectFrom('people').selectAll().where('id', '=', id)))[0]
    assert.deepEqual(row, { id, name: 'Ann Zed', first: 'Ann', last: 'Zed', state: 'new', stage: 'open', age: null })
  })
})

test('two of the newer version merge column by column; an older version’s name counts as a whole, the last writer wins', async () => {
  await inScene(async (scene) => {
    const { bob, hers, his, line } = await meet(scene)
    const id = await hers.tables.people.insert({ first: 'Ann', last: 'Lee' })
    await until('Bob has it', async () => (await oldNames(his)).length === 1)
    const his2 = await bob.open(second, his.id)
    line.cut()
    await hers.tables.people.update(id, { first: 'Anna' })
    await his2.tables.people.update(id, { last: 'Lei' })
    line.mend()
    await until('both at Alice', async () => (await names(hers))[0] === 'Anna|Lei|open')
    await until('both at Bob', async () => (await names(his2))[0] === 'Anna|Lei|open')
    // An older version sees what the last of them saw.
    assert.deepEqual(await oldNames(his), ['Ann Lei|new'])
    line.cut()
    await hers.tables.people.update(id, { first: 'Annabel' })
    await his.tables.people.update(id, { name: 'Ann Other' })
    line.mend()
    await until('his name is the last', async () => (await names(hers))[0] === 'Ann|Other|open')
    assert.deepEqual(await names(his2), ['Ann|Other|open'])
    assert.deepEqual(await oldNames(his), ['Ann Other|new'])
  })
})

test('what one transaction writes goes through the lens as a whole', async () => {
  await inScene(async (scene) => {
    const { hers, his } = await meet(scene)
    const old = await his.tables.people.insert({ name: 'Cid Abt' })
    await until('Alice has it', async () => (await names(hers)).length === 1)
    const id = await hers.transact((tx) => {
      const made = tx.people.insert({ first: 'Ann', last: 'Lee' })
      tx.people.update(made, { last: 'Ott' })
      tx.people.update(made, { first: 'Anna' })
      tx.people.update(old, { first: 'Cyd' })
      tx.people.update(old, { last: 'Abbot' })
      return made
    })
    assert.deepEqual((await names(hers)).sort(), ['Anna|Ott|open', 'Cyd|Abbot|open'])
    assert.equal((await hers.tables.people.get(id))?.name, 'Anna Ott')
    await until('Bob has it', async () => (await oldNames(his)).length === 2)
    assert.deepEqual((await oldNames(his)).sort(), ['Anna Ott|new', 'Cyd Abbot|new'])
  })
})

test('a lens that fails is told of by table, columns and row, and the rest goes on', async () => {
  await inScene(async (scene) => {
    const { hers, his } = await meet(scene)
    const bad = await his.tables.people.insert({ name: 'Ann!' })
    await his.tables.people.insert({ name: 'Bea Ott' })
    await until('Alice has both', async () => (await names(hers)).length === 2)
    assert.deepEqual((await names(hers)).sort(), ['Bea|Ott|open', 'null|null|open'])
    const { lensFailures } = await hers.status()
    assert.equal(lensFailures.length, 1)
    assert.deepEqual(
      { ...lensFailures[0], message: '' },
      {
        code: 'lens-failed',
        table: 'people',
        columns: ['first', 'last'],
        row: bad,
        message: '',
      },
    )
    assert.match(
      lensFailures[0]?.message ?? '',
      /"people.first", "people.last" failed: no name has an exclamation mark/,
    )
    await assert.rejects(hers.tables.people.insert({ first: 'Ann?', last: '' }), {
      code: 'lens-failed',
      message: /"people.name" failed: no name has a question mark/,
    })
    const [other] = await hers.query((q) => q.selectFrom('people').select('id').where('first', '=', 'Bea'))
    await assert.rejects(hers.tables.people.update(other?.id ?? '', { first: '?' }), {
      code: 'lens-failed',
      message: new RegExp(`"people.name" of row ${other?.id ?? ''} failed`),
    })
    await assert.rejects(hers.tables.people.update(bad, { first: 'Ann' }), {
      code: 'bad-value',
      message: /people.last/,
    })
    await hers.tables.people.update(bad, { first: 'Ann', last: 'Lee' })
    assert.deepEqual((await hers.status()).lensFailures, [])
    assert.deepEqual((await names(hers)).sort(), ['Ann|Lee|open', 'Bea|Ott|open'])
    await assert.rejects(hers.tables.people.update(bad, { name: 'x' } as never), {
      code: 'bad-value',
      message: /"people.name" is for older versions of the app: write "first", "last" instead/,
    })
  })
})
