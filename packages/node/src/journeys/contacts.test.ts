import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Kith } from '@kith/core'
import type { Hub } from '@kith/hub'
import { inScene, type Scene, until } from './conditions.fixture.ts'
import { openWatched, putRaw, sentEntries } from './contacts.fixture.ts'
import { journal } from './journal.fixture.ts'
import { createLine } from './lines.fixture.ts'
import { has, offBy, openHub, openPerson, untilAgree } from './people.fixture.ts'

type Pair = { readonly hub: Hub; readonly alice: Kith; readonly bob: Kith }

const openPair = async (scene: Scene): Promise<Pair> => {
  const hub = await openHub(scene)
  const alice = await openPerson(scene, 'alice', [hub.url])
  const bob = await openPerson(scene, 'bob', [hub.url])
  return { hub, alice, bob }
}

/** Bob knows her card, she has accepted him, and each has told the other its mailbox. */
const befriend = async (alice: Kith, bob: Kith): Promise<void> => {
  await bob.contacts.add(await alice.card())
  await bob.contacts.deliver(alice.address, { message: 'Hello' })
  const [request] = await until('the knock is heard', async () => nonEmpty(await alice.contacts.requests()))
  await alice.contacts.accept(request!.id)
  await until('both have a mailbox', async () => (await bob.contacts.list())[0]?.isMutual)
}

const nonEmpty = <T>(list: T[]): T[] | undefined => (list.length > 0 ? list : undefined)

const messages = async (kith: Kith): Promise<(string | undefined)[]> =>
  (await kith.contacts.messages()).map(({ message }) => message)

test('a stranger who has her card invites Alice; she accepts, joins, and both write to each other', async () => {
  await inScene(async (scene) => {
    const { alice, bob } = await openPair(scene)
    const his = await bob.createSpace(journal, { name: 'Ours' })
    await his.tables.entries.insert({ title: 'Milk' })
    const added = await bob.contacts.add(`https://kith.example/#${await alice.card()}`)
    assert.deepEqual(added, { address: alice.address, name: 'alice', isBlocked: false, isMutual: false })
    const invite = await his.invite({ role: 'writer' })
    await bob.contacts.deliver(alice.address, { invite, message: 'Join us' })
    const [request] = await until('she sees a request', async () => nonEmpty(await alice.contacts.requests()))
    assert.deepEqual(request, {
      id: request!.id,
      from: { address: bob.address, name: 'bob' },
      time: request!.time,
      invite,
      message: 'Join us',
    })
    assert.deepEqual(await messages(alice), [])
    await alice.contacts.accept(request.id)
    assert.deepEqual([await alice.contacts.requests(), await messages(alice)], [[], ['Join us']])
    const hers = await alice.join(journal, invite)
    await untilAgree(his, hers)
    assert.ok(await has(hers, 'Milk'))

    await alice.contacts.deliver(bob.address, { message: 'Thank you' })
    await until('he reads it', async () => (await messages(bob)).includes('Thank you'))
    await until('he knows her mailbox', async () => (await bob.contacts.list())[0]?.isMutual)
    await bob.contacts.deliver(alice.address, { message: 'Welcome. '.repeat(1000) })
    await until('she reads a long letter', async () => (await messages(alice))[1]?.startsWith('Welcome'))
    await bob.contacts.synced()
    assert.equal(await bob.contacts.undelivered(), 0)
  })
})

test('letters wait for who is away, and come once, though two hubs have them', async () => {
  await inScene(async (scene) => {
    const hubs = [await openHub(scene), await openHub(scene)]
    const urls = hubs.map(({ url }) => url)
    const bob = await openPerson(scene, 'bob', [])
    const card = await (async () => {
      const alice = await openPerson(scene, 'alice', urls)
      await until('she knows both hubs', async () =>
        (await alice.status()).hubs.every(({ state }) => state === 'connected'),
      )
      const text = await alice.card()
      await alice.close()
      return text
    })()
    const { address } = await bob.contacts.add(card)
    for (const message of ['one', 'two']) await bob.contacts.deliver(address, { message })
    await until('both hubs have them', async () => (await bob.contacts.undelivered()) === 0)
    const alice = await openPerson(scene, 'alice', urls)
    await until('she sees both', async () => (await alice.contacts.requests()).length === 2)
    await alice.contacts.synced()
    assert.deepEqual(
      (await alice.contacts.requests()).map(({ message }) => message),
      ['one', 'two'],
    )
  })
})

test('letters written on a train leave when there is a network again, also after a restart', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const alice = await openPerson(scene, 'alice', [hub.url])
    const line = createLine()
    line.cut()
    const bob = await openPerson(scene, 'bob', [hub.url], line.on)
    await bob.contacts.add(await alice.card())
    await bob.contacts.deliver(alice.address, { message: 'from the train' })
    await assert.rejects(bob.contacts.synced({ timeoutMs: 50 }), { code: 'hub-unreachable' })
    assert.equal(await bob.contacts.undelivered(), 1)
    await bob.close()
    const later = await openPerson(scene, 'bob', [hub.url])
    await until('it leaves', async () => (await later.contacts.undelivered()) === 0)
    await until('it comes', async () => (await alice.contacts.requests())[0]?.message === 'from the train')
  })
})

