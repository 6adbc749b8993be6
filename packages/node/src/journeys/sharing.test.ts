import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Kith } from '@kith/core'
import type { Platform } from '@kith/core/ports'
import { inScene, type Scene, until } from './conditions.fixture.ts'
import { type Journal, journal, titles } from './journal.fixture.ts'
import { createLine, type Line } from './lines.fixture.ts'
import { has, openHub, openPerson, untilAgree } from './people.fixture.ts'

type Member = { kith: Kith; space: Journal; line: Line }

/** Alice owns a space; the others join with their roles. */
const gather = async (
  scene: Scene,
  roles: Readonly<Record<string, string>>,
  change: (name: string, platform: Platform) => Platform = (_name, platform) => platform,
): Promise<Record<string, Member> & { alice: Member }> => {
  const hub = await openHub(scene)
  const open = async (name: string): Promise<{ kith: Kith; line: Line }> => {
    const line = createLine()
    const kith = await openPerson(scene, name, [hub.url], (platform) => change(name, line.on(platform)))
    return { kith, line }
  }
  const first = await open('alice')
  const alice = { ...first, space: await first.kith.createSpace(journal, { name: 'Home' }) }
  const members: Record<string, Member> & { alice: Member } = { alice }
  for (const [name, role] of Object.entries(roles)) {
    const opened = await open(name)
    const link = await alice.space.invite({ role, uses: 10 })
    members[name] = { ...opened, space: await opened.kith.join(journal, link) }
    await until(`Alice sees ${name}`, async () => (await rankOf(alice, members[name] as Member)) !== undefined)
  }
  for (const member of Object.values(members)) await member.space.synced()
  return members
}

const rankOf = async (seenBy: Member, of: Member): Promise<string | undefined> =>
  (await seenBy.space.members()).find(({ address }) => address === of.kith.address)?.rank

const write = (member: Member, title: string): Promise<string> => member.space.tables.entries.insert({ title })

const untilShown = async (title: string, ...members: Member[]): Promise<void> => {
  for (const [at, { space }] of members.entries()) await until(`"${title}" is shown to ${at}`, () => has(space, title))
}

test('a member who is removed reads nothing new, and what he writes offline is held back everywhere, with a reason', async () => {
  await inScene(async (scene) => {
    const { alice, bob, carol } = (await gather(scene, { bob: 'writer', carol: 'writer' })) as Record<
      string,
      Member
    > as Trio
    await write(bob, 'known before')
    await untilShown('known before', alice, carol)
    bob.line.cut()
    await write(bob, 'written on the train')
    await alice.space.remove(bob.kith.address)
    await write(alice, 'not for Bob')
    await untilShown('not for Bob', carol)
    await write(carol, 'not for Bob either')
    bob.line.mend()
    for (const { space } of [alice, carol]) {
      await until('the late one is held back', async () => (await space.status()).heldBack === 1)
      const [held] = await space.heldBack()
      assert.equal(held?.author, bob.kith.address)
      assert.equal(held?.code, 'outside-cut')
      const explained = await space.explain(held?.change ?? '')
      assert.match(explained.text, /^bob wrote this/)
      assert.match(explained.text, /no effect/)
      assert.deepEqual(await titles(space), ['known before', 'not for Bob', 'not for Bob either'])
    }
    await until('Bob knows', async () => !(await bob.space.status()).isMember)
    assert.ok(!(await titles(bob.space)).includes('not for Bob'))
    await assert.rejects(write(bob, 'again'), /not a member/)
    assert.ok(!(await titles(bob.space)).includes('not for Bob either'))
    const seen = await alice.space.explain(await write(alice, 'who reads this'))
    assert.deepEqual(seen.readers.map(({ name }) => name).sort(), ['alice', 'carol'])
  })
})

type Trio = { alice: Member; bob: Member; carol: Member }

test('a removal made offline holds when it arrives: what the removed wrote meanwhile is void, what others wrote is not', async () => {
  await inScene(async (scene) => {
    const { alice, bob, carol } = (await gather(scene, { bob: 'writer', carol: 'writer' })) as unknown as Trio
    await write(bob, 'before')
    await untilShown('before', alice, carol)
    alice.line.cut()
    await alice.space.remove(bob.kith.address)
    await write(alice, 'by Alice, offline')
    await write(bob, 'by Bob, meanwhile')
    await write(carol, 'by Carol, meanwhile')
    await untilShown('by Bob, meanwhile', carol)
    alice.line.mend()
    const expected = ['before', 'by Alice, offline', 'by Carol, meanwhile']
    for (const { space } of [alice, carol])
      await until('both see the same', async () => (await titles(space)).join() === expected.join())
    await untilAgree(alice.space, carol.space)
    await write(carol, 'and on')
    await untilShown('and on', alice)
  })
})

