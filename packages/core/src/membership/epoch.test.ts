import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNodeCrypto } from '../../../node/src/platform/crypto.ts'
import { type Change, kinds } from '../change/index.ts'
import { type Actor, type Cast, createCast } from '../keys/cast.fixture.ts'
import { createEpoch } from '../keys/index.ts'
import { encodeBroken, encodeEpoch, encodeShare } from './index.ts'

const crypto = await createNodeCrypto()
const salt = crypto.randomBytes(16)

test('a removal owes a new epoch: until there is one, whoever knows of it writes no content', () => {
  const { cast, alice, bob, carol } = withThree()
  const old = carol.post()
  alice.remove(bob)
  assert.equal(now(cast).isRotationOwed(), true)
  assert.equal(judged(cast, carol.post()), 'allowed', 'who does not know of it goes on')
  carol.learn(alice)
  const { epoch } = old.header
  assert.equal(judged(cast, carol.post({ epoch })), 'unclean-epoch')
  const fresh = alice.epoch()
  assert.equal(now(cast).isRotationOwed(), false)
  assert.deepEqual(now(cast).epochInUse()?.hash, fresh.hash)
  assert.ok(
    now(cast)
      .epochInUse()
      ?.supersedes.some((older) => text(older) === text(epoch)),
  )
  carol.learn(alice)
  assert.equal(judged(cast, carol.post()), 'allowed')
  assert.equal(judged(cast, carol.post({ epoch })), 'unclean-epoch')
})

test('any writer starts an epoch that is owed, none that is not, and none with an admin key; a reader none at all', () => {
  const { cast, alice, bob, carol } = withThree()
  const dora = join(cast, 'dora', 'reader')
  assert.equal(code(cast, carol.epoch()), 'epoch-not-owed')
  alice.remove(bob)
  for (const actor of [carol, dora]) actor.learn(alice)
  assert.equal(code(cast, dora.epoch()), 'rank-too-low')
  const recipients = carol.membership().recipients('admin')
  const admins = createEpoch(crypto, cast.space.space, 'admin', recipients)
  assert.equal(code(cast, carol.write(kinds.epoch, encodeEpoch(admins.body))), 'bad-epoch')
  assert.equal(code(cast, carol.epoch()), 'applied')
  assert.equal(now(cast).epochInUse()?.commitments.admin, undefined)
})

test('of two epochs that were started at once everybody uses the one with the lowest hash', () => {
  const { cast, alice, bob, carol } = withThree()
  alice.remove(bob)
  carol.learn(alice)
  const hashes = [alice.epoch(), carol.epoch()].map(({ hash }) => Buffer.from(hash).toString('hex')).sort()
  for (const order of [[...cast.changes], [...cast.changes].reverse()]) {
    assert.equal(Buffer.from(cast.evaluate(order).epochInUse()?.hash as Uint8Array).toString('hex'), hashes[0])
  }
})

test('promotion and joining owe no epoch, only a share; demotion, a closed link and renewed keys owe one', () => {
  const { cast, alice, bob } = withThree()
  const inUse = now(cast).epochInUse()?.hash as Uint8Array
  const dora = join(cast, 'dora', 'reader')
  assert.deepEqual(
    now(cast)
      .missed(inUse)
      .map(({ person, level }) => [person, level]),
    [[dora.id, 'read']],
  )
  alice.grant(bob, 'admin')
  assert.equal(now(cast).missed(inUse).length, 2)
  assert.equal(now(cast).isRotationOwed(), false)
  alice.epoch()
  const second = now(cast).epochInUse()?.hash as Uint8Array
  assert.deepEqual(now(cast).missed(second), [])
  bob.learn(alice)
  bob.renewKeys()
  assert.equal(now(cast).isRotationOwed(), true, 'whoever stole a device has the old key')
  alice.learn(bob)
  alice.epoch()
  assert.equal(now(cast).isRotationOwed(), false)
  const invite = alice.invite()
  alice.epoch()
  assert.equal(now(cast).isRotationOwed(), false)
  alice.closeInvite(invite)
  assert.equal(now(cast).isRotationOwed(), true, 'the link could read it')
  alice.epoch()
  alice.remove(bob, { rank: 'writer' })
  assert.equal(now(cast).isRotationOwed(), true, 'he holds more than a writer is due')
})

test('a link that was made under an epoch has its secret, and closing it owes another, though the record could not name it', () => {
  const { cast, alice, carol } = withThree()
  alice.epoch()
  const invite = alice.invite()
  assert.equal(now(cast).isRotationOwed(), false)
  alice.closeInvite(invite)
  assert.equal(now(cast).isRotationOwed(), true)
  carol.learn(alice)
  assert.equal(code(cast, carol.epoch()), 'applied')
  assert.equal(now(cast).isRotationOwed(), false)
})

test('an epoch that was shared with somebody who is out is as unclean as one sealed to him', () => {
  const cast = createCast(crypto)
  const { alice } = cast
  const bob = join(cast, 'bob', 'writer')
  const epoch = now(cast).epochInUse()?.hash as Uint8Array
  const ephemeral = crypto.x25519PublicKey(crypto.randomBytes(32))
  const boxes = [{ person: bob.id, level: 'write', box: new Uint8Array(48) }] as const
  alice.write(kinds.share, encodeShare({ salt, epoch, ephemeral, boxes }))
  assert.deepEqual(now(cast).missed(epoch), [])
  assert.equal(now(cast).isRotationOwed(), false)
  alice.remove(bob)
  assert.equal(now(cast).isRotationOwed(), true)
})

