import assert from 'node:assert/strict'
import { test } from 'node:test'
import { equalBytes, labelled } from '../../bytes/index.ts'
import { sealBoxes } from '../../crypto/seal/index.ts'
import { createEpochSecrets, keysToPolicy, type Notice, secretsToPolicy } from '../../keys/index.ts'
import { noticesPerSpaceMax } from '../../limits/index.ts'
import { createTrialPeer } from '../trial-peer.fixture.ts'
import { createTrialWorld, trialNowMs } from '../trial-world.fixture.ts'
import { takeNotice } from './notices.ts'
import type { ContactRow } from './store.ts'

const world = createTrialWorld()
const { crypto } = world

const open = async () => {
  const peer = await createTrialPeer(world, 7)
  peer.receive(world.segments)
  peer.commit()
  const toContact = (person: Uint8Array): ContactRow => ({
    address: new Uint8Array(48),
    person,
    name: 'Alice',
    isBlocked: false,
    card: undefined,
    cardTime: 0,
    terms: undefined,
    termsTime: 0,
  })
  const member = toContact(world.members[0]!.secrets.person)
  /** Of an epoch whose record nobody here has. */
  const make = (patch: Partial<Notice> & { readonly to?: Uint8Array; readonly secret?: Uint8Array } = {}): Notice => {
    const secrets = createEpochSecrets(crypto, 'admin')
    const { to = peer.engine().person.tagKeys[0]!.sealing.publicKey, secret = secrets.write!, ...fields } = patch
    const notice = {
      type: 'notice' as const,
      id: crypto.randomBytes(16),
      time: trialNowMs,
      space: world.space,
      epoch: crypto.randomBytes(32),
      level: 'write' as const,
      policy: keysToPolicy(secretsToPolicy(crypto, { ...secrets, write: secrets.write! })),
      ...fields,
    }
    const context = labelled('kith/1 epoch notice', notice.space, notice.epoch)
    const { ephemeral, boxes } = sealBoxes(crypto, context, [{ publicKey: to, secret }])
    return { ...notice, ephemeral, box: boxes[0]! }
  }
  const take = (notice: Notice, from = member): void => takeNotice(peer.engine(), peer.replica, notice, from)
  const knows = (epoch: Uint8Array): boolean =>
    peer
      .replica()
      .epochs()
      .some(({ hash, secrets }) => equalBytes(hash, epoch) && secrets !== undefined)
  return { peer, make, take, knows, member, stranger: toContact(crypto.randomBytes(32)) }
}

test('a member tells of an epoch: its log is followed, also after a restart', async () => {
  const { peer, make, take, knows } = await open()
  const notice = make()
  take(notice)
  assert.ok(knows(notice.epoch))
  peer.commit()
  await peer.reopen()
  assert.ok(knows(notice.epoch))
  peer.close()
})

test('a notice of a stranger, for another key, or whose secret is not that of its log, is a typed refusal', async () => {
  const { peer, make, take, knows, stranger } = await open()
  const good = make()
  assert.throws(() => take(good, stranger), { code: 'not-allowed' })
  const bad = [
    make({ to: crypto.x25519PublicKey(crypto.randomBytes(32)) }),
    make({ secret: crypto.randomBytes(32) }),
    { ...good, epoch: crypto.randomBytes(32) },
    { ...good, space: world.space, box: good.box.with(3, good.box[3]! ^ 1) },
  ]
  for (const notice of bad) {
    assert.throws(() => take(notice), { code: 'cannot-open' })
    assert.equal(knows(notice.epoch), false)
  }
  peer.close()
})

test('where the record is here, a notice that it does not commit to counts for nothing', async () => {
  const { peer, make, take, knows } = await open()
  const before = knows(world.epoch)
  assert.throws(() => take(make({ epoch: world.epoch })), { code: 'cannot-open' })
  assert.equal(knows(world.epoch), before)
  peer.close()
})

test('a member who tells of epochs without end is stopped; of a space that is not here nothing is kept', async () => {
  const { peer, make, take, knows } = await open()
  for (let at = 0; at < noticesPerSpaceMax; at += 1) take(make())
  assert.throws(() => take(make()), { code: 'too-large' })
  const elsewhere = make({ space: crypto.randomBytes(32) })
  take(elsewhere)
  assert.equal(knows(elsewhere.epoch), false)
  peer.close()
})