test('whoever joins by older keys finds the newer ones, though what hands them over rests on what lies under the newer ones alone', async () => {
  await inScene(async (scene) => {
    const { alice, bob, carol } = (await gather(scene, { bob: 'writer', carol: 'writer' })) as unknown as Trio
    const link = await alice.space.invite({ role: 'writer', uses: 10 })
    alice.line.cut()
    // New keys, and under them a grant that only their log will have: whatever Alice writes next rests on it.
    await alice.space.setRole(bob.kith.address, 'reader')
    const made = alice.space.invite({ role: 'reader' })
    const dave = await openPerson(scene, 'dave', [(await alice.kith.status()).hubs[0]?.url ?? ''])
    const daves = await dave.join(journal, link)
    await daves.tables.entries.insert({ title: 'by Dave, under the older keys' })
    await until('Carol has it', () => has(carol.space, 'by Dave, under the older keys'))
    alice.line.mend()
    await made
    await alice.space.tables.entries.insert({ title: 'by Alice, under the newer ones' })
    await until('Dave has it', () => has(daves, 'by Alice, under the newer ones'))
    await daves.tables.entries.insert({ title: 'by Dave, under the newer ones' })
    await until('Alice has both', async () => {
      const seen = await titles(alice.space)
      return seen.includes('by Dave, under the newer ones') && seen.includes('by Dave, under the older keys')
    })
  })
})

test('two removals at once leave no clean keys: whoever writes next makes some, and two who do so at once agree', async () => {
  await inScene(async (scene) => {
    const { alice, dora, bob, erin, carol, frank } = (await gather(scene, {
      dora: 'admin',
      bob: 'writer',
      erin: 'writer',
      carol: 'writer',
      frank: 'writer',
    })) as unknown as Trio & { dora: Member; erin: Member; frank: Member }
    alice.line.cut()
    dora.line.cut()
    await alice.space.remove(bob.kith.address)
    await dora.space.remove(erin.kith.address)
    alice.line.mend()
    dora.line.mend()
    for (const member of [alice, dora, carol, frank])
      await until('both are out', async () => (await member.space.members()).length === 4)
    assert.equal((await carol.space.status()).rotationOwed, true)
    // The admins vanish.
    await alice.kith.close()
    await dora.kith.close()
    carol.line.cut()
    frank.line.cut()
    await Promise.all([write(carol, 'by Carol'), write(frank, 'by Frank')])
    carol.line.mend()
    frank.line.mend()
    await untilShown('by Carol', frank)
    await untilShown('by Frank', carol)
    await write(carol, 'after')
    await write(frank, 'after too')
    await untilAgree(carol.space, frank.space)
    assert.equal((await carol.space.status()).rotationOwed, false)
    assert.equal((await frank.space.status()).heldBack, 0)
    const [one, other] = await Promise.all([
      carol.space.explain(await write(carol, 'in the end')),
      frank.space.explain(await write(frank, 'in the end, too')),
    ])
    assert.equal(one.epoch, other.epoch)
    for (const gone of [bob, erin]) assert.ok(!(await titles(gone.space)).includes('after'))
  })
})

test('keys whose boxes do not open are called broken, and others are made; what was written under them is shared', async () => {
  await inScene(async (scene) => {
    let isHostile = false
    const spoiling = (name: string, platform: Platform): Platform => {
      if (name !== 'dora') return platform
      const { crypto } = platform
      // A box is 32 secret bytes under an ephemeral key.
      const aeadSeal: typeof crypto.aeadSeal = (key, nonce, plain, associated) => {
        const sealed = crypto.aeadSeal(key, nonce, plain, associated)
        if (isHostile && plain.length === 32 && associated.length === 32) sealed[0] = (sealed[0] ?? 0) ^ 1
        return sealed
      }
      return { ...platform, crypto: { ...crypto, aeadSeal } }
    }
    const { alice, dora, bob, carol } = (await gather(
      scene,
      { dora: 'admin', bob: 'writer', carol: 'writer' },
      spoiling,
    )) as unknown as Trio & { dora: Member }
    isHostile = true
    dora.line.cut()
    await dora.space.remove(bob.kith.address)
    isHostile = false
    await write(dora, 'under bad keys')
    dora.line.mend()
    await until('somebody says so', async () => (await carol.space.status()).rotationOwed)
    await write(carol, 'under good keys')
    await untilShown('under good keys', alice, dora)
    await untilShown('under bad keys', alice, carol)
    assert.equal((await alice.space.status()).rotationOwed, false)
  })
})

