import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Kith, SpaceRecovery } from '@kith/core'
import { inScene, type Scene, until } from './conditions.fixture.ts'
import { type Journal, journal } from './journal.fixture.ts'
import { has, openHub, openPerson } from './people.fixture.ts'

type Member = { kith: Kith; space: Journal }
type Club = { alice: Member; bob: Member; carol: Member }

/** Alice creates a space; Bob becomes an owner of it, and Carol a writer. */
const found = async (scene: Scene, choose: (alice: Kith) => Promise<SpaceRecovery>): Promise<Club> => {
  const { url } = await openHub(scene)
  const kith = await openPerson(scene, 'alice', [url])
  const alice = { kith, space: await kith.createSpace(journal, { name: 'Club', recovery: await choose(kith) }) }
  const join = async (name: string, role: string): Promise<Member> => {
    const joining = await openPerson(scene, name, [url])
    const member = { kith: joining, space: await joining.join(journal, await alice.space.invite({ role, uses: 10 })) }
    await until(`Alice sees ${name}`, async () => (await rankOf(alice, member)) !== undefined)
    return member
  }
  const bob = await join('bob', 'admin')
  const carol = await join('carol', 'writer')
  await alice.space.setRole(bob.kith.address, 'owner')
  for (const one of [bob, carol]) await until('Bob is an owner', async () => (await rankOf(one, bob)) === 'owner')
  return { alice, bob, carol }
}

const rankOf = async (seenBy: Member, of: Member): Promise<string | undefined> =>
  (await seenBy.space.members()).find(({ address }) => address === of.kith.address)?.rank

test('a space with a phrase of its own, kept in three parts: two of them remove an owner, and the creator’s phrase does not', async () => {
  await inScene(async (scene) => {
    let parts: string[] = []
    const { alice, bob, carol } = await found(scene, async (kith) => {
      const phrase = await kith.newPhrase()
      parts = await kith.splitPhrase(phrase, { parts: 3, needed: 2 })
      return { phrase }
    })
    const [one = '', two = '', three = ''] = parts
    const creators = (await alice.kith.recoveryPhrase()) ?? ''
    await assert.rejects(alice.space.remove(bob.kith.address, { phrase: creators }), {
      code: 'bad-phrase',
      message: /not the one that the space was created with/,
    })
    await assert.rejects(carol.space.remove(bob.kith.address, { phrase: one }), { code: 'bad-phrase' })
    await assert.rejects(alice.space.remove(bob.kith.address), {
      code: 'rank-too-low',
      message: /who has the recovery phrase that the space was created with: remove\(/,
    })
    await assert.rejects(carol.kith.joinPhrase([two]), { code: 'bad-part', details: { missing: 1 } })
    const phrase = await carol.kith.joinPhrase([three, two])
    // Carol is a writer only: the phrase counts, not who types it.
    await carol.space.remove(bob.kith.address, { phrase })
    await until('Alice knows', async () => (await rankOf(alice, bob)) === undefined)
    await until('Bob knows', async () => !(await bob.space.status()).isMember)
    await alice.space.tables.entries.insert({ title: 'without him' })
    await until('Carol reads on', () => has(carol.space, 'without him'))
    assert.ok(!(await has(bob.space, 'without him')))
    // Who created the space is an owner like another.
    await carol.space.remove(alice.kith.address, { phrase: await carol.kith.joinPhrase([one, three]) })
    await until('Alice is out too', async () => !(await alice.space.status()).isMember)
  })
})

test('a space without a phrase: nobody removes an owner, and everybody is told why', async () => {
  await inScene(async (scene) => {
    const { alice, bob, carol } = await found(scene, async () => 'none')
    const phrase = (await alice.kith.recoveryPhrase()) ?? ''
    for (const [by, of] of [
      [alice, bob],
      [bob, alice],
      [carol, bob],
    ] as const)
      await assert.rejects(by.space.remove(of.kith.address, { phrase }), {
        code: 'not-allowed',
        message: /created without a recovery phrase/,
      })
    await assert.rejects(alice.space.remove(bob.kith.address), {
      code: 'rank-too-low',
      message: /: the space was created without a recovery phrase/,
    })
    await assert.rejects(bob.space.setRole(alice.kith.address, 'reader'), {
      code: 'rank-too-low',
      message: /: the space was created without a recovery phrase/,
    })
    assert.equal(await rankOf(carol, bob), 'owner')
  })
})

test('by default the phrase is the creator’s, and the error says so to other members too', async () => {
  await inScene(async (scene) => {
    const { alice, bob } = await found(scene, async () => 'creator')
    const whose = /phrase of whoever created the space/
    await assert.rejects(bob.space.remove(alice.kith.address), { code: 'rank-too-low', message: whose })
    await bob.space.remove(alice.kith.address, { phrase: (await alice.kith.recoveryPhrase()) ?? '' })
    assert.equal(await rankOf(bob, alice), undefined)
  })
})

test('a bad phrase or choice makes no space, and what cannot be split or joined is refused', async () => {
  await inScene(async (scene) => {
    const kith = await openPerson(scene, 'alice', [])
    const create = (recovery: unknown) =>
      kith.createSpace(journal, { name: 'Club', recovery: recovery as SpaceRecovery })
    await assert.rejects(create({ phrase: 'twelve' }), { code: 'bad-phrase' })
    const phrase = await kith.newPhrase()
    await assert.rejects(create({ phrase: `${phrase} again` }), { code: 'bad-phrase' })
    for (const choice of ['nobody', null, {}, { phrase: 12 }, 7])
      await assert.rejects(create(choice), { code: 'bad-value' })
    assert.deepEqual(await kith.spaces(), [])

    assert.notEqual(await kith.newPhrase(), phrase)
    const bounds = [
      [2, 1],
      [2, 3],
      [17, 2],
      [2.5, 2],
      [Number.NaN, 2],
    ] as const
    for (const [parts, needed] of bounds)
      await assert.rejects(kith.splitPhrase(phrase, { parts, needed }), { code: 'bad-value' })
    await assert.rejects(kith.splitPhrase('twelve', { parts: 3, needed: 2 }), { code: 'bad-phrase' })
    const [one = '', two = ''] = await kith.splitPhrase(phrase, { parts: 2, needed: 2 })
    const [other = ''] = await kith.splitPhrase(phrase, { parts: 2, needed: 2 })
    await assert.rejects(kith.joinPhrase([one, other]), { code: 'bad-part', details: { part: 2, missing: 1 } })
    assert.equal(await kith.joinPhrase([two, one]), phrase)

    const bare = await openPerson(scene, 'bare', [], ({ secretSharing: _, ...platform }) => platform)
    await assert.rejects(bare.splitPhrase(phrase, { parts: 2, needed: 2 }), { code: 'not-supported' })
    await assert.rejects(bare.joinPhrase([one, two]), { code: 'not-supported' })
  })
})
