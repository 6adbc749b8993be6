import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Peer, Presence } from '@kith/core'
import { fromBase32 } from '@kith/core/bytes'
import type { HubMessage } from '@kith/core/wire'
import { inScene, until } from './conditions.fixture.ts'
import { type Journal, journal } from './journal.fixture.ts'
import { meet, openHub, openPerson, untilAgree } from './people.fixture.ts'
import { startTamperingHub } from './tampering-hub.fixture.ts'

type State = { readonly at: string; readonly typing: boolean }

const enter = (space: Journal): Promise<Presence<State>> => space.presence<State>()

const namesAndStates = (others: readonly Peer<State>[]): [string, Partial<State>][] =>
  others.map(({ name, state }) => [name, state])

/** In no order: who came first may differ by a millisecond. */
const toText = (seen: readonly [string, Partial<State>][]): string =>
  seen
    .map((one) => JSON.stringify(one))
    .sort((left, right) => left.localeCompare(right))
    .join()

/** Resolves with the others when they are these, by name and state. */
const untilSees = async (
  here: Presence<State>,
  expected: readonly [string, Partial<State>][],
): Promise<Peer<State>[]> => {
  const text = toText(expected)
  return until(`others are ${text}`, async () => {
    const others = await here.others()
    return toText(namesAndStates(others)) === text && others
  })
}

test('two people see each other, what each shows, and at once when one goes', async () => {
  await inScene(async (scene) => {
    const { alice, bob, hers, his } = await meet(scene, [(await openHub(scene)).url])
    const alices = await enter(hers)
    await alices.set({ at: 'the first row' })
    const bobs = await enter(his)
    const [seen] = await untilSees(bobs, [['alice', { at: 'the first row' }]])
    assert.ok(seen)
    assert.equal(seen.address, alice.address)
    assert.equal(seen.id, alices.id)
    assert.ok(Math.abs(seen.since.getTime() - Date.now()) < 60_000)
    const [him] = await untilSees(alices, [['bob', {}]])
    assert.equal(him?.address, bob.address)
    for (const at of ['a', 'b', 'c', 'the last']) await bobs.set({ at })
    await untilSees(alices, [['bob', { at: 'the last' }]])
    await bobs.close()
    await untilSees(alices, [])
    await assert.rejects(bobs.set({ at: 'gone' }), { code: 'closed' })
    assert.deepEqual(await bobs.others(), [])
    // Who closes the program says goodbye too.
    await untilSees(await enter(his), [['alice', { at: 'the first row' }]])
    await untilSees(alices, [['bob', {}]])
    await bob.close()
    await untilSees(alices, [])
  })
})

test('a listener hears of changes only, keeps who did not change, and can be iterated over', async () => {
  await inScene(async (scene) => {
    const { hers, his } = await meet(scene, [(await openHub(scene)).url])
    const alices = await enter(hers)
    const heard: Peer<State>[][] = []
    const stop = alices.live((others) => heard.push(others))
    const bobs = await enter(his)
    const second = await enter(his)
    await until('both sessions of Bob are seen', () => heard.at(-1)?.length === 2)
    const before = heard.at(-1)?.find(({ id }) => id === second.id)
    await bobs.set({ at: 'here' })
    await until('Bob’s state is seen', () => heard.at(-1)?.some(({ state }) => state?.at === 'here'))
    assert.equal(
      heard.at(-1)?.find(({ id }) => id === second.id),
      before,
    )
    stop()
    const listened = heard.length
    await second.close()
    for await (const others of alices.live()) if (others.length === 1) break
    assert.equal(heard.length, listened)
  })
})

test('two tabs of one person see each other without any hub, and one that goes on elsewhere is the same', async () => {
  await inScene(async (scene) => {
    const kith = await openPerson(scene, 'alice', [])
    const space = await kith.createSpace(journal, { name: 'Home' })
    const [one, other] = [await enter(space), await enter(space)]
    await one.set({ at: 'here', typing: true })
    await one.set({ at: 'there' })
    assert.deepEqual(namesAndStates(await other.others()), [['alice', { at: 'there', typing: true }]])
    await one.set({ typing: undefined })
    assert.deepEqual(namesAndStates(await other.others()), [['alice', { at: 'there' }]])
    const again = await space.presence<State>({ session: fromBase32(other.id).slice(16) })
    assert.equal(again.id, other.id)
    await assert.rejects(space.presence({ session: new Uint8Array(15) }), { code: 'bad-value' })
    for (const bad of [() => {}, undefined, 7, ['list'], { at: Number.NaN }, { at: new Date() }])
      await assert.rejects(one.set(bad as never), { code: 'bad-value' })
    await assert.rejects(one.set({ at: 'x'.repeat(5000) }), { code: 'too-large' })
  })
})

