import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import { entryKinds, packSegments, sealEntry } from '@kith/core/change'
import type { Kith } from '@kith/core'
import type { Hub } from '@kith/hub'
import { inScene, type Scene, until } from './conditions.fixture.ts'
import { type Journal, journal } from './journal.fixture.ts'
import { becomeMalicious, type MaliciousMember, spyPolicies } from './malicious-member.fixture.ts'
import { has, hubStatus, openHub, openPerson, untilAgree } from './people.fixture.ts'

type Story = { readonly hub: Hub; readonly alice: Kith; readonly hers: Journal; readonly mallory: MaliciousMember }

/** Alice, and Mallory who was let in as a writer. */
const withMallory = async (play: (story: Story, scene: Scene) => Promise<void>): Promise<void> =>
  inScene(async (scene) => {
    const hub = await openHub(scene)
    const alice = await openPerson(scene, 'alice', [hub.url])
    const hers = await alice.createSpace(journal, { name: 'Home' })
    const spy = spyPolicies()
    const mallory = await openPerson(scene, 'mallory', [hub.url], spy.change)
    const theirs = await mallory.join(journal, await hers.invite({ role: 'writer' }))
    await theirs.synced()
    await mallory.close()
    const member = await becomeMalicious(scene.path('mallory'), hub.url, spy.policies)
    await play({ hub, alice, hers, mallory: member }, scene)
  })

/** It is refused with this code in status, and the rest goes on. */
const assertRefused = async ({ hub, alice, hers }: Story, scene: Scene, code: string): Promise<void> => {
  await until(`status says ${code}`, async () => (await hubStatus(alice, hub.url)).refused[code])
  await hers.tables.entries.insert({ title: 'the rest goes on' })
  const carol = await openPerson(scene, 'carol', [hub.url])
  const space = await carol.join(journal, await hers.invite({ role: 'writer' }))
  await untilAgree(space, hers)
  assert.ok(await has(space, 'the rest goes on'))
  await space.synced()
}

test('an entry that unpacks to as much as DEFLATE allows is refused before it is unpacked', async (context) => {
  await withMallory(async (story, scene) => {
    const { mallory } = story
    // 1 MiB, the largest entry, holds about 1 GB: DEFLATE cannot reach 10 GB in it. Each piece alone would pass the limit too.
    const piece = deflateRawSync(new Uint8Array(64 * 1024 * 1024), { level: 9 })
    const pieces = Math.floor((1000 * 1024) / piece.length)
    context.diagnostic(`${pieces * 64} MB in an entry of ${Math.round((pieces * piece.length) / 1024)} KB`)
    const bomb = sealEntry(
      mallory.crypto,
      mallory.content,
      entryKinds.segments,
      packSegments(Array(pieces).fill(piece)),
    )
    await mallory.put(2, bomb.bytes)
    const before = process.memoryUsage().rss
    await assertRefused(story, scene, 'too-large')
    assert.ok(process.memoryUsage().rss - before < 150 * 1024 * 1024)
  })
})

test('entries that nobody can open, on any lane, keep nobody out', async () => {
  await withMallory(async (story, scene) => {
    const { mallory } = story
    for (const lane of [0, 2] as const) {
      await mallory.put(lane, mallory.crypto.randomBytes(300))
      const other = { baseKey: mallory.crypto.randomBytes(32), associated: new Uint8Array(32) }
      await mallory.put(lane, sealEntry(mallory.crypto, other, entryKinds.segments, packSegments([])).bytes)
    }
    await assertRefused(story, scene, 'cannot-open')
  })
})

test('sealed nonsense is refused: no list, no segment, a bad signature, boxes of no epoch, an unknown kind', async () => {
  await withMallory(async (story, scene) => {
    const { mallory } = story
    const seal = (key: typeof mallory.content, payload: Uint8Array) =>
      sealEntry(mallory.crypto, key, entryKinds.segments, payload).bytes
    const noise = (bytes: number) => deflateRawSync(mallory.crypto.randomBytes(bytes))
    await mallory.put(2, seal(mallory.content, new Uint8Array(10)))
    await mallory.put(2, seal(mallory.content, packSegments([noise(0), noise(1), noise(500)])))
    await mallory.put(0, seal(mallory.membership, packSegments([noise(300)])))
    await mallory.put(0, seal(mallory.membership, mallory.crypto.randomBytes(40)))
    await mallory.put(
      0,
      sealEntry(mallory.crypto, mallory.membership, entryKinds.boxes, mallory.crypto.randomBytes(99)).bytes,
    )
    await mallory.put(0, sealEntry(mallory.crypto, mallory.membership, 77, new Uint8Array(1)).bytes)
    await assertRefused(story, scene, 'bad-encoding')
    const { refused } = await hubStatus(story.alice, story.hub.url)
    assert.ok((refused['bad-encoding'] ?? 0) >= 4)
    assert.ok((refused['not-supported'] ?? 0) >= 1)
  })
})

test('what a member says to be in packs and is in none, others put there: who joins has all of it', async () => {
  await withMallory(async ({ hub, alice, hers, mallory }, scene) => {
    for (let n = 0; n < 20; n += 1) await hers.tables.entries.insert({ title: `page ${n}` })
    await hers.synced()
    // Nobody was asked to read these numbers any more, and nobody can know those of the future.
    await mallory.claim(1, 2 ** 40)
    const packed = async (): Promise<boolean> => (await hers.status()).hubs.every(({ unpacked }) => unpacked === 0)
    await until('Alice has packed what was left out', packed, 60_000)
    const carol = await openPerson(scene, 'carol', [hub.url])
    const space = await carol.join(journal, await hers.invite({ role: 'writer' }))
    await space.synced()
    await untilAgree(space, hers)
    assert.ok(await has(space, 'page 0'))
    assert.equal((await hubStatus(alice, hub.url)).pending, 0)
  })
})
