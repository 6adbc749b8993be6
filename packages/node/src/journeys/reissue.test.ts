import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Kith } from '@kith/core'
import { inScene, type Scene, until } from './conditions.fixture.ts'
import { type Journal, journal, titles } from './journal.fixture.ts'
import { createLine, type Line } from './lines.fixture.ts'
import { openHub, openPerson } from './people.fixture.ts'

type Member = { readonly kith: Kith; readonly space: Journal; readonly line: Line }
type Trio = { readonly alice: Member; readonly bob: Member; readonly carol: Member }

/** Alice owns a space in which Bob and Carol write. */
const gather = async (scene: Scene): Promise<Trio> => {
  const hub = await openHub(scene)
  const open = async (name: string): Promise<{ kith: Kith; line: Line }> => {
    const line = createLine()
    return { kith: await openPerson(scene, name, [hub.url], (platform) => line.on(platform)), line }
  }
  const first = await open('alice')
  const alice = { ...first, space: await first.kith.createSpace(journal, { name: 'Home' }) }
  const join = async (name: string): Promise<Member> => {
    const opened = await open(name)
    const space = await opened.kith.join(journal, await alice.space.invite({ role: 'writer' }))
    const isSeen = async () => (await alice.space.members()).some(({ address }) => address === opened.kith.address)
    await until(`Alice sees ${name}`, isSeen)
    return { ...opened, space }
  }
  return { alice, bob: await join('bob'), carol: await join('carol') }
}

const untilTitles = async (expected: readonly string[], ...members: Member[]): Promise<void> => {
  for (const { space } of members) {
    const want = expected.toSorted().join()
    await until(`the titles are ${want}`, async () => (await titles(space)).toSorted().join() === want)
  }
}

test('what a removal made void an admin can give effect to again, in its author’s name; nobody below an admin can', async () => {
  await inScene(async (scene) => {
    const { alice, bob, carol } = await gather(scene)
    await bob.space.tables.entries.insert({ title: 'worth keeping' })
    await bob.space.tables.entries.insert({ title: 'spam' })
    await carol.space.tables.entries.insert({ title: 'by Carol' })
    await untilTitles(['by Carol', 'spam', 'worth keeping'], alice, carol)
    await alice.space.remove(bob.kith.address, { keep: 'nothing' })
    await untilTitles(['by Carol'], alice, carol)

    const open = (await alice.space.heldBack()).filter(({ canReissue }) => canReissue)
    const explained = await Promise.all(open.map(({ change }) => alice.space.explain(change)))
    assert.ok(explained.every(({ author, state }) => author.address === bob.kith.address && state === 'held back'))
    assert.ok(explained.every(({ reissuedBy }) => reissuedBy.length === 0))
    assert.ok((await carol.space.heldBack()).every(({ canReissue }) => !canReissue))
    const [first] = open
    assert.ok(first)
    await assert.rejects(carol.space.reissue(first.change), { code: 'not-allowed' })
    await assert.rejects(alice.space.reissue('00'.repeat(32)), { code: 'not-found' })
    for (const item of open) await item.reissue()
    await untilTitles(['by Carol', 'spam', 'worth keeping'], alice, carol)
    await assert.rejects(alice.space.reissue(first.change), { code: 'not-found' })
    const { author, reissuedBy, text } = await carol.space.explain(first.change)
    assert.equal(author.address, bob.kith.address)
    assert.deepEqual(
      reissuedBy.map(({ address }) => address),
      [alice.kith.address],
    )
    assert.match(text, /It was held back; alice gave effect to it on/)
    // His joining stays void, and nobody can make him a member like that.
    assert.ok((await alice.space.heldBack()).every(({ canReissue }) => !canReissue))
    assert.ok(!(await alice.space.members()).some(({ address }) => address === bob.kith.address))
  })
})

test('whoever is let in again brings back what he wrote while he was out, in one call', async () => {
  await inScene(async (scene) => {
    const { alice, bob, carol } = await gather(scene)
    bob.line.cut()
    const id = await bob.space.tables.entries.insert({ title: 'on the train' })
    await bob.space.tables.entries.update(id, { title: 'on the train, mended' })
    await alice.space.remove(bob.kith.address)
    bob.line.mend()
    await until('Bob knows', async () => !(await bob.space.status()).isMember)
    await until('it is held back', async () => (await carol.space.status()).heldBack >= 2)
    assert.equal(await bob.space.reissueOwn(), 0)
    await bob.kith.join(journal, await alice.space.invite({ role: 'writer' }))
    await until('Bob is back', async () => (await bob.space.status()).isMember)
    await until('Bob has keys', async () => {
      try {
        await bob.space.tables.entries.insert({ title: 'back' })
        return true
      } catch {
        return false
      }
    })
    assert.equal(await bob.space.reissueOwn(), 2)
    await untilTitles(['back', 'on the train, mended'], alice, bob, carol)
  })
})
