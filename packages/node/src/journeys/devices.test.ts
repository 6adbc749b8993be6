import assert from 'node:assert/strict'
import { test } from 'node:test'
import { app, table, text } from '@kith/core'
import { linkDevice } from '../open-kith.ts'
import { createNodeCrypto } from '../platform/crypto.ts'
import { inScene, type Scene, until } from './conditions.fixture.ts'
import { agree, has, openHub, openPerson } from './people.fixture.ts'
import { journal } from './journal.fixture.ts'
import { link } from './linking.fixture.ts'

const diary = app('org.kith.diary', { version: 1, tables: { pages: table({ words: text() }) } })

test('a second device, linked by a code, has the spaces, writes in them, and is of the same person', async () => {
  await inScene(async (scene) => {
    const { url } = await openHub(scene)
    const laptop = await openPerson(scene, 'laptop', [url])
    const bob = await openPerson(scene, 'bob', [url])
    const home = await laptop.createSpace(journal, { name: 'Home' })
    const his = await bob.join(journal, await home.invite({ role: 'writer', uses: 10 }))
    await home.tables.entries.insert({ title: 'from the laptop' })
    const phone = await link(scene, laptop, 'phone', [url])
    assert.equal(phone.address, laptop.address)
    await until('the phone has the space', async () => (await phone.spaces()).length === 1)
    const there = await phone.open(journal, home.id)
    await until('the phone shows the row', () => has(there, 'from the laptop'))
    await there.tables.entries.insert({ title: 'from the phone' })
    await until('Bob sees it', () => has(his, 'from the phone'))
    await until('all agree', async () => (await agree(home, his)) && (await agree(home, there)))
    const devices = await laptop.devices()
    assert.deepEqual(devices.map(({ name }) => name).sort(), ['', 'phone'])
    // A space that comes later comes to both.
    const later = await phone.createSpace(journal, { name: 'Later' })
    await until('the laptop has it too', async () => (await laptop.spaces()).some(({ id }) => id === later.id))
  })
})

test('who was removed and joins again on one device is a member on the others too', async () => {
  await inScene(async (scene) => {
    const { url } = await openHub(scene)
    const alice = await openPerson(scene, 'alice', [url])
    const laptop = await openPerson(scene, 'laptop', [url])
    const hers = await alice.createSpace(journal, { name: 'Home' })
    const his = await laptop.join(journal, await hers.invite({ role: 'writer' }))
    await until('Alice knows Bob', async () => (await hers.members()).length === 2)
    const phone = await link(scene, laptop, 'phone', [url])
    await until('the phone has the space', async () => (await phone.spaces()).length === 1)
    const there = await phone.open(journal, hers.id)
    await hers.remove(laptop.address)
    const isMember = async (space: typeof hers): Promise<boolean> => (await space.status()).isMember
    await until('both know that Bob is out', async () => !(await isMember(his)) && !(await isMember(there)))
    await laptop.join(journal, await hers.invite({ role: 'writer' }))
    await hers.tables.entries.insert({ title: 'welcome back' })
    await until('the phone is in', () => isMember(there))
    await until('the phone shows what came since', () => has(there, 'welcome back'))
  })
})

test('a device gets the apps that it is allowed and asks for, and no other', async () => {
  await inScene(async (scene) => {
    const { url } = await openHub(scene)
    const laptop = await openPerson(scene, 'laptop', [url])
    const home = await laptop.createSpace(journal, { name: 'Home' })
    await laptop.createSpace(diary, { name: 'Secret' })
    const site = await link(scene, laptop, 'site', [url], { asks: [journal], byLink: true })
    await until('the site has the journal', async () => (await site.spaces()).some(({ id }) => id === home.id))
    await laptop.createSpace(diary, { name: 'Later' })
    const later = await laptop.createSpace(journal, { name: 'Later' })
    await until('the site has the later journal', async () => (await site.spaces()).some(({ id }) => id === later.id))
    assert.deepEqual(await site.spaces({ app: diary }), [])
    const found = (await laptop.devices()).find(({ name }) => name === 'site')
    assert.deepEqual(found?.apps, [journal.id])
    assert.equal(found?.hasAllApps, false)
  })
})

test('the first space of an app that the person did not have comes to a device that is there already', async () => {
  await inScene(async (scene) => {
    const { url } = await openHub(scene)
    const laptop = await openPerson(scene, 'laptop', [url])
    await laptop.createSpace(journal, { name: 'Home' })
    const phone = await link(scene, laptop, 'phone', [url])
    const first = await laptop.createSpace(diary, { name: 'First' })
    await until('the phone has it', async () => (await phone.spaces({ app: diary })).some(({ id }) => id === first.id))
  })
})

