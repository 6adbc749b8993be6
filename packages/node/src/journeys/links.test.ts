import assert from 'node:assert/strict'
import { test } from 'node:test'
import { app, type Kith, table, text } from '@kith/core'
import { inScene } from './conditions.fixture.ts'
import { has, meet, openHub, openPerson, untilAgree } from './people.fixture.ts'
import { journal } from './journal.fixture.ts'

const other = app('org.kith.another', { version: 1, tables: { things: table({ name: text() }) } })

/** Refused with this code, and nothing of the space is left behind. */
const assertRefused = async (kith: Kith, link: string, code: string, joined = journal as never): Promise<void> => {
  await assert.rejects(kith.join(joined, link), { name: 'KithError', code })
  assert.deepEqual(await kith.spaces(), [])
}

test('a link that is malformed, cut off, mistyped or for another app says so, and leaves nothing behind', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const { hers } = await meet(scene, [hub.url])
    const carol = await openPerson(scene, 'carol', [hub.url])
    const link = await hers.invite({ role: 'writer' })
    for (const bad of [
      '',
      'hello',
      'kith:',
      'https://example.org/',
      link.slice(0, -1),
      link.slice(0, 60),
      'x'.repeat(100_000),
    ])
      await assertRefused(carol, bad, 'bad-link')
    const at = Math.floor(link.length / 2)
    await assertRefused(carol, `${link.slice(0, at)}${link[at] === 'A' ? 'B' : 'A'}${link.slice(at + 1)}`, 'bad-link')
    await assertRefused(carol, link, 'wrong-app', other as never)
    // The same link is good all the same, also out of a web address and with space around it.
    const space = await carol.join(journal, `  https://example.org/#${link}\n`)
    await untilAgree(space, hers)
  })
})

test('a link that has expired or is used up says so, and lets nobody in', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const { hers, bob } = await meet(scene, [hub.url])
    const carol = await openPerson(scene, 'carol', [hub.url])
    const expired = await hers.invite({ role: 'writer', expires: new Date(Date.now() - 1000) })
    await assertRefused(carol, expired, 'link-expired')
    const once = await hers.invite({ role: 'writer', uses: 1 })
    const dave = await openPerson(scene, 'dave', [hub.url])
    await (await dave.join(journal, once)).synced()
    await assertRefused(carol, once, 'link-expired')
    await hers.synced()
    assert.deepEqual(
      (await hers.members()).map(({ address }) => address).sort(),
      [
        ...[hers, bob, dave].map((who) => ('address' in who ? who.address : '')).filter(Boolean),
        ...(await hers.members()).filter(({ rank }) => rank === 'owner').map(({ address }) => address),
      ].sort(),
    )
  })
})

test('a link whose hub is down says so, and works when the hub is back', async () => {
  await inScene(async (scene) => {
    const storage = scene.path('hub.db')
    const hub = await openHub(scene, { storage })
    const { hers } = await meet(scene, [hub.url])
    await hers.tables.entries.insert({ title: 'before' })
    const link = await hers.invite({ role: 'writer' })
    await hers.synced()
    await hub.close()
    const carol = await openPerson(scene, 'carol', [])
    await assertRefused(carol, link, 'hub-unreachable')
    await openHub(scene, { storage, port: hub.port })
    const space = await carol.join(journal, link)
    await untilAgree(space, hers)
    assert.ok(await has(space, 'before'))
  })
})

test('somebody who opens a link twice at once is in once', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const { hers } = await meet(scene, [hub.url])
    const carol = await openPerson(scene, 'carol', [hub.url])
    const link = await hers.invite({ role: 'writer' })
    const [one, two] = await Promise.all([carol.join(journal, link), carol.join(journal, link)])
    assert.equal(one.id, two.id)
    await one.tables.entries.insert({ title: 'by Carol' })
    await untilAgree(one, hers)
    assert.equal((await hers.members()).length, 3)
    assert.deepEqual(await hers.heldBack(), [])
  })
})