test('roles go up by a grant and down by a removal, and hold in the rules', async () => {
  await inScene(async (scene) => {
    const { alice, bob, carol } = (await gather(scene, { bob: 'writer', carol: 'reader' })) as unknown as Trio
    await write(bob, 'by a writer')
    await untilShown('by a writer', alice, carol)
    await assert.rejects(write(carol, 'by a reader'), { code: 'not-allowed' })
    await assert.rejects(bob.space.invite({ role: 'reader' }), { code: 'rank-too-low' })
    await assert.rejects(bob.space.remove(carol.kith.address), { code: 'rank-too-low' })
    await assert.rejects(carol.space.setRole(bob.kith.address, 'reader'), { code: 'rank-too-low' })
    await alice.space.setRole(carol.kith.address, 'writer')
    await until('Carol knows', async () => (await rankOf(carol, carol)) === 'writer')
    await write(carol, 'by Carol')
    await untilShown('by Carol', alice, bob)
    await alice.space.setRole(bob.kith.address, 'admin')
    await until('Bob knows', async () => (await rankOf(bob, bob)) === 'admin')
    await until('Bob may invite', () => bob.space.invite({ role: 'writer', uses: 3 }).then(Boolean, () => false))
    await assert.rejects(bob.space.invite({ role: 'admin' }), { code: 'rank-too-low' })
    await assert.rejects(bob.space.remove(alice.kith.address), { code: 'rank-too-low' })
    await alice.space.setRole(bob.kith.address, 'reader')
    await until('Bob is a reader', async () => (await rankOf(bob, bob)) === 'reader')
    await assert.rejects(write(bob, 'no more'), { code: 'not-allowed' })
    await write(carol, 'Bob reads on')
    await untilShown('Bob reads on', bob, alice)
    assert.ok(await has(alice.space, 'by a writer'), 'what he wrote stays')
  })
})

test('an owner who turns against the others is removed by the phrase of who created the space, and by no other', async () => {
  await inScene(async (scene) => {
    const { alice, bob, carol } = (await gather(scene, { bob: 'admin', carol: 'writer' })) as unknown as Trio
    await alice.space.setRole(bob.kith.address, 'owner')
    await until('Bob is an owner', async () => (await rankOf(bob, bob)) === 'owner')
    const phrase = (await alice.kith.recoveryPhrase()) ?? ''
    const other = (await carol.kith.recoveryPhrase()) ?? ''
    await assert.rejects(alice.space.remove(bob.kith.address), { code: 'rank-too-low' })
    await assert.rejects(alice.space.remove(bob.kith.address, { phrase: other }), { code: 'bad-phrase' })
    await assert.rejects(alice.space.remove(bob.kith.address, { phrase: 'twelve' }), { code: 'bad-phrase' })
    await write(bob, 'while he was welcome')
    await untilShown('while he was welcome', alice, carol)
    bob.line.cut()
    await write(bob, 'afterwards')
    // Carol is a writer only: the phrase counts, not who types it.
    await carol.space.remove(bob.kith.address, { phrase })
    await until('Alice knows', async () => (await rankOf(alice, bob)) === undefined)
    await write(alice, 'without him')
    await untilShown('without him', carol)
    bob.line.mend()
    await until('Bob knows', async () => !(await bob.space.status()).isMember)
    assert.deepEqual(await titles(alice.space), ['while he was welcome', 'without him'])
    assert.ok(!(await titles(bob.space)).includes('without him'))
    await until('what he wrote is held back', async () => (await alice.space.heldBack()).length === 1)
    // A second one goes on from the first.
    await alice.space.setRole(carol.kith.address, 'owner')
    await until('Carol is an owner', async () => (await rankOf(carol, carol)) === 'owner')
    await alice.space.remove(carol.kith.address, { phrase })
    assert.equal(await rankOf(alice, carol), undefined)
  })
})

test('who leaves is out and what he wrote stays; the owner hands the space over first', async () => {
  await inScene(async (scene) => {
    const { alice, bob, carol } = (await gather(scene, { bob: 'writer', carol: 'writer' })) as unknown as Trio
    await write(bob, 'before leaving')
    await bob.space.leave()
    assert.equal((await bob.space.status()).isMember, false)
    await bob.space.synced().catch(() => {})
    await until('Alice knows', async () => (await alice.space.members()).length === 2)
    await write(alice, 'not for Bob')
    await untilShown('not for Bob', carol)
    assert.ok(await has(carol.space, 'before leaving'))
    assert.ok(!(await has(bob.space, 'not for Bob')))
    await assert.rejects(alice.space.leave(), { code: 'last-owner' })
    await alice.space.transferOwnership(carol.kith.address)
    assert.equal(await rankOf(alice, alice), 'admin')
    await until('Carol is the owner', async () => (await rankOf(carol, carol)) === 'owner')
    await carol.space.invite({ role: 'admin', uses: 1 })
    await alice.space.leave()
    await until('Carol is alone', async () => (await carol.space.members()).length === 1)
    await write(carol, 'alone')
  })
})

