import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNodeCrypto } from '../../../node/src/platform/crypto.ts'
import type { Change } from '../change/index.ts'
import { type Actor, type Cast, createCast } from '../keys/cast.fixture.ts'

const crypto = await createNodeCrypto()
const unknownKind = 50

test('an admin’s change of unknown kind stops this version until he is removed beyond it, whenever it claims to be from', () => {
  const { cast, alice, bob } = withBob('admin')
  const before = bob.membership().heads()
  alice.learn(bob)
  alice.remove(bob)
  bob.write(unknownKind, new Uint8Array([0]), { deps: { membership: before, content: [] } })
  const alone = cast.evaluate(bob.knows())
  assert.equal(alone.unsupported().length, 1, 'by what he says alone he is an admin')
  for (const changes of [cast.changes, [...cast.changes].reverse()]) {
    assert.deepEqual(cast.evaluate(changes).unsupported(), [])
  }
  alice.learn(bob)
  const post = alice.post()
  assert.equal(judged(cast, post), 'allowed')
})

test('what somebody says in his own space stops nobody else', () => {
  const { cast, alice, bob } = withBob('reader')
  const rights = { space: bob.id, grant: bob.id, admission: bob.id }
  const heads = bob.membership().personHeads(bob.id)
  bob.write(unknownKind, new Uint8Array([0]), { ...rights, deps: { membership: heads, content: [] } })
  alice.learn(bob)
  assert.deepEqual(cast.evaluate(cast.changes).unsupported(), [])
  assert.equal(judged(cast, alice.post()), 'allowed')
})

function withBob(rank: 'reader' | 'admin'): { cast: Cast; alice: Actor; bob: Actor } {
  const cast = createCast(crypto)
  const { alice } = cast
  const bob = cast.person('bob')
  alice.grant(bob, rank)
  bob.learn(alice)
  return { cast, alice, bob }
}

function judged(cast: Cast, { header, hash }: Change): string {
  const judgement = cast.evaluate(cast.changes).judgeAuthor(header, hash)
  return judgement.status === 'heldBack' ? judgement.code : judgement.status
}
