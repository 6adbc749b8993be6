import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createKith, type Kith, linkKith, recoverKith } from '@kith/core'
import { toBase64Url } from '@kith/core/bytes'
import type { Isolation } from '@kith/core/sync'
import { type Hub, startHub } from '@kith/hub'
import { startTap, type Tap } from '../../../hub/src/testing/tap.ts'
import { databaseFile } from '../open-kith.ts'
import { createNodePlatform } from '../platform/platform.ts'
import { inScene, type Scene, until } from './conditions.fixture.ts'
import { journal } from './journal.fixture.ts'
import { has, hubStatus, openHub, openPerson, untilAgree } from './people.fixture.ts'

type Hubs = readonly string[]

/** A platform that notes where it dials. */
const noting = async (scene: Scene, name: string) => {
  const platform = await createNodePlatform(databaseFile(scene.path(name)))
  const dialled = new Set<string>()
  const { network } = platform
  return {
    dialled,
    platform: {
      ...platform,
      network: {
        connect: (url, events) => {
          dialled.add(url)
          return network.connect(url, events)
        },
      } satisfies typeof network,
    },
  }
}

const openCarried = async (
  scene: Scene,
  name: string,
  hubs: Hubs,
  isolation: Isolation,
): Promise<{ kith: Kith; dialled: ReadonlySet<string> }> => {
  const { platform, dialled } = await noting(scene, name)
  const kith = scene.ends(await createKith(platform, { name, hubs, isolation }), (one) => one.close())
  return { kith, dialled }
}

const tapOn = async (scene: Scene, target: string): Promise<Tap> =>
  scene.ends(await startTap(target), (tap) => tap.close())

const carrierTo = (scene: Scene, ...hubs: string[]): Promise<Hub> =>
  openHub(scene, { forward: { isPublic: false, hubs } })

const keyOf = (url: string, { key }: Hub) => ({ [url]: toBase64Url(key) })

for (const more of [{}, { connectionPerSpace: true, readingApart: true }])
  test(`everything works through a carrier${'readingApart' in more ? ' with the other settings' : ''}, and it alone is dialled`, async () => {
    await inScene(async (scene) => {
      const target = await openHub(scene)
      const carrier = await carrierTo(scene, target.url)
      const near = await tapOn(scene, carrier.url)
      const isolation = { ...more, through: [near.url], hubKeys: keyOf(target.url, target) }
      const { kith: alice, dialled } = await openCarried(scene, 'alice', [target.url], isolation)
      const { kith: bob, dialled: dialledByBob } = await openCarried(scene, 'bob', [target.url], isolation)
      const hers = await alice.createSpace(journal, { name: 'Home' })
      const his = await bob.join(journal, await hers.invite({ role: 'writer', uses: 1 }))
      await hers.tables.entries.insert({ title: 'from Alice' })
      await his.tables.entries.insert({ title: 'from Bob' })
      await untilAgree(hers, his)
      assert.ok((await has(hers, 'from Bob')) && (await has(his, 'from Alice')))
      await alice.contacts.add(await bob.card())
      await alice.contacts.deliver(bob.address, { message: 'Hello' })
      await until('she is heard', async () => (await bob.contacts.requests()).length === 1)
      assert.deepEqual([...dialled, ...dialledByBob], [near.url, near.url])
      const { state, problem } = await hubStatus(alice, target.url)
      assert.deepEqual([state, problem], ['connected', undefined])

      // In clear the carrier gets two messages a connection, carry and channel; all else is sealed pieces.
      const isInClear = (message: Uint8Array): boolean => message.length < 256
      assert.deepEqual(new Set(near.up.filter(isInClear).map(([, code]) => code)), new Set([21, 19]))
      assert.ok((await target.totals()).entries > 0)
      assert.deepEqual(await carrier.totals().then(({ logs, entries }) => [logs, entries]), [0, 0])
    })
  })

test('while the carrier is away nothing goes directly, and the status says why; when it is back all goes on', async () => {
  await inScene(async (scene) => {
    const target = await openHub(scene)
    const carrier = await carrierTo(scene, target.url)
    const isolation = { through: [carrier.url], hubKeys: keyOf(target.url, target) }
    const { kith: alice, dialled } = await openCarried(scene, 'alice', [target.url], isolation)
    const hers = await alice.createSpace(journal, { name: 'Home' })
    await hers.synced()
    const { port } = carrier
    await carrier.close()
    await until('the status says so', async () => {
      const { state, problem } = await hubStatus(alice, target.url)
      return state !== 'connected' && problem?.code === 'hub-unreachable' && problem.message.includes(carrier.url)
    })
    await hers.tables.entries.insert({ title: 'written meanwhile' })
    const before = await target.totals()
    assert.equal((await alice.status()).pending > 0, true)
    scene.ends(await startHub({ storage: ':memory:', port, forward: { isPublic: false, hubs: [target.url] } }), (hub) =>
      hub.close(),
    )
    await until('it is there', async () => (await alice.status()).pending === 0)
    assert.ok((await target.totals()).entries > before.entries)
    assert.deepEqual([...dialled], [carrier.url])
  })
})

