import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import type { Kith } from '@kith/core'
import { toHex } from '@kith/core/bytes'
import { startHub } from '@kith/hub'
import { inScene, until } from './conditions.fixture.ts'
import { openedLogs, openWatched } from './contacts.fixture.ts'
import { journal } from './journal.fixture.ts'
import { link } from './linking.fixture.ts'
import { has, openPerson, untilAgree } from './people.fixture.ts'

const befriend = async (alice: Kith, bob: Kith): Promise<void> => {
  await bob.contacts.add(await alice.card())
  await bob.contacts.deliver(alice.address, { message: 'Hello' })
  const request = await until('he is heard', async () => (await alice.contacts.requests())[0])
  await alice.contacts.accept(request.id)
  await until('both have a mailbox', async () => (await bob.contacts.list())[0]?.isMutual)
}

test('a member who was away finds the new log by the notice in the mailbox, though the old log is gone', async () => {
  await inScene(async (scene) => {
    const storage = scene.path('hub.db')
    const first = await startHub({ storage, port: 0 })
    const { port, url } = first
    const { kith: alice, lines } = await openWatched(scene, 'alice', [url])
    const hers = await alice.createSpace(journal, { name: 'Ours' })
    const people: Record<string, Kith> = {}
    for (const name of ['bob', 'carol', 'dave']) {
      const kith = await openPerson(scene, name, [url])
      const space = await kith.join(journal, await hers.invite({ role: 'writer' }))
      await untilAgree(space, hers)
      people[name] = kith
    }
    await befriend(alice, people['bob']!)
    for (const name of ['bob', 'dave']) await people[name]!.close()
    await hers.synced()
    const old = openedLogs(lines)

    await hers.remove(people['carol']!.address)
    await hers.tables.entries.insert({ title: 'Only for those who are left' })
    await hers.synced()
    await until('the notice is at the hub', async () => (await alice.contacts.undelivered()) === 0)
    await alice.close()
    await people['carol']!.close()
    await first.close()
    forget(storage, old)

    const hub = scene.ends(await startHub({ storage, port }), (open) => open.close())
    assert.equal(hub.url, url)
    const bob = await openPerson(scene, 'bob', [url])
    const his = await bob.open(journal, hers.id)
    await until('he reads what is new', () => has(his, 'Only for those who are left'))
    await his.tables.entries.insert({ title: 'And an answer' })
    // Whoever is no contact has no way to it, until somebody comes who has the old log.
    const dave = await openPerson(scene, 'dave', [url])
    const daves = await dave.open(journal, hers.id)
    await daves.synced()
    assert.equal(await has(daves, 'Only for those who are left'), false)
  })
})

test('a device that was away finds the new log by the list that its person’s other devices keep, though the old log is gone', async () => {
  await inScene(async (scene) => {
    const storage = scene.path('hub.db')
    const first = await startHub({ storage, port: 0 })
    const { port, url } = first
    const { kith: phone, lines } = await openWatched(scene, 'phone', [url])
    await phone.createSpace(journal, { name: 'Before' })
    const laptop = await link(scene, phone, 'laptop', [url])
    await until('the laptop has the space', async () => (await laptop.spaces()).length === 1)
    const others = openedLogs(lines).map(toHex)
    const hers = await phone.createSpace(journal, { name: 'Ours' })
    const carol = await openPerson(scene, 'carol', [url])
    await carol.join(journal, await hers.invite({ role: 'writer' }))
    await until('she is in', async () => (await hers.members()).length === 2)
    await until('the laptop has it too', async () => (await laptop.spaces()).length === 2)
    await (await laptop.open(journal, hers.id)).synced()
    await laptop.close()
    await hers.synced()
    const old = openedLogs(lines).filter((log) => !others.includes(toHex(log)))

    await hers.remove(carol.address)
    await hers.tables.entries.insert({ title: 'Not for Carol' })
    await hers.synced()
    const [epoch] = await phone.inspect.epochs(hers.id)
    const home = (await phone.inspect.spaces()).find(({ kind }) => kind === 'home')
    await until('the list tells of the new keys', async () => {
      const [last] = (await phone.inspect.log(home?.id ?? '', { limit: 1 })).changes
      return last !== undefined && epoch !== undefined && last.time >= epoch.at
    })
    await phone.synced()
    for (const kith of [phone, carol]) await kith.close()
    await first.close()
    forget(storage, old)

    scene.ends(await startHub({ storage, port }), (open) => open.close())
    const again = await openPerson(scene, 'laptop', [url])
    const there = await again.open(journal, hers.id)
    await until('it reads what is new', () => has(there, 'Not for Carol'))
  })
})

const forget = (storage: string, ids: readonly Uint8Array[]): void => {
  const database = new DatabaseSync(storage)
  for (const id of ids) database.prepare('DELETE FROM entry WHERE log = (SELECT pk FROM log WHERE id = ?)').run(id)
  database.close()
}