test('readers are seen and see; who is removed neither', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const { hers, his, bob } = await meet(scene, [hub.url])
    const carol = await openPerson(scene, 'carol', [hub.url])
    const carols = await carol.join(journal, await hers.invite({ role: 'reader' }))
    const [alice, reader, removed] = [await enter(hers), await enter(carols), await enter(his)]
    await reader.set({ at: 'reading' })
    await untilSees(alice, [
      ['bob', {}],
      ['carol', { at: 'reading' }],
    ])
    await untilSees(reader, [
      ['alice', {}],
      ['bob', {}],
    ])
    await hers.remove(bob.address)
    await untilSees(alice, [['carol', { at: 'reading' }]])
    await untilSees(reader, [['alice', {}]])
    await until('Bob knows', async () => !(await his.status()).isMember)
    await removed.set({ at: 'still here?' })
    await alice.set({ at: 'among ourselves' })
    await untilSees(reader, [['alice', { at: 'among ourselves' }]])
    assert.deepEqual(await removed.others(), [])
  })
})

test('in a public space those who may write see each other, and nobody else sees them', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const { hers, his } = await meet(scene, [hub.url])
    const link = await hers.publish()
    const eve = await (await openPerson(scene, 'eve', [hub.url])).openPublic(journal, link)
    await untilAgree(hers, his)
    const [alice, bob, stranger] = [await enter(hers), await enter(his), await enter(eve)]
    await alice.set({ at: 'here' })
    await untilSees(bob, [['alice', { at: 'here' }]])
    await untilSees(alice, [['bob', {}]])
    assert.deepEqual(await stranger.others(), [])
  })
})

test('over two hubs everybody is seen once, and goes on being seen when one ends', async () => {
  await inScene(async (scene) => {
    const [first, second] = [await openHub(scene), await openHub(scene)]
    const { hers, his } = await meet(scene, [first.url, second.url])
    const [alice, bob] = [await enter(hers), await enter(his)]
    await untilSees(bob, [['alice', {}]])
    await first.close()
    await alice.set({ at: 'by the other hub' })
    await untilSees(bob, [['alice', { at: 'by the other hub' }]])
    await bob.set({ at: 'too' })
    await untilSees(alice, [['bob', { at: 'too' }]])
  })
})

test('after a break of the connection both are asked for again', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const proxy = scene.ends(await startTamperingHub(hub.url), (one) => one.close())
    const { alice, hers, his } = await meet(scene, [hub.url], [proxy.url])
    const bobs = await enter(his)
    proxy.hangUp()
    const alices = await enter(hers)
    await alices.set({ at: 'meanwhile' })
    await untilSees(bobs, [['alice', { at: 'meanwhile' }]])
    await untilSees(alices, [['bob', {}]])
    assert.ok(alice)
  })
})

test('what a hub replays, alters or passes on from another log changes nothing', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const proxy = scene.ends(await startTamperingHub(hub.url), (one) => one.close())
    const { hers, his } = await meet(scene, [hub.url], [proxy.url])
    const kept: (HubMessage & { type: 'heard' })[] = []
    proxy.tamper = (message) => {
      if (message.type !== 'heard') return [message]
      const { log, from, bytes } = message
      const copy = { ...message, log: log.slice(), from: from.slice(), bytes: bytes.slice() }
      const altered = Uint8Array.from(copy.bytes)
      altered[altered.length - 1]! ^= 1
      const junk = [new Uint8Array(1), new Uint8Array(70), altered].map((other) => ({ ...copy, bytes: other }))
      const before = [...kept]
      kept.push(copy)
      return [...junk, message, ...before]
    }
    const [alices, bobs] = [await enter(hers), await enter(his)]
    const shown: (string | undefined)[] = []
    bobs.live((others) => shown.push(others[0]?.state?.at))
    for (const at of ['one', 'two', 'three']) {
      await alices.set({ at })
      await untilSees(bobs, [['alice', { at }]])
    }
    await alices.close()
    await untilSees(bobs, [])
    // The goodbye was followed by all that was said before it; so is what comes next.
    await enter(hers)
    await untilSees(bobs, [['alice', {}]])
    assert.deepEqual(
      shown.filter((at, index) => at !== undefined && at !== shown[index - 1]),
      ['one', 'two', 'three'],
    )
    assert.ok(kept.length >= 5)
  })
})

test('a flood of states costs others about ten messages a second', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    let signals = 0
    const proxy = scene.ends(await startTamperingHub(hub.url), (one) => one.close())
    const { hers, his } = await meet(scene, [hub.url], [proxy.url])
    proxy.tamper = (message) => {
      if (message.type === 'heard') signals += 1
      return [message]
    }
    const [alices, bobs] = [await enter(hers), await enter(his)]
    await untilSees(bobs, [['alice', {}]])
    const begun = performance.now()
    for (let at = 0; at < 2000; at += 1) await alices.set({ at: String(at) })
    await untilSees(bobs, [['alice', { at: '1999' }]])
    const elapsed = performance.now() - begun
    assert.ok(signals <= elapsed / 100 + 6, `${signals} messages in ${Math.round(elapsed)} ms`)
  })
})