test('after a device was lost contacts write to other mailboxes, and a card from before still works for a while', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const alice = await openPerson(scene, 'alice', [hub.url])
    const { kith: bob, lines } = await openWatched(scene, 'bob', [hub.url])
    await befriend(alice, bob)
    const card = await alice.card()
    const write = async (message: string): Promise<string> => {
      await bob.contacts.deliver(alice.address, { message })
      await until('it comes', async () => (await messages(alice)).includes(message))
      return JSON.stringify(sentEntries(lines).findLast(({ policy: { kind } }) => kind === 'mailbox')?.policy)
    }
    const before = await write('before')
    await alice.contacts.renew()
    assert.notEqual(await alice.card(), card)
    await alice.contacts.synced()
    await bob.contacts.synced()
    assert.notEqual(await write('after'), before)
    const carol = await openPerson(scene, 'carol', [hub.url])
    await carol.contacts.add(card)
    await carol.contacts.deliver(alice.address, { message: 'by an old card' })
    await until('it is heard', async () => (await alice.contacts.requests())[0]?.message === 'by an old card')
  })
})

test('nothing of a blocked person is shown, and a removed one knocks again like a stranger', async () => {
  await inScene(async (scene) => {
    const { alice, bob } = await openPair(scene)
    await befriend(alice, bob)
    await alice.contacts.block(bob.address)
    assert.deepEqual(await messages(alice), [])
    await bob.contacts.deliver(alice.address, { message: 'to a mailbox that nobody reads' })
    await bob.contacts.synced()
    await bob.contacts.remove(alice.address)
    await bob.contacts.add(await alice.card())
    await bob.contacts.deliver(alice.address, { message: 'a knock' })
    await bob.contacts.synced()
    await alice.contacts.synced()
    assert.deepEqual([await alice.contacts.requests(), await messages(alice)], [[], []])
    await assert.rejects(alice.contacts.deliver(bob.address, { message: 'x' }), { code: 'not-allowed' })
    await assert.rejects(alice.contacts.add(await bob.card()), { code: 'not-allowed' })
    await alice.contacts.unblock(bob.address)
    await bob.contacts.deliver(alice.address, { message: 'another knock' })
    await until('he is a stranger again', async () => (await alice.contacts.requests())[0]?.message === 'another knock')
  })
})

test('a flood of knocks costs twenty requests, displaces its own sender first, and leaves mailboxes alone', async () => {
  await inScene(async (scene) => {
    const { hub, alice, bob } = await openPair(scene)
    await befriend(alice, bob)
    const card = await alice.card()
    const carol = await openPerson(scene, 'carol', [hub.url])
    await carol.contacts.add(card)
    await carol.contacts.deliver(alice.address, { message: 'an honest knock' })
    await until('it is heard', async () => nonEmpty(await alice.contacts.requests()))
    const mallory = await openPerson(scene, 'mallory', [hub.url])
    await mallory.contacts.add(card)
    for (let at = 0; at < 60; at += 1) await mallory.contacts.deliver(alice.address, { message: `flood ${at}` })
    await mallory.contacts.synced({ timeoutMs: 60_000 })
    await alice.contacts.synced()
    const requests = await alice.contacts.requests()
    assert.equal(requests.length, 20)
    assert.ok(requests.some(({ message }) => message === 'an honest knock'))
    assert.ok(requests.some(({ message }) => message === 'flood 59'))
    await bob.contacts.deliver(alice.address, { message: 'by my own mailbox' })
    await until('it comes', async () => (await messages(alice)).includes('by my own mailbox'))
    const last = requests.at(-1)!
    await alice.contacts.ignore(last.id)
    await assert.rejects(alice.contacts.accept(last.id), { code: 'not-found' })
    await alice.contacts.block(mallory.address)
    assert.deepEqual(
      (await alice.contacts.requests()).map(({ message }) => message),
      ['an honest knock'],
    )
  })
})