/** Somebody with two devices and a space, over a hub that can be closed and opened again. */
const linkTablet = async (scene: Scene) => {
  const storage = scene.path('hub.db')
  const hub = await openHub(scene, { storage })
  const laptop = await openPerson(scene, 'laptop', [hub.url])
  await laptop.createSpace(journal, { name: 'Home' })
  const tablet = await link(scene, laptop, 'tablet', [hub.url])
  return { laptop, tablet, hub, reopen: () => openHub(scene, { storage, port: hub.port }) }
}

test('a device gets also the apps of which whoever linked it did not know yet', async () => {
  await inScene(async (scene) => {
    const { laptop, tablet, hub, reopen } = await linkTablet(scene)
    await hub.close()
    const first = await tablet.createSpace(diary, { name: 'First, on a train' })
    await tablet.close()
    await reopen()
    const phone = await link(scene, laptop, 'phone', [hub.url])
    assert.deepEqual(await phone.spaces({ app: diary }), [])
    const again = await openPerson(scene, 'tablet', [hub.url])
    for (const [name, device] of Object.entries({ laptop, phone }))
      await until(`the ${name} has it`, async () =>
        (await device.spaces({ app: diary })).some(({ id }) => id === first.id),
      )
    await until('all say so', async () =>
      (await again.devices()).every(({ apps }) => apps.includes(diary.id) && apps.includes(journal.id)),
    )
  })
})

test('a revoked device is cut off: what it writes later is held back, and it reads nothing that comes after', async () => {
  await inScene(async (scene) => {
    const { url } = await openHub(scene)
    const laptop = await openPerson(scene, 'laptop', [url])
    const bob = await openPerson(scene, 'bob', [url])
    const home = await laptop.createSpace(journal, { name: 'Home' })
    const his = await bob.join(journal, await home.invite({ role: 'writer', uses: 10 }))
    const phone = await link(scene, laptop, 'phone', [url])
    const there = await phone.open(journal, home.id)
    await there.tables.entries.insert({ title: 'honest, from the phone' })
    await until('Bob sees it', () => has(his, 'honest'))
    await until('the laptop sees it', () => has(home, 'honest'))
    const stolen = (await laptop.devices()).find(({ name }) => name === 'phone')
    assert.ok(stolen)
    await assert.rejects(laptop.revokeDevice('nonsense'), { code: 'unknown-device' })
    await assert.rejects(phone.revokeDevice(stolen.id), { code: 'not-allowed' })
    await laptop.revokeDevice(stolen.id)
    await until('nothing is left to do', async () => (await laptop.status()).tasksLeft === 0)
    await home.tables.entries.insert({ title: 'after the theft' })
    await until('Bob sees what comes after', () => has(his, 'after the theft'))
    await until('the phone knows', async () => (await phone.status()).isRevoked)
    await assert.rejects(there.tables.entries.insert({ title: 'by the thief' }))
    await his.tables.entries.insert({ title: 'by Bob, after' })
    await until('the laptop sees Bob’s', () => has(home, 'by Bob, after'))
    assert.equal(await has(there, 'after'), false)
    assert.equal(await has(his, 'honest'), true)
    assert.deepEqual(
      (await laptop.devices()).map(({ isThis }) => isThis),
      [true],
    )
  })
})

test('a revoked device stays out also where another device, that had not heard of it, let it in to one more app', async () => {
  await inScene(async (scene) => {
    const { laptop, tablet, hub, reopen } = await linkTablet(scene)
    const phone = await link(scene, laptop, 'phone', [hub.url])
    await until('the tablet knows the phone', async () => (await tablet.devices()).length === 3)
    await phone.close()
    await hub.close()
    await tablet.createSpace(diary, { name: 'First, on a train' })
    await tablet.close()
    await reopen()
    const stolen = (await laptop.devices()).find(({ name }) => name === 'phone')
    await laptop.revokeDevice(stolen?.id ?? '')
    await until('nothing is left to do', async () => (await laptop.status()).tasksLeft === 0)
    const again = await openPerson(scene, 'tablet', [hub.url])
    await until('the tablet knows that the phone is out', async () => (await again.devices()).length === 2)
    const thiefs = await openPerson(scene, 'phone', [hub.url])
    await until('the phone knows', async () => (await thiefs.status()).isRevoked)
    assert.equal((await laptop.devices()).length, 2)
  })
})

