import assert from 'node:assert/strict'
import { existsSync, rmSync } from 'node:fs'
import { test } from 'node:test'
import { restoreStorage } from '@kith/hub'
import { inScene, until } from '../journeys/conditions.fixture.ts'
import { journal, readAll } from '../journeys/journal.fixture.ts'
import { agree, meet, openHub, openPerson } from '../journeys/people.fixture.ts'

test('a hub that is restored from an old copy is healed by its clients: what came after the copy is there for who joins later', async () => {
  await inScene(async (scene) => {
    const storage = scene.path('hub.db')
    const hub = await openHub(scene, { storage })
    const { alice, hers, bob, his } = await meet(scene, [hub.url])
    const add = async (space: typeof hers, name: string) => {
      for (let at = 0; at < 10; at += 1) await space.tables.entries.insert({ title: `${name} ${at}` })
      await space.synced()
    }
    await add(hers, 'before')
    await hub.backup(scene.path('copy'))
    await add(hers, 'after, by Alice')
    await add(his, 'after, by Bob')
    await until('both have all', () => agree(hers, his))
    // The machine is lost with all that came since.
    await hub.close()
    await bob.close()
    for (const end of ['', '-wal', '-entries']) rmSync(storage + end, { recursive: true, force: true })
    restoreStorage(scene.path('copy'), storage)
    assert.ok(existsSync(storage))
    const restored = await openHub(scene, { storage, port: hub.port })
    assert.deepEqual(restored.key, hub.key, 'clients know it')

    // One client alone is enough, for each has everything.
    const bobAgain = await openPerson(scene, 'bob', [hub.url])
    const hisAgain = await bobAgain.open(journal, his.id)
    const all = await readAll(hers)
    await until('healed', async () => (await readAll(hisAgain)) === all)
    const link = await hers.invite({ role: 'writer' })
    await hers.synced()
    await hisAgain.synced()
    await alice.close()
    await until('the hub has what was lost', async () => (await bobAgain.status()).pending === 0)
    const carol = await openPerson(scene, 'carol', [hub.url])
    const theirs = await carol.join(journal, link)
    await until('Carol has all 30, from the hub', async () => {
      const { length } = await theirs.query((query) => query.selectFrom('entries').select('title'))
      return length === 30
    })
  })
})
