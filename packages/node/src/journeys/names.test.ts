import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inScene, until } from './conditions.fixture.ts'
import { type Journal, journal } from './journal.fixture.ts'
import { openHub, openPerson } from './people.fixture.ts'

const nameIn = async (space: Journal, address: string): Promise<string | undefined> =>
  (await space.members()).find((member) => member.address === address)?.name

test('a reader has a name, changes it, and keeps it as a writer', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const alice = await openPerson(scene, 'alice', [hub.url])
    const rita = await openPerson(scene, 'rita', [hub.url])
    const hers = await alice.createSpace(journal, { name: 'Home' })
    const ritas = await rita.join(journal, await hers.invite({ role: 'reader', uses: 1 }))
    const seen = (name: string) => async () => (await nameIn(hers, rita.address)) === name
    await until('Alice knows who reads', seen('rita'))
    await until('Rita knows whose space it is', async () => (await nameIn(ritas, alice.address)) === 'alice')
    const picture = new Uint8Array([1, 2, 3])
    await rita.setProfile({ name: 'Rita Levi', picture })
    await until('Alice sees the other name', seen('Rita Levi'))
    await hers.setRole(rita.address, 'writer')
    await until('her picture follows once she writes', async () =>
      (await hers.members()).some(({ name, picture: shown }) => name === 'Rita Levi' && shown?.length === 3),
    )
    await hers.setRole(rita.address, 'reader')
    await until('Rita knows', async () =>
      (await ritas.members()).some(({ address, role }) => address === rita.address && role === 'reader'),
    )
    await rita.setProfile({ name: 'Rita' })
    await until('the last of both is shown', seen('Rita'))
  })
})

test('a name that is set while there are no keys to write with is said when there are some', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const alice = await openPerson(scene, 'alice', [hub.url])
    const hers = await alice.createSpace(journal, { name: 'Home' })
    const link = await hers.invite({ role: 'writer', uses: 2 })
    const bob = await openPerson(scene, 'bob', [hub.url])
    const carol = await openPerson(scene, 'carol', [hub.url])
    const his = await bob.join(journal, link)
    const carols = await carol.join(journal, link)
    await until('Bob sees all', async () => (await his.members()).length === 3)
    await carols.synced()
    await carols.leave()
    await until('new keys are owed', async () => (await his.status()).rotationOwed)
    await bob.setProfile({ name: 'Robert' })
    assert.equal(await nameIn(his, bob.address), 'bob')
    await his.tables.entries.insert({ title: 'under new keys' })
    await until('Alice hears it', async () => (await nameIn(hers, bob.address)) === 'Robert')
  })
})

test('who joins by a link while new keys are owed, for the link before was used up just then, is in, and has a name soon', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const alice = await openPerson(scene, 'alice', [hub.url])
    const hers = await alice.createSpace(journal, { name: 'Home' })
    for (const name of ['bob', 'carol', 'dave', 'eve']) {
      const person = await openPerson(scene, name, [hub.url])
      const link = await hers.invite({ role: 'writer', uses: 1 })
      await person.join(journal, link)
      await until(`Alice knows ${name}`, async () => (await nameIn(hers, person.address)) === name)
    }
  })
})
