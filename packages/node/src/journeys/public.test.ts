import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Kith } from '@kith/core'
import { inScene, type Scene, until } from './conditions.fixture.ts'
import { type Journal, journal, readAll, titles } from './journal.fixture.ts'
import { has, openHub, openPerson, untilAgree } from './people.fixture.ts'

const write = (space: Journal, title: string): Promise<string> => space.tables.entries.insert({ title })

/** Alice's space with something in it, and what opens people. */
const begin = async (scene: Scene) => {
  const hub = await openHub(scene)
  const open = (name: string): Promise<Kith> => openPerson(scene, name, [hub.url])
  const alice = await open('alice')
  const hers = await alice.createSpace(journal, { name: 'Fair' })
  await write(hers, 'before')
  return { hub, open, alice, hers }
}

/** A link by which strangers find all of it at once. */
const publishAtHub = async (space: Journal, options?: { readonly history: boolean }): Promise<string> => {
  const link = await space.publish(options)
  await space.synced()
  return link
}

/** New keys, because somebody may have read the link that is closed. */
const renewKeys = async (space: Journal): Promise<void> => {
  const link = await space.invite({ role: 'writer' })
  await space.closeInvite((await space.invites()).find((invite) => invite.link === link)?.id ?? '')
}

test('a stranger opens a public space by its link, sees what is written live, and cannot write', async () => {
  await inScene(async (scene) => {
    const { hub, open, alice, hers } = await begin(scene)
    assert.equal((await hers.status()).isPublic, false)
    assert.equal(await hers.publicLink(), undefined)
    const link = await publishAtHub(hers)
    assert.match(link, /^kith:public:/)
    assert.equal(await hers.publicLink(), link)
    assert.equal(await hers.publish(), link, 'once is enough')
    assert.equal((await hers.status()).isPublic, true)
    await write(hers, 'for everybody')

    const eve = await open('eve')
    await assert.rejects(eve.join(journal, link), { code: 'bad-link' })
    const seen = await eve.openPublic(journal, `https://example.org/#${link}`)
    await until('Eve sees it', () => has(seen, 'for everybody'))
    assert.deepEqual(await titles(seen), ['for everybody'], 'what was written before is hidden')
    assert.equal(await seen.name(), 'Fair')
    await write(hers, 'live')
    await until('Eve sees it live', () => has(seen, 'live'))
    assert.deepEqual(await seen.heldBack(), [])
    assert.deepEqual(
      (await seen.members()).map(({ address }) => address),
      [alice.address],
    )
    const status = await seen.status()
    assert.deepEqual([status.isMember, status.isPublic], [false, true])

    await assert.rejects(write(seen, 'from Eve'), { code: 'not-a-member', message: /public.*Ask an admin/ })
    await assert.rejects(seen.rename('Eve was here'), { code: 'not-a-member' })
    await assert.rejects(seen.invite({ role: 'writer' }), { code: 'not-allowed' })
    await assert.rejects(seen.publish(), { code: 'not-allowed' })
    assert.equal(await seen.can('insert', 'entries'), false)

    // Nothing of Eve reaches the space, not even that she is there.
    await seen.synced()
    assert.equal((await hers.members()).length, 1)
    const pending = async () => (await eve.status()).hubs.find(({ url }) => url === hub.url)?.pending
    await until('what is only her own is at the hub', async () => (await pending()) === 0)

    await eve.close()
    const again = await open('eve')
    const reopened = await again.open(journal, seen.id)
    assert.ok(await has(reopened, 'live'), 'it is there after a restart')
    await write(hers, 'after her restart')
    await until('and syncs', () => has(reopened, 'after her restart'))
    await assert.rejects(write(reopened, 'from Eve'), { code: 'not-a-member' })

    const inside = await again.join(journal, await hers.invite({ role: 'writer' }))
    await write(inside, 'Eve has joined')
    await until('Alice has it', () => has(hers, 'Eve has joined'))
  })
})

test('private again: a stranger sees nothing newer, while members go on', async () => {
  await inScene(async (scene) => {
    const { open, hers } = await begin(scene)
    const bob = await open('bob')
    const his = await bob.join(journal, await hers.invite({ role: 'writer' }))
    const link = await publishAtHub(hers)
    const eve = await open('eve')
    const seen = await eve.openPublic(journal, link)
    await write(hers, 'public')
    await until('Eve sees it', () => has(seen, 'public'))
    await assert.rejects(his.makePrivate(), { code: 'rank-too-low' })
    await assert.rejects(his.publish(), { code: 'rank-too-low' })
    await hers.makePrivate()
    assert.deepEqual([(await hers.status()).isPublic, await hers.publicLink()], [false, undefined])
    await write(hers, 'private again')
    await until('Bob has it', () => has(his, 'private again'))
    await write(his, 'private from Bob')
    await untilAgree(hers, his)
    await until('Eve knows that it is over', async () => !(await seen.status()).isPublic)
    await seen.synced()
    assert.ok(!(await readAll(seen)).includes('private'))
    assert.ok(await has(seen, 'public'), 'what she has read stays')

    const mallory = await open('mallory')
    const late = await mallory.openPublic(journal, link)
    await late.synced()
    await until('what was public still is', () => has(late, 'public'))
    assert.ok(!(await readAll(late)).includes('private'))

    const second = await publishAtHub(hers)
    assert.notEqual(second, link)
    await write(hers, 'public once more')
    const fresh = await eve.openPublic(journal, second)
    await until('Eve follows by the new link', () => has(fresh, 'public once more'))
    assert.ok(!(await readAll(fresh)).includes('private'), 'what was private between stays so')
    const carol = await (await open('carol')).join(journal, await hers.invite({ role: 'writer' }))
    await until('members read what was written', () => has(carol, 'public once more'))
  })
})

