import assert from 'node:assert/strict'
import { test } from 'node:test'
import { app, table, text } from '../index.ts'
import { hasCode, openPerson } from './person.fixture.ts'

const chat = app('org.example.chat', {
  version: 1,
  tables: { messages: table({ text: text() }) },
  roles: { guest: 'reader', steward: 'admin', speaker: 'writer' },
})
const nobody = '0'.repeat(77)

test('links are made for every role of the app and of its own, and listed with their text', async (context) => {
  const alice = await openPerson(context)
  const space = await alice.createSpace(chat, { name: 'Talk' })
  const links = new Map<string, string>()
  for (const role of ['reader', 'writer', 'admin', 'guest', 'steward', 'speaker'])
    links.set(role, await space.invite({ role, uses: 3 }))
  const invites = await space.invites()
  assert.deepEqual(
    invites
      .map(({ role, rank, uses, joins, isExceeded, link }) => {
        return { role, rank, uses, joins, isExceeded, isRight: link === links.get(role) }
      })
      .sort((a, b) => (a.role < b.role ? -1 : 1)),
    [
      ['admin', 'admin'],
      ['guest', 'reader'],
      ['reader', 'reader'],
      ['speaker', 'writer'],
      ['steward', 'admin'],
      ['writer', 'writer'],
    ].map(([role, rank]) => ({ role, rank, uses: 3, joins: 0, isExceeded: false, isRight: true })),
  )
  await assert.rejects(space.invite({ role: 'owner' }), hasCode('bad-value'))
  await assert.rejects(space.invite({ role: 'king' }), /guest, speaker, steward, reader, writer, admin/)
  await assert.rejects(space.invite({ role: 'writer', uses: 0 }), hasCode('bad-value'))
  await assert.rejects(space.invite({ role: 'writer', expires: new Date(Number.NaN) }), hasCode('bad-value'))
})

test('a link that is closed is gone from the list, and new keys are made for what is written from then on', async (context) => {
  const alice = await openPerson(context)
  const space = await alice.createSpace(chat, { name: 'Talk' })
  const before = await space.explain(await space.tables.messages.insert({ text: 'before' }))
  await space.invite({ role: 'writer' })
  await space.invite({ role: 'reader' })
  const [one] = await space.invites()
  assert.ok(one)
  await space.closeInvite(one.id)
  assert.deepEqual((await space.invites()).map(({ id }) => id).includes(one.id), false)
  const after = await space.explain(await space.tables.messages.insert({ text: 'after' }))
  assert.notEqual(after.epoch, before.epoch)
  assert.equal(after.openLinks, 1)
  assert.equal((await space.status()).rotationOwed, false)
  await assert.rejects(space.closeInvite(one.id), hasCode('not-found'))
  await assert.rejects(space.closeInvite('nonsense'), hasCode('bad-value'))
})

test('who is not there cannot be removed or promoted, and the last owner cannot go', async (context) => {
  const alice = await openPerson(context)
  const space = await alice.createSpace(chat, { name: 'Talk' })
  await assert.rejects(space.remove(nobody), hasCode('unknown-member'))
  await assert.rejects(space.remove('somebody'), hasCode('bad-value'))
  await assert.rejects(space.remove(alice.address), /leave\(\)/)
  await assert.rejects(space.setRole(nobody, 'reader'), hasCode('unknown-member'))
  await assert.rejects(space.setRole(alice.address, 'reader'), hasCode('last-owner'))
  await assert.rejects(space.setRole(alice.address, 'king'), hasCode('bad-value'))
  await assert.rejects(space.transferOwnership(nobody), hasCode('unknown-member'))
  await assert.rejects(space.leave(), hasCode('last-owner'))
  await assert.rejects(space.grant(nobody, 'writer'), hasCode('unknown-member'))
  await space.setRole(alice.address, 'owner')
  assert.equal((await space.members())[0]?.rank, 'owner')
})