test('two hubs carry to each other: each is reached through the other', async () => {
  await inScene(async (scene) => {
    const storage = scene.path('one.db')
    const before = await startHub({ storage })
    const two = await carrierTo(scene, before.url)
    await before.close()
    const forward = { isPublic: false, hubs: [two.url] }
    const one = scene.ends(await startHub({ storage, port: before.port, forward }), (hub) => hub.close())
    const isolation = { through: [one.url, two.url], hubKeys: { ...keyOf(one.url, one), ...keyOf(two.url, two) } }
    const { kith: alice, dialled } = await openCarried(scene, 'alice', [one.url, two.url], isolation)
    const hers = await alice.createSpace(journal, { name: 'Home' })
    await hers.tables.entries.insert({ title: 'at both' })
    await until('both have it', async () => (await alice.status()).hubs.every(({ pending }) => pending === 0))
    for (const hub of [one, two]) assert.ok((await hub.totals()).entries > 0)
    assert.deepEqual([...dialled].sort(), [one.url, two.url].sort())
    for (const url of [one.url, two.url]) assert.equal((await hubStatus(alice, url)).state, 'connected')
  })
})

test('a hub whose key is not known, one that is its own carrier, and one of another key are refused by name', async () => {
  await inScene(async (scene) => {
    const target = await openHub(scene)
    const other = await openHub(scene)
    const carrier = await carrierTo(scene, target.url)
    const problemOf = async (name: string, isolation: Isolation, url = target.url) => {
      const { kith, dialled } = await openCarried(scene, name, [url], isolation)
      const problem = await until('there is a problem', async () => (await hubStatus(kith, url)).problem)
      await kith.close()
      return { ...problem, dialled: [...dialled] }
    }
    const unknown = await problemOf('unknown', { through: [carrier.url] })
    assert.deepEqual([unknown.code, unknown.dialled], ['hub-key-needed', []])
    const itself = await problemOf('itself', { through: [target.url], hubKeys: keyOf(target.url, target) })
    assert.deepEqual([itself.code, itself.dialled], ['no-carrier', []])
    const byAnotherName = target.url.replace('127.0.0.1', 'localhost')
    const twice = await problemOf('twice', {
      through: [byAnotherName],
      hubKeys: keyOf(target.url, target),
    })
    assert.deepEqual([twice.code, twice.dialled], ['no-carrier', [byAnotherName]])
    const wrong = await problemOf('wrong', { through: [carrier.url], hubKeys: keyOf(target.url, other) })
    assert.equal(wrong.code, 'hub-refused')
    assert.match(wrong.message, /not the hub of that key/)
    const posing = await problemOf('posing', {
      through: [carrier.url],
      hubKeys: { ...keyOf(target.url, target), ...keyOf(carrier.url, other) },
    })
    assert.equal(posing.code, 'hub-lied')
    assert.equal((await target.totals()).logs, 0)
    for (const [isolation, code] of [
      [{ through: ['ws://elsewhere.example'] }, 'insecure-url'],
      [{ through: ['hub.example'] }, 'bad-link'],
      [{ through: [carrier.url], hubKeys: { [target.url]: 'short' } }, 'bad-key'],
    ] as const)
      await assert.rejects(openCarried(scene, code, [target.url], isolation), { code })
  })
})

test('a hub that this device was connected to before is reached through another without its key being named', async () => {
  await inScene(async (scene) => {
    const target = await openHub(scene)
    const carrier = await carrierTo(scene, target.url)
    const before = await openPerson(scene, 'alice', [target.url])
    const home = await before.createSpace(journal, { name: 'Home' })
    await home.synced()
    await before.close()
    const { kith: alice, dialled } = await openCarried(scene, 'alice', [target.url], { through: [carrier.url] })
    const hers = await alice.open(journal, home.id)
    await hers.tables.entries.insert({ title: 'carried' })
    await hers.synced()
    assert.deepEqual([...dialled], [carrier.url])
  })
})

test('an invite names the key of its hub: a member is made, fetches tokens and writes through a carrier alone', async () => {
  await inScene(async (scene) => {
    const target = await openHub(scene, { access: { access: 'invited' } })
    const carrier = await carrierTo(scene, target.url)
    const { kith: alice, dialled } = await openCarried(scene, 'alice', [], { through: [carrier.url] })
    await alice.joinHub(`${target.url}#${(await target.members.invite()).secret}`)
    const hers = await alice.createSpace(journal, { name: 'Home' })
    await hers.tables.entries.insert({ title: 'for a token' })
    await hers.synced({ timeoutMs: 20_000 })
    assert.ok((await target.totals()).entries > 0)
    assert.deepEqual([...dialled], [carrier.url])
  })
})

test('a person comes back by the phrase, and a device is linked, through a carrier alone', async () => {
  await inScene(async (scene) => {
    const target = await openHub(scene)
    const carrier = await carrierTo(scene, target.url)
    const alice = await openPerson(scene, 'alice', [target.url])
    const hers = await alice.createSpace(journal, { name: 'Home' })
    await hers.tables.entries.insert({ title: 'kept' })
    const phrase = (await alice.recoveryPhrase()) ?? assert.fail('there is a phrase')
    await alice.synced()
    await alice.close()
    const { platform, dialled } = await noting(scene, 'again')
    const isolation = { through: [carrier.url], hubKeys: keyOf(target.url, target) }
    const again = scene.ends(
      await recoverKith(platform, { phrase, hubs: [target.url], name: 'Alice', isolation }),
      (kith) => kith.close(),
    )
    await until('her space is there', async () => (await again.spaces()).length === 1)
    const adding = await again.addDevice()
    const second = await noting(scene, 'second')
    const linking = await linkKith(second.platform, { code: adding.code, hubs: [target.url], isolation })
    assert.equal((await adding.met).check, linking.check)
    const [, linked] = await Promise.all([adding.confirm(), linking.confirm()])
    scene.ends(linked, (kith) => kith.close())
    await until('it has the space', async () => (await linked.spaces()).length === 1)
    assert.deepEqual([...dialled, ...second.dialled], [carrier.url, carrier.url])
  })
})
