import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromBase32, toHex } from '@kith/core/bytes'
import { type ClientMessage, frameToClientMessage, type Policy } from '@kith/core/wire'
import { inScene, until } from './conditions.fixture.ts'
import { type Line, openWatched, sentEntries, type Watched } from './contacts.fixture.ts'
import { journal } from './journal.fixture.ts'
import { openHub, openPerson } from './people.fixture.ts'

type Open = Extract<ClientMessage, { type: 'open' }>

const messagesOf = (line: Line): ClientMessage[] => line.sent.map((frame) => frameToClientMessage(frame))

const opensOf = (line: Line): Open[] =>
  messagesOf(line).flatMap((message) => (message.type === 'open' ? [message] : []))

const policiesOf = (line: Line): Policy[] => opensOf(line).flatMap(({ logs }) => logs.map(({ policy }) => policy))

/** The connections that wrote to a box of somebody else. */
const deliveriesOf = ({ lines }: Watched, kind: Policy['kind']): Line[] =>
  lines.filter((line) => sentEntries([line]).some(({ policy }) => policy.kind === kind))

/** All that the hub is told on a connection, but the sealed entries themselves. */
const withoutEntries = (line: Line): string =>
  JSON.stringify(
    messagesOf(line).map((message) =>
      message.type === 'put'
        ? {
            ...message,
            puts: message.puts.map((put) => ({ ...put, entries: put.entries.map((entry) => entry.length) })),
          }
        : message,
    ),
    (_, value: unknown) => (value instanceof Uint8Array ? toHex(value) : value),
  )

test('what a hub is told of a knock is the same, byte for byte, whoever knocks', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const alice = await openPerson(scene, 'alice', [hub.url])
    const senders = [
      await openWatched(scene, 'bob', [hub.url]),
      await openWatched(scene, 'carol with a long name', [hub.url]),
    ]
    for (const [at, { kith }] of senders.entries()) {
      const space = await kith.createSpace(journal, { name: 'Ours' })
      await kith.contacts.add(await alice.card())
      const invite = at === 0 ? await space.invite({ role: 'writer' }) : undefined
      await kith.contacts.deliver(alice.address, { message: 'x'.repeat(1 + 300 * at), ...(invite ? { invite } : {}) })
    }
    await until('both are heard', async () => (await alice.contacts.requests()).length === 2)
    const [his, hers] = senders.map((sender) => deliveriesOf(sender, 'knock'))
    assert.deepEqual([his!.length, hers!.length], [1, 1])
    const lines = [his![0]!, hers![0]!]
    // The request that opens the box is the very same bytes: no proof, no key, no ticket.
    assert.deepEqual(lines[0]!.sent[0], lines[1]!.sent[0])
    assert.equal(withoutEntries(lines[0]!), withoutEntries(lines[1]!))
    for (const line of lines) {
      const [open] = opensOf(line) as [Open]
      assert.equal(open.resumption, undefined)
      assert.deepEqual(
        open.logs.map(({ proofs }) => proofs.length),
        [0],
      )
    }
    // And the entries show no key of the sender, in whatever place.
    for (const [at, { kith }] of senders.entries()) {
      const bytes = lines[at]!.sent.map(toHex).join('')
      const address = fromBase32(kith.address)
      for (const part of [address, address.subarray(0, 32), address.subarray(32)])
        assert.ok(!bytes.includes(toHex(part)))
    }
  })
})

test('a delivery shares no connection with our own logs, nor with another delivery, and proves nothing but its box', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const alice = await openPerson(scene, 'alice', [hub.url])
    const dave = await openPerson(scene, 'dave', [hub.url])
    const bob = await openWatched(scene, 'bob', [hub.url])
    for (const friend of [alice, dave]) {
      await bob.kith.contacts.add(await friend.card())
      await bob.kith.contacts.deliver(friend.address, { message: 'Hello' })
      const request = await until('he is heard', async () => (await friend.contacts.requests())[0])
      await friend.contacts.accept(request.id)
    }
    await until('they are friends', async () => (await bob.kith.contacts.list()).every(({ isMutual }) => isMutual))
    for (const friend of [alice, dave]) await bob.kith.contacts.deliver(friend.address, { message: 'by mail' })
    await bob.kith.contacts.synced()

    const mail = deliveriesOf(bob, 'mailbox')
    assert.equal(mail.length, 2)
    for (const line of mail) {
      const [open, ...more] = opensOf(line)
      assert.deepEqual(more, [])
      assert.equal(open!.resumption, undefined)
      assert.deepEqual(
        open!.logs.map(({ proofs }) => proofs.map((proof) => 'right' in proof && proof.right)),
        [['write']],
      )
    }
    const boxes = [...mail, ...deliveriesOf(bob, 'knock')].map((line) => JSON.stringify(policiesOf(line)))
    assert.equal(new Set(boxes).size, 4, 'each box on a connection of its own')
    // His own boxes are read where his own logs are, and no letter leaves there.
    const own = bob.lines.filter((line) => messagesOf(line).some(({ type }) => type === 'pull'))
    for (const line of own) {
      const written = deliveriesOf(bob, 'knock').includes(line) || mail.includes(line)
      assert.equal(written, false)
    }
  })
})