test('entries that are altered, cut off, too large, for somebody else or replayed cost nothing but themselves', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const alice = await openPerson(scene, 'alice', [hub.url])
    const { kith: bob, lines } = await openWatched(scene, 'bob', [hub.url])
    await bob.contacts.add(await alice.card())
    await bob.contacts.deliver(alice.address, { message: 'Hello' })
    await until('it is heard', async () => nonEmpty(await alice.contacts.requests()))
    const { policy, entries } = sentEntries(lines).find(({ policy: { kind } }) => kind === 'knock')!
    const [entry] = entries as [Uint8Array]
    assert.equal(entry.length, 2048)

    const bad = [
      entry.with(0, 9),
      entry.with(40, entry[40]! ^ 1),
      entry.with(80, entry[80]! ^ 1),
      entry.with(1500, entry[1500]! ^ 1),
      entry.slice(0, 1000),
      new Uint8Array(10),
      new Uint8Array(2048),
    ]
    assert.deepEqual(await putRaw(hub.url, policy, bad), 'stored')
    assert.equal(await putRaw(hub.url, policy, [new Uint8Array(2049)]), 'too-large')
    // A knock for another, brought here.
    const carol = await openPerson(scene, 'carol', [hub.url])
    await bob.contacts.add(await carol.card())
    await bob.contacts.deliver(carol.address, { message: 'for Carol' })
    await bob.contacts.synced()
    const forCarol = sentEntries(lines).findLast(({ policy: { kind } }) => kind === 'knock')!.entries
    await putRaw(hub.url, policy, forCarol)
    await alice.contacts.synced()
    const { refused } = (await alice.status()).hubs[0]!
    assert.deepEqual({ ...refused }, { 'protocol-version': 1, 'cannot-open': 5, 'bad-encoding': 1, 'bad-key': 1 })
    assert.deepEqual(
      (await alice.contacts.requests()).map(({ message }) => message),
      ['Hello'],
    )

    // The same entry at another hub of hers, long after she has decided.
    const [request] = await alice.contacts.requests()
    await alice.contacts.ignore(request!.id)
    const replaying = await openHub(scene)
    await putRaw(replaying.url, policy, [entry])
    await alice.close()
    const later = await openPerson(scene, 'alice', [hub.url, replaying.url])
    await until('both hubs have shown what they have', async () => {
      await later.contacts.synced()
      return (await later.status()).hubs.every(({ receivedBytes }) => receivedBytes > 2048)
    })
    assert.deepEqual([await later.contacts.requests(), await messages(later)], [[], []])
  })
})

test('a letter that is older than hubs keep letters, or from days ahead, is refused by its time', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const alice = await openPerson(scene, 'alice', [hub.url])
    const day = 24 * 60 * 60 * 1000
    for (const [name, days] of [
      ['late', -33],
      ['early', 3],
    ] as const) {
      // Without a hub of its own nobody tells it the time.
      const stranger = await openPerson(
        scene,
        name,
        [],
        offBy(() => days * day),
      )
      await stranger.contacts.add(await alice.card())
      await stranger.contacts.deliver(alice.address, { message: name })
      await until('her hub has it', async () => (await stranger.contacts.undelivered()) === 0)
    }
    await until('both are refused', async () => (await alice.status()).hubs[0]!.refused['untimely'] === 2)
    assert.deepEqual(await alice.contacts.requests(), [])
  })
})

test('what cannot be delivered is a typed error, and changes nothing', async () => {
  await inScene(async (scene) => {
    const { alice, bob } = await openPair(scene)
    const { contacts } = bob
    await assert.rejects(contacts.add('hello'), { code: 'bad-card' })
    await assert.rejects(contacts.add(await bob.card()), { code: 'not-allowed' })
    await assert.rejects(contacts.deliver(alice.address, { message: 'x' }), { code: 'not-found' })
    await contacts.add(await alice.card())
    await assert.rejects(contacts.deliver(alice.address, {}), { code: 'bad-value' })
    await assert.rejects(contacts.deliver(alice.address, { invite: 'kith:nonsense' }), { code: 'bad-link' })
    await assert.rejects(contacts.deliver(alice.address, { message: 'x'.repeat(3000) }), { code: 'too-large' })
    await assert.rejects(contacts.deliver('nonsense', { message: 'x' }), { code: 'bad-encoding' })
    await assert.rejects(contacts.accept('nonsense'), { code: 'not-found' })
    assert.equal(await contacts.undelivered(), 0)
    const lonely = await openPerson(scene, 'lonely', [])
    await contacts.add(await lonely.card())
    await assert.rejects(contacts.deliver(lonely.address, { message: 'x' }), { code: 'hub-unreachable' })
    await contacts.rename(alice.address, 'My sister')
    const names = (await contacts.list()).map(({ name }) => name)
    assert.deepEqual(names, ['My sister', 'lonely'])
  })
})

test('a live list of requests and letters follows what comes', async () => {
  await inScene(async (scene) => {
    const { alice, bob } = await openPair(scene)
    const seen: string[] = []
    const stops = [
      alice.contacts.liveRequests((rows) => seen.push(`requests ${rows.length}`)),
      alice.contacts.liveMessages((rows) => seen.push(`messages ${rows.length}`)),
      alice.contacts.liveList((rows) => seen.push(`contacts ${rows.length}`)),
    ]
    await befriend(alice, bob)
    await until('all is seen', () =>
      ['requests 1', 'requests 0', 'messages 1', 'contacts 1'].every((text) => seen.includes(text)),
    )
    for (const stop of stops) stop()
  })
})