test('a code that nobody made, a code used twice, and one that is refused lead nowhere', async () => {
  await inScene(async (scene) => {
    const { url } = await openHub(scene)
    const laptop = await openPerson(scene, 'laptop', [url])
    const adding = await laptop.addDevice()
    const guess = { hubs: [url], deviceName: 'thief' }
    // A guess is a whole code that fits its check digit.
    const { createDeviceCode } = await import('@kith/core/keys')
    const crypto = await createNodeCrypto()
    for (let tried = 0; tried < 5; tried += 1) {
      const code = createDeviceCode(crypto)
      await assert.rejects(linkDevice({ ...guess, path: scene.path(`thief${tried}`), code }), {
        code: 'bad-device-code',
      })
    }
    await assert.rejects(linkDevice({ ...guess, path: scene.path('slip'), code: 'ABCD' }), { code: 'bad-device-code' })
    // Somebody else saw the code, and both use it: the person's devices tell, and nobody is let in.
    const [mine, thiefs] = await Promise.allSettled([
      linkDevice({ ...guess, path: scene.path('mine'), code: adding.code }),
      linkDevice({ ...guess, path: scene.path('thiefs'), code: adding.code }),
    ])
    await assert.rejects(adding.confirm(), { code: 'device-not-linked' })
    for (const one of [mine, thiefs])
      if (one?.status === 'fulfilled') await assert.rejects(one.value.confirm(), { code: 'device-not-linked' })
    // The person sees other digits, and refuses.
    const second = await laptop.addDevice()
    const linking = await linkDevice({ ...guess, path: scene.path('other'), code: second.code })
    await second.met
    second.cancel()
    await assert.rejects(linking.confirm(), { code: 'device-not-linked' })
    assert.equal((await laptop.devices()).length, 1)
    // A folder holds one person.
    const third = await laptop.addDevice()
    await laptop.close()
    await assert.rejects(linkDevice({ path: scene.path('laptop'), hubs: [url], code: third.code }), {
      code: 'not-allowed',
    })
  })
})

test('those with whom one shares a space see name and picture, and so do one’s own devices; a large picture is refused', async () => {
  await inScene(async (scene) => {
    const { url } = await openHub(scene)
    const laptop = await openPerson(scene, 'laptop', [url])
    const bob = await openPerson(scene, 'bob', [url])
    const home = await laptop.createSpace(journal, { name: 'Home' })
    const his = await bob.join(journal, await home.invite({ role: 'writer', uses: 10 }))
    const picture = crypto.getRandomValues(new Uint8Array(64 * 1024))
    await assert.rejects(laptop.setProfile({ name: 'Al', picture: new Uint8Array(64 * 1024 + 1) }), {
      code: 'too-large',
    })
    await laptop.setProfile({ name: 'Alice Liddell', picture })
    const shown = async () => (await his.members()).find(({ address }) => address === laptop.address)
    await until('Bob sees the name', async () => (await shown())?.name === 'Alice Liddell')
    assert.deepEqual((await shown())?.picture, picture)
    const phone = await link(scene, laptop, 'phone', [url])
    await until('the phone knows it', async () => (await phone.profile())?.name === 'Alice Liddell')
    const later = await phone.createSpace(journal, { name: 'Later' })
    assert.equal((await later.members())[0]?.name, 'Alice Liddell')
    assert.deepEqual((await later.members())[0]?.picture, picture)
  })
})

test('contacts are on all devices of a person, and letters reach each of them', async () => {
  await inScene(async (scene) => {
    const { url } = await openHub(scene)
    const laptop = await openPerson(scene, 'laptop', [url])
    const bob = await openPerson(scene, 'bob', [url])
    const carol = await openPerson(scene, 'carol', [url])
    await laptop.contacts.add(await bob.card())
    const card = await laptop.card()
    const phone = await link(scene, laptop, 'phone', [url])
    await until('the phone knows Bob', async () => (await phone.contacts.list()).length === 1)
    // The card was the laptop's; the knock reaches the phone too.
    await carol.contacts.add(card)
    await carol.contacts.deliver(laptop.address, { message: 'Hello' })
    await until('the phone has Carol’s knock', async () => (await phone.contacts.requests()).length === 1)
    await until('the laptop has it too', async () => (await laptop.contacts.requests()).length === 1)
    await phone.contacts.rename(bob.address, 'Robert')
    await until('the laptop has the new name', async () => (await laptop.contacts.list())[0]?.name === 'Robert')
    await laptop.contacts.remove(bob.address)
    await until('Bob is gone from the phone', async () => (await phone.contacts.list()).length === 0)
  })
})