test('a link that is spent is closed by an admin’s device, and the space goes on under new keys', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const alice = await openPerson(scene, 'alice', [hub.url])
    const bob = await openPerson(scene, 'bob', [hub.url])
    const hers = await alice.createSpace(journal, { name: 'Home' })
    const link = await hers.invite({ role: 'writer', uses: 1 })
    const soon = await hers.invite({ role: 'reader', expires: new Date(Date.now() + 1500) })
    const his = await bob.join(journal, link)
    await until('both are closed', async () => (await hers.invites()).length === 0)
    await his.tables.entries.insert({ title: 'by Bob' })
    await hers.tables.entries.insert({ title: 'by Alice' })
    await untilAgree(hers, his)
    await until('Bob sees it closed', async () => (await his.invites()).length === 0)
    const carol = await openPerson(scene, 'carol', [hub.url])
    await assert.rejects(carol.join(journal, link), { code: 'link-expired' })
    await assert.rejects(carol.join(journal, soon), { code: 'link-expired' })
    await his.tables.entries.insert({ title: 'under the new keys' })
    await untilAgree(hers, his)
    assert.equal((await his.status()).heldBack, 0)
  })
})

test('who joined by a link that was closed before anybody knew of it is told so, and joins by a fresh one', async () => {
  await inScene(async (scene) => {
    const { alice, carol } = (await gather(scene, { carol: 'writer' })) as unknown as Trio
    const line = createLine()
    const bob = await openPerson(scene, 'bob', [], line.on)
    const link = await alice.space.invite({ role: 'writer', uses: 2 })
    const his = await bob.join(journal, link)
    line.cut()
    await his.tables.entries.insert({ title: 'too late' })
    const open = (await alice.space.invites()).find((invite) => invite.link === link)
    await alice.space.closeInvite(open?.id ?? '')
    line.mend()
    await until('Bob knows', async () => !(await his.status()).isMember)
    await assert.rejects(his.tables.entries.insert({ title: 'again' }), /Ask for a fresh link/)
    await until('Alice holds it back', async () => (await alice.space.status()).heldBack > 0)
    assert.ok(!(await has(alice.space, 'too late')))
    const again = await bob.join(journal, await alice.space.invite({ role: 'writer', uses: 1 }))
    await again.tables.entries.insert({ title: 'in time' })
    for (const { space } of [alice, carol]) await until('they see it', () => has(space, 'in time'))
  })
})

test('somebody whom another admin adds without knowing of the removal is removed again, by who removed him', async () => {
  await inScene(async (scene) => {
    const { alice, dora, bob, carol } = (await gather(scene, {
      dora: 'admin',
      bob: 'writer',
      carol: 'writer',
    })) as unknown as Trio & { dora: Member }
    dora.line.cut()
    await alice.space.remove(bob.kith.address)
    // To Dora he is still a member; she makes him a reader by another grant.
    await dora.space.setRole(bob.kith.address, 'reader')
    dora.line.mend()
    for (const member of [alice, dora, carol])
      await until('Bob is out', async () => (await rankOf(member, bob)) === undefined)
    await until('nothing is owed', async () => !(await alice.space.status()).rotationOwed)
    await write(carol, 'without Bob')
    await untilShown('without Bob', alice, dora)
  })
})

test('a preview tells what an earlier cut would make void, and the cut does just that', async () => {
  await inScene(async (scene) => {
    const { alice, bob, carol } = (await gather(scene, { bob: 'writer', carol: 'writer' })) as unknown as Trio
    await write(bob, 'spam 1')
    await write(bob, 'spam 2')
    await write(carol, 'honest')
    await untilShown('spam 2', alice, carol)
    await untilShown('honest', alice)
    const everything = await alice.space.previewRemoval(bob.kith.address)
    assert.equal(everything.changes, 0)
    const nothing = await alice.space.previewRemoval(bob.kith.address, { keep: 'nothing' })
    // His name, by which he introduced himself, is a change too.
    assert.equal(nothing.tables['entries'], 2)
    assert.equal(nothing.changes, 3)
    assert.equal((await alice.space.members()).length, 3)
    await alice.space.remove(bob.kith.address, { keep: 'nothing' })
    await until('it is gone here', async () => (await titles(alice.space)).join() === 'honest')
    await until('and there', async () => (await titles(carol.space)).join() === 'honest')
    // And the keys that he handed to himself when he joined.
    assert.equal((await alice.space.status()).heldBack, nothing.changes + 1)
  })
})
