import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeCbor, encodeCbor } from '@kith/core/bytes'
import { inScene, type Scene, until } from './conditions.fixture.ts'
import { journal } from './journal.fixture.ts'
import { agree, has, meet, openHub, openPerson, untilAgree } from './people.fixture.ts'

/** Alice and Bob know each other, and then there is no hub any more. */
const withoutHub = async (scene: Scene) => {
  const hub = await openHub(scene)
  const couple = await meet(scene, [hub.url])
  await untilAgree(couple.hers, couple.his)
  await hub.close()
  return { ...couple, hub }
}

test('what Alice exports, Bob imports, with no hub at all', async () => {
  await inScene(async (scene) => {
    const { bob, alice, hers, his, hub } = await withoutHub(scene)
    const file = scene.path('home.kith')
    for (let at = 0; at < 100; at += 1) await hers.tables.entries.insert({ title: `row ${at}` })
    const open = await hers.text('entries', await hers.tables.entries.insert({ title: 'a text' }), 'body')
    open.doc.getText('text').insert(0, 'typed offline')
    await open.close()
    await his.tables.entries.insert({ title: 'by Bob' })
    await hers.exportBundle(file)
    const { space, changes } = await bob.importBundle(file)
    assert.equal(space, hers.id)
    assert.ok(changes >= 102)
    assert.ok(await has(his, 'typed offline'))
    assert.deepEqual(await bob.importBundle(file), { space: hers.id, changes: 0 })
    await alice.importBundle(await his.exportBundle())
    assert.ok(await agree(hers, his))
    // A hub that comes back gets all of it, from whoever has it.
    await openHub(scene, { port: hub.port })
    await Promise.all([hers.synced(), his.synced()])
    assert.ok(await agree(hers, his))
  })
})

test('a bundle leads who knows only older keys to the newer ones, and nobody to whom they are not given', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const { alice, bob, hers, his } = await meet(scene, [hub.url])
    const people = [
      { name: 'carol', kith: await openPerson(scene, 'carol', [hub.url]) },
      { name: 'dave', kith: await openPerson(scene, 'dave', [hub.url]) },
    ]
    const invite = await hers.invite({ role: 'writer', uses: 10 })
    const spaces = await Promise.all(people.map(({ kith }) => kith.join(journal, invite)))
    await hers.tables.entries.insert({ title: 'to all' })
    for (const space of [his, ...spaces]) await untilAgree(hers, space)
    await until('Alice knows all', async () => (await hers.members()).length === 4)
    await hub.close()

    // New keys twice, of which Bob has seen neither; what he writes meanwhile is under the old ones.
    for (const [at, { kith }] of people.entries()) {
      await hers.remove(kith.address)
      await hers.tables.entries.insert({ title: `after removal ${at}` })
    }
    await his.tables.entries.insert({ title: 'by Bob, meanwhile' })
    const bundle = await hers.exportBundle()
    await bob.importBundle(bundle)
    assert.ok((await has(his, 'after removal 0')) && (await has(his, 'after removal 1')))
    await his.tables.entries.insert({ title: 'under the newest keys' })
    await alice.importBundle(await his.exportBundle())
    assert.ok(await agree(hers, his))
    assert.ok((await has(hers, 'by Bob, meanwhile')) && (await has(hers, 'under the newest keys')))

    for (const { kith } of people) await assert.rejects(kith.importBundle(bundle), { code: 'cannot-open' })
    const readable = ['to all', 'after removal 0', 'after removal 1'].map((text) =>
      Promise.all(spaces.map((space) => has(space, text))),
    )
    assert.deepEqual(await Promise.all(readable), [
      [true, true],
      [false, true],
      [false, false],
    ])
  })
})

test('a damaged bundle says so; what is whole in it is taken', async () => {
  await inScene(async (scene) => {
    const { bob, hers, his } = await withoutHub(scene)
    for (let at = 0; at < 3; at += 1) await hers.tables.entries.insert({ title: `row ${at}` })
    const bundle = await hers.exportBundle()
    for (const length of [0, 1, 20, Math.floor(bundle.length / 2), bundle.length - 1])
      await assert.rejects(bob.importBundle(bundle.slice(0, length)), { code: 'bad-encoding' })
    const [name, version, logs] = decodeCbor(bundle) as [string, number, [Uint8Array, [number, Uint8Array][]][]]
    const [policy, entries] = logs[0] as (typeof logs)[number]
    await assert.rejects(bob.importBundle(encodeCbor(['another file', version, logs])), { code: 'bad-encoding' })
    await assert.rejects(bob.importBundle(encodeCbor([name, 2, logs])), { code: 'protocol-version' })
    await assert.rejects(bob.importBundle(encodeCbor([name, version, [[policy, [[7, new Uint8Array(1)]]]]])), {
      code: 'bad-encoding',
    })
    assert.equal(await agree(hers, his), false)
    const spoilt = entries.map(([lane, entry], at): [number, Uint8Array] => {
      if (at > 0) return [lane, entry]
      const bytes = entry.slice()
      bytes[bytes.length - 1]! ^= 1
      return [lane, bytes]
    })
    await assert.rejects(bob.importBundle(encodeCbor([name, version, [[policy, spoilt]]])), { code: 'cannot-open' })
    await until('what is whole is there', () => agree(hers, his))
    await bob.importBundle(bundle)
    assert.ok(await agree(hers, his))
  })
})

test('a bundle of a space that one is not in tells nothing and changes nothing', async () => {
  await inScene(async (scene) => {
    const { hers } = await withoutHub(scene)
    const carol = await openPerson(scene, 'carol', [])
    await carol.createSpace(journal, { name: 'Hers' })
    await assert.rejects(carol.importBundle(await hers.exportBundle()), { code: 'not-found' })
    assert.equal((await carol.spaces()).length, 1)
  })
})
