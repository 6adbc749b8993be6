import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createKith, type Kith } from '@kith/core'
import type { Isolation } from '@kith/core/sync'
import { startHub } from '@kith/hub'
import { databaseFile } from '../open-kith.ts'
import { createNodePlatform } from '../platform/platform.ts'
import { inScene, type Scene, until } from './conditions.fixture.ts'
import { journal } from './journal.fixture.ts'
import { has, openHub, untilAgree } from './people.fixture.ts'

const both = { connectionPerSpace: true, readingApart: true }

const openApart = async (scene: Scene, name: string, url: string, isolation: Isolation = both): Promise<Kith> => {
  const platform = await createNodePlatform(databaseFile(scene.path(name)))
  return scene.ends(await createKith(platform, { name, hubs: [url], isolation }), (kith) => kith.close())
}

for (const isolation of [{ connectionPerSpace: true }, { readingApart: true }, both])
  test(`everything works with ${Object.keys(isolation).join(' and ')}`, async () => {
    await inScene(async (scene) => {
      const hub = await openHub(scene)
      const alice = await openApart(scene, 'alice', hub.url, isolation)
      const bob = await openApart(scene, 'bob', hub.url, isolation)
      const hers = await alice.createSpace(journal, { name: 'Home' })
      const his = await bob.join(journal, await hers.invite({ role: 'writer', uses: 1 }))
      await hers.tables.entries.insert({ title: 'from Alice' })
      await his.tables.entries.insert({ title: 'from Bob' })
      await untilAgree(hers, his)
      assert.equal((await has(hers, 'from Alice')) && (await has(hers, 'from Bob')), true)

      // A second space, that came while the first is open; letters; and a removal with its new epoch.
      const second = await bob.createSpace(journal, { name: 'Second' })
      const there = await alice.join(journal, await second.invite({ role: 'writer', uses: 1 }))
      await there.tables.entries.insert({ title: 'here too' })
      await untilAgree(second, there)
      await alice.contacts.add(await bob.card())
      await alice.contacts.deliver(bob.address, { message: 'Hello' })
      await until('she is heard', async () => (await bob.contacts.requests()).length === 1)
      await second.remove(alice.address)
      await second.tables.entries.insert({ title: 'without Alice' })
      await second.synced()
      await until('she knows', async () => (await second.members()).length === 1)
      assert.equal(await has(there, 'without Alice'), false)
    })
  })

test('what was written while the hub was away reaches it over connections apart', async () => {
  await inScene(async (scene) => {
    const storage = scene.path('hub.db')
    const first = await startHub({ storage })
    const { port } = first
    const alice = await openApart(scene, 'alice', first.url)
    const bob = await openApart(scene, 'bob', first.url)
    const hers = await alice.createSpace(journal, { name: 'Home' })
    const his = await bob.join(journal, await hers.invite({ role: 'writer', uses: 1 }))
    await untilAgree(hers, his)
    await first.close()
    await hers.tables.entries.insert({ title: 'written alone' })
    await his.tables.entries.insert({ title: 'so is this' })
    const again = scene.ends(await startHub({ storage, port }), (hub) => hub.close())
    assert.equal(again.url, first.url)
    await until('both have both', async () => (await has(hers, 'so is this')) && (await has(his, 'written alone')))
    await until('nothing is owed', async () => (await alice.status()).pending === 0)
  })
})
