import { countWork } from '../count-work.fixture.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNodeCrypto } from '../../../node/src/platform/crypto.ts'
import { type Change, kinds } from '../change/index.ts'
import { createCast } from '../keys/cast.fixture.ts'
import { createEpoch } from '../keys/index.ts'
import { encodeBroken, encodeEpoch, type Membership } from './index.ts'

const crypto = await createNodeCrypto()

/** Somebody who was let in to write starts so many epochs from one moment, and somebody else calls each of them broken, one after another. */
const floodOf = (many: number): { known: Change[]; epochs: Change[]; broken: Change[]; evaluate: () => Membership } => {
  const cast = createCast(crypto)
  const { alice } = cast
  const [bob, carol] = [cast.person('bob'), cast.person('carol')]
  alice.grant(bob, 'writer')
  alice.grant(carol, 'writer')
  alice.epoch()
  alice.remove(bob)
  carol.learn(alice)
  const known = [...cast.changes]
  const deps = { membership: carol.membership().heads(), content: [] }
  const { body } = createEpoch(crypto, cast.space.space, 'write', carol.membership().recipients('write'))
  const grant = carol.membership().member(carol.id)?.grant as Uint8Array
  const epochs = Array.from({ length: many }, (_, at) =>
    carol.write(kinds.epoch, encodeEpoch({ ...body, salt: crypto.randomBytes(16) }), {
      deps,
      grant,
      prev: carol.id,
      seq: 1000 + at,
    }),
  )
  const names = alice.membership().member(alice.id)?.grant as Uint8Array
  const broken = epochs.map(({ hash }, at) =>
    alice.write(kinds.broken, encodeBroken({ salt: crypto.randomBytes(16), epoch: hash }), {
      deps: { membership: [hash], content: [] },
      grant: names,
      prev: alice.id,
      seq: 1000 + at,
    }),
  )
  return { known, epochs, broken, evaluate: () => cast.evaluate(known) }
}

/** What an honest device pays that looks after each of them. */
const workOf = (many: number): number => {
  const { epochs, broken, evaluate } = floodOf(many)
  const membership = evaluate()
  const work = countWork(() => {
    membership.add(epochs)
    for (const [at, change] of broken.entries()) {
      membership.add([change])
      assert.equal(membership.isRotationOwed(), at === many - 1)
    }
  })
  assert.equal(membership.epochs().filter(({ isBroken }) => isBroken).length, many)
  return work
}

test('epochs by the hundred, and that each is broken, cost no more than a look at each with each change', () => {
  const [few, many] = [workOf(30), workOf(120)]
  // Four times as many are 16 times the work where each is looked at with each change; 64 times where each is compared with each as well.
  assert.ok(many / few < 20, `${many / few} times the work`)
})