test('nothing of a removed person counts for an epoch: granted again, it is clean again', () => {
  const { cast, alice, bob } = withThree()
  alice.epoch()
  alice.remove(bob)
  assert.equal(now(cast).isRotationOwed(), true)
  alice.grant(bob, 'writer')
  assert.equal(now(cast).isRotationOwed(), false, 'he had its secret all the time, and may have it')
})

test('whoever was given an epoch may call it broken; others may not, and a removed one no longer can', () => {
  const { cast, alice, bob } = withThree()
  const dora = join(cast, 'dora', 'writer')
  const epoch = now(cast).epochInUse()?.hash as Uint8Array
  assert.equal(code(cast, dora.write(kinds.broken, encodeBroken({ salt, epoch }))), 'not-broken')
  alice.learn(cast.changes)
  const second = alice.epoch().hash
  bob.learn(alice)
  const heads = alice.headsOf(bob)
  const broken = bob.write(kinds.broken, encodeBroken({ salt, epoch: second }))
  assert.equal(code(cast, broken), 'applied')
  assert.equal(
    now(cast)
      .epochs()
      .find(({ hash }) => text(hash) === text(second))?.isClean,
    false,
  )
  alice.remove(bob, { cut: heads })
  const third = alice.epoch().hash
  assert.equal(code(cast, broken), 'outside-cut')
  assert.equal(text(now(cast).epochInUse()?.hash), text(third))
})

test('whoever calls an epoch broken is due a share of it, once: what was written under it is for him too', () => {
  const { cast, alice, bob } = withThree()
  const epoch = alice.epoch().hash
  const due = (): unknown[] =>
    now(cast)
      .missed(epoch)
      .map(({ person, level }) => [person, level])
  assert.deepEqual(due(), [])
  bob.learn(alice)
  bob.write(kinds.broken, encodeBroken({ salt, epoch }))
  assert.deepEqual(due(), [[bob.id, 'write']], 'and nobody else, for the epoch is used no more')
  alice.learn(bob)
  alice.epoch()
  assert.deepEqual(due(), [[bob.id, 'write']], 'the next epoch does not give it to him')
  const ephemeral = crypto.x25519PublicKey(crypto.randomBytes(32))
  const boxes = [{ person: bob.id, level: 'write', box: new Uint8Array(48) }] as const
  alice.write(kinds.share, encodeShare({ salt, epoch, ephemeral, boxes }))
  assert.deepEqual(due(), [])
  bob.learn(alice)
  bob.write(kinds.broken, encodeBroken({ salt: crypto.randomBytes(16), epoch }))
  assert.deepEqual(due(), [], 'to say it again gives nothing more to do')
})

test('a record with a published secret is an admin’s, and the secret is its own', () => {
  const { cast, alice, bob, carol } = withThree()
  const open = (by: Actor, highest: 'admin' | 'write', patch = {}): Change => {
    const recipients = by.membership().recipients(highest)
    const { body } = createEpoch(crypto, cast.space.space, highest, recipients, () => ({ isPublic: true }))
    return by.write(kinds.epoch, encodeEpoch({ ...body, ...patch }))
  }
  assert.equal(code(cast, open(alice, 'admin')), 'applied')
  assert.equal(code(cast, open(alice, 'admin', { publicSecret: crypto.randomBytes(32) })), 'bad-epoch')
  alice.remove(bob)
  carol.learn(alice)
  assert.equal(code(cast, open(carol, 'write')), 'rank-too-low')
})

test('a thousand epochs of one writer harm nobody: all are clean, one is used, and his removal ends them all', () => {
  const { cast, alice, bob, carol } = withThree()
  alice.remove(bob)
  carol.learn(alice)
  const deps = { membership: carol.membership().heads(), content: [] }
  const recipients = carol.membership().recipients('write')
  const { body } = createEpoch(crypto, cast.space.space, 'write', recipients)
  const names = carol.membership().member(carol.id)
  const flood = Array.from({ length: 300 }, (_, at) =>
    carol.write(kinds.epoch, encodeEpoch({ ...body, salt: crypto.randomBytes(16) }), {
      deps,
      grant: names?.grant as Uint8Array,
      seq: 1_000 + at,
      prev: carol.id,
    }),
  )
  const all = cast.evaluate(cast.changes)
  assert.equal(all.epochs().filter(({ isClean }) => isClean).length, flood.length)
  alice.learn(cast.changes)
  for (let merges = 0; merges < 6; merges += 1) alice.merge()
  alice.remove(carol, { cut: [] })
  assert.equal(now(cast).isRotationOwed(), true)
  alice.epoch()
  assert.equal(
    now(cast)
      .epochs()
      .filter(({ isClean }) => isClean).length,
    1,
  )
})

function withThree(): { cast: Cast; alice: Actor; bob: Actor; carol: Actor } {
  const cast = createCast(crypto)
  const [bob, carol] = [join(cast, 'bob', 'writer'), join(cast, 'carol', 'writer')]
  cast.alice.epoch()
  for (const actor of [bob, carol]) actor.learn(cast.alice)
  return { cast, alice: cast.alice, bob, carol }
}

function join(cast: Cast, name: string, rank: 'reader' | 'writer'): Actor {
  const actor = cast.person(name)
  cast.alice.grant(actor, rank)
  actor.learn(cast.alice)
  return actor
}

function now(cast: Cast) {
  return cast.evaluate(cast.changes)
}

function judged(cast: Cast, { header, hash }: Change): string {
  const judgement = now(cast).judgeAuthor(header, hash)
  return judgement.status === 'heldBack' ? judgement.code : judgement.status
}

function code(cast: Cast, { hash }: Change): string {
  const verdict = now(cast).verdictOf(hash)
  return typeof verdict === 'object' ? verdict.code : String(verdict)
}

function text(hash: Uint8Array | undefined): string {
  return hash === undefined ? '' : Buffer.from(hash).toString('hex')
}
