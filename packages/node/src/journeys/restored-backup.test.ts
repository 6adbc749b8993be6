import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { test } from 'node:test'
import { increment } from '@kith/core'
import { inScene, until } from './conditions.fixture.ts'
import { journal, type Journal, readAll } from './journal.fixture.ts'
import { agree, meet, openHub, openPerson } from './people.fixture.ts'

const type = async (space: Journal, id: string, words: string): Promise<void> => {
  const open = await space.text('entries', id, 'body')
  open.doc.getText('text').insert(0, words)
  await open.close()
}

test('a backup that is restored while the original goes on: both branches stay, nothing is lost, and all agree', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const { alice, hers, bob, his } = await meet(scene, [hub.url])
    const id = await hers.tables.entries.insert({ title: 'shared' })
    await type(hers, id, 'before. ')
    await hers.synced()
    await alice.close()
    cpSync(scene.path('alice'), scene.path('copy'), { recursive: true })
    await hub.close()

    // Apart from each other, both go on from the same point.
    const original = await openPerson(scene, 'alice', [hub.url])
    const copy = await openPerson(scene, 'copy', [hub.url])
    const [one, two] = [await original.open(journal, hers.id), await copy.open(journal, hers.id)]
    assert.equal(original.address, copy.address)
    for (const [space, name] of [
      [one, 'original'],
      [two, 'copy'],
    ] as const) {
      for (let at = 0; at < 5; at += 1) {
        await space.tables.entries.insert({ title: `${name} ${at}` })
        await space.tables.entries.update(id, { votes: increment(1) })
      }
      await type(space, id, `${name}. `)
    }
    await openHub(scene, { port: hub.port })
    const titlesOf = async (space: Journal) =>
      (await space.query((q) => q.selectFrom('entries').select('title'))).length
    await until('both branches are everywhere', async () => {
      const counts = await Promise.all([one, two, his].map(titlesOf))
      return counts.every((count) => count === 11)
    })
    await until('all agree', async () => (await agree(one, two)) && (await agree(one, his)))
    const voted = await his.tables.entries.get(id)
    assert.equal(voted?.votes, 10)
    for (const words of ['before. ', 'original. ', 'copy. ']) assert.ok(voted?.body?.includes(words), voted?.body)

    // Each goes on from what it wrote itself, side by side.
    for (let round = 0; round < 3; round += 1) {
      await Promise.all([one, two, his].map((space, at) => space.tables.entries.insert({ title: `${round} by ${at}` })))
      await Promise.all([one, two, his].map((space) => space.tables.entries.update(id, { votes: increment(1) })))
    }
    await type(one, id, 'one again. ')
    await type(two, id, 'two again. ')
    await until('all agree', async () => {
      const shown = await Promise.all([one, two, his].map(readAll))
      return (
        shown[0] === shown[1] &&
        shown[0] === shown[2] &&
        shown[0]?.includes('one again') &&
        shown[0].includes('two again')
      )
    })
    assert.equal((await his.tables.entries.get(id))?.votes, 19)
    assert.equal(await titlesOf(his), 20)
    for (const space of [one, two, his]) assert.deepEqual(await space.heldBack(), [])
    // Somebody new sees the same.
    const carol = await openPerson(scene, 'carol', [hub.url])
    const theirs = await carol.join(journal, await one.invite({ role: 'writer' }))
    await until('Carol agrees', () => agree(theirs, his))
    assert.equal((await theirs.members()).length, 3)
    await bob.close()
  })
})

test('a text that stays open while another branch of its device comes loses nothing that is typed in it', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const { alice, hers, bob, his } = await meet(scene, [hub.url])
    const id = await hers.tables.entries.insert({ title: 'shared' })
    await hers.synced()
    await alice.close()
    cpSync(scene.path('alice'), scene.path('copy'), { recursive: true })
    const original = await openPerson(scene, 'alice', [hub.url])
    const one = await original.open(journal, hers.id)
    const open = await one.text('entries', id, 'body')
    open.doc.getText('text').insert(0, 'begun')
    await open.saved()
    const copy = await openPerson(scene, 'copy', [hub.url])
    const two = await copy.open(journal, hers.id)
    const branch = await two.tables.entries.insert({ title: 'of the copy' })
    await until('the other branch has come', async () => (await one.tables.entries.get(branch)) !== undefined)
    open.doc.getText('text').insert(5, ' and ended')
    await open.close()
    await until('all of it is there', async () => (await his.tables.entries.get(id))?.body === 'begun and ended')
    await until('all agree', async () => (await agree(one, two)) && (await agree(one, his)))
    await bob.close()
  })
})