test("an admin's new keys keep the space public, and the holder of the old link follows; hidden history stays hidden", async () => {
  await inScene(async (scene) => {
    const { open, hers } = await begin(scene)
    const bob = await open('bob')
    await bob.join(journal, await hers.invite({ role: 'writer' }))
    await until('Bob is in', async () => (await hers.members()).length === 2)
    const link = await publishAtHub(hers)
    const seen = await (await open('eve')).openPublic(journal, link)
    await write(hers, 'one')
    await until('Eve sees it', () => has(seen, 'one'))
    await hers.remove(bob.address)
    await write(hers, 'two')
    assert.equal((await hers.status()).isPublic, true)
    const newer = (await hers.publicLink()) ?? ''
    assert.notEqual(newer, link)
    await until('Eve follows', () => has(seen, 'two'))
    assert.equal(await seen.publicLink(), newer)
    await renewKeys(hers)
    await write(hers, 'three')
    await until('and again', () => has(seen, 'three'))

    await hers.synced()
    for (const [name, by] of [
      ['dan', link],
      ['dora', newer],
    ] as const) {
      const late = await (await open(name)).openPublic(journal, by)
      await until(`${name} has all that is public`, async () => (await titles(late)).length === 3)
      assert.deepEqual(await titles(late), ['one', 'three', 'two'])
      assert.deepEqual(await late.heldBack(), [])
    }
  })
})

test("a writer's new keys end it, and an admin publishes again", async () => {
  await inScene(async (scene) => {
    const { open, hers } = await begin(scene)
    const bob = await open('bob')
    const his = await bob.join(journal, await hers.invite({ role: 'writer' }))
    const carol = await open('carol')
    const third = await carol.join(journal, await hers.invite({ role: 'writer' }))
    await until('all are in', async () => (await his.members()).length === 3)
    const seen = await (await open('eve')).openPublic(journal, await publishAtHub(hers))
    await write(hers, 'public')
    await until('Eve and Bob have it', async () => (await has(seen, 'public')) && has(his, 'public'))
    await third.leave()
    await until('Bob owes keys', async () => (await his.status()).rotationOwed)
    await write(his, 'under keys of a writer')
    await until('Alice has it', () => has(hers, 'under keys of a writer'))
    assert.equal((await hers.status()).isPublic, false)
    await until('Eve knows', async () => !(await seen.status()).isPublic)
    assert.ok(!(await has(seen, 'under keys of a writer')))
    const again = await (await open('dan')).openPublic(journal, await publishAtHub(hers))
    await write(hers, 'public again')
    await until('Dan sees it', () => has(again, 'public again'))
    assert.ok(!(await has(again, 'under keys of a writer')))
  })
})

test('an owner can publish what was written before, and is told what that is', async () => {
  await inScene(async (scene) => {
    const { open, alice, hers } = await begin(scene)
    const hidden = await hers.previewPublish()
    assert.deepEqual([hidden.history.changes, hidden.members.map(({ address }) => address)], [0, [alice.address]])
    assert.match(hidden.text, /addresses of its 1 members.*stays hidden: 2 changes/)
    const shown = await hers.previewPublish({ history: true })
    assert.deepEqual([shown.history.tables, shown.hiddenChanges], [{ entries: 1 }, 0])
    assert.match(shown.text, /becomes readable too: 2 changes/)
    const bob = await open('bob')
    const his = await bob.join(journal, await hers.invite({ role: 'writer' }))
    await until('Bob is in', async () => (await hers.members()).length === 2)
    await hers.setRole(bob.address, 'admin')
    await until('Bob is admin', async () => (await his.members()).some(({ rank }) => rank === 'admin'))
    await assert.rejects(his.publish({ history: true }), { code: 'rank-too-low' })
    const seen = await (await open('eve')).openPublic(journal, await publishAtHub(hers, { history: true }))
    await until('Eve reads the past', () => has(seen, 'before'))
    assert.equal((await hers.previewPublish({ history: true })).history.changes, 0)
    await renewKeys(hers)
    await hers.synced()
    const late = await (await open('dan')).openPublic(journal, (await hers.publicLink()) ?? '')
    await until('and so after new keys', () => has(late, 'before'))
  })
})

test('what somebody gives away who may not publish is no public link', async () => {
  await inScene(async (scene) => {
    const { open, hers } = await begin(scene)
    const eve = await open('eve')
    const link = await publishAtHub(hers)
    await assert.rejects(eve.openPublic(journal, link.slice(0, -3)), { code: 'bad-link' })
    await assert.rejects(eve.openPublic(journal, await hers.invite({ role: 'reader' })), { code: 'bad-link' })
    await assert.rejects(eve.openPublic({ ...journal, id: 'org.kith.other' }, link), {
      code: 'wrong-app',
    })
  })
})
