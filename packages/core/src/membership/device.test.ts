import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNodeCrypto } from '../../../node/src/platform/crypto.ts'
import { type Change, noBytes } from '../change/index.ts'
import { type Actor, type Cast, createCast } from '../keys/cast.fixture.ts'

const crypto = await createNodeCrypto()

test('an admitted device acts for its person', () => {
  const { cast, phone } = withPhone()
  assert.equal(judged(cast, phone.post()), 'allowed')
  assert.equal(cast.evaluate(cast.changes).member(phone.id)?.devices.length, 2)
})

test('a revoked device: having seen the revocation nothing of it counts, and beyond the device cut nothing either', () => {
  const { cast, bob, phone } = withPhone()
  const before = phone.post()
  bob.learn(phone)
  const heads = bob.headsOf(phone)
  const revocation = bob.revoke(phone)
  const unknowing = phone.post()
  assert.equal(judged(cast, unknowing), 'allowed', 'until a cut in this space says otherwise')
  assert.deepEqual(owed(cast, bob), [[phone.device]])
  bob.cutDevice(revocation, heads)
  assert.deepEqual(owed(cast, bob), [])
  assert.equal(judged(cast, before), 'allowed')
  assert.equal(judged(cast, unknowing), 'outside-device-cut')
  phone.learn(bob)
  assert.equal(judged(cast, phone.post({ epoch: before.header.epoch })), 'device-revoked')
  const all = cast.evaluate(cast.changes)
  assert.deepEqual(
    all.member(bob.id)?.devices.map(({ device }) => device),
    [bob.device],
  )
})

test('why a change of a revoked device does not count is said alike in whatever order two revocations came', () => {
  const { cast, bob, phone } = withPhone()
  const outside = phone.renewKeys()
  const before = [...cast.changes]
  const recovery = cast.recovery(bob)
  recovery.learn(bob)
  const byDevice = bob.revoke(phone, { cut: [] })
  const byPhrase = recovery.revoke(phone, { cut: [] })
  const [first, second] = [
    [byDevice, byPhrase],
    [byPhrase, byDevice],
  ].map((order) => {
    const replica = cast.evaluate(before)
    for (const change of order) replica.add([change])
    return replica.verdictOf(outside.hash)
  })
  assert.equal(typeof first, 'object')
  assert.deepEqual(first, second)
})

test('any device of the person may write the cut, whatever its rank, and nobody else', () => {
  const { cast, alice, bob, phone } = withPhone('reader')
  const revocation = bob.revoke(phone)
  alice.learn(bob)
  assert.equal(code(cast, alice.cutDevice(revocation, [])), 'malformed')
  assert.equal(code(cast, bob.cutDevice(revocation, [])), 'applied')
})

test('whoever was removed can revoke devices of his own, and takes nothing back by it that his remover had accepted', () => {
  const { cast, alice, bob, phone } = withPhone()
  const post = phone.post()
  bob.learn(phone)
  alice.learn(bob)
  const deps = { membership: alice.membership().heads(), content: [post.hash] }
  alice.remove(bob, { cut: [...alice.headsOf(bob, phone)], patch: { deps } })
  // As if he had not heard of it.
  const late = bob.cutDevice(bob.revoke(phone), [])
  assert.equal(code(cast, late), 'outside-cut')
  assert.equal(judged(cast, post), 'allowed')
  bob.learn(alice)
  assert.equal(code(cast, bob.cutDevice(bob.revoke(phone), [])), 'not-member')
})

test('nor by whom it revokes: what was accepted of a device, and whom that let in, outlasts the admission of that device', () => {
  const { cast, alice, bob, phone } = withPhone('admin')
  const tablet = cast.device(bob, "bob's tablet")
  bob.admit(tablet)
  const dave = cast.person('dave')
  const grant = phone.grant(dave, 'writer')
  dave.learn(phone)
  const [phones, daves] = [phone.post(), dave.post()]
  for (const actor of [alice, bob]) actor.learn(phone)
  const deps = { membership: alice.membership().heads(), content: [phones.hash, daves.hash] }
  const removal = alice.remove(bob, { cut: alice.headsOf(bob, phone), patch: { deps } })
  // Bob's first device admitted the phone: by this the phone was never admitted, and Dave never let in.
  tablet.revoke(bob, { cut: [] })
  for (const change of [phones, daves]) assert.equal(judged(cast, change), 'allowed')
  assert.equal(code(cast, grant), 'applied')
  const all = cast.evaluate(cast.changes)
  assert.ok(all.member(dave.id))
  assert.deepEqual(
    all.devices(bob.id).map(({ device }) => device),
    [tablet.device],
    'Bob has ended his own',
  )
  // Without the removal his devices are his own matter.
  const alone = cast.evaluate(cast.changes.filter((change) => change !== removal))
  assert.equal(alone.member(dave.id), undefined)
})

test('what nobody accepted is not revived by a removal: of a device whose admission is void nothing later counts', () => {
  const { cast, alice, bob, phone } = withPhone()
  const backdoor = cast.device(bob, 'a backdoor')
  phone.admit(backdoor)
  const [early, late] = [backdoor.post(), backdoor.post()]
  alice.learn(backdoor)
  alice.remove(bob, { cut: [early.hash] })
  bob.revoke(phone, { cut: [] })
  assert.equal(judged(cast, early), 'allowed')
  assert.equal(judged(cast, late), 'outside-cut')
  // Let in again, and the backdoor with him, as it thinks.
  alice.grant(bob, 'writer')
  backdoor.learn(alice)
  assert.equal(judged(cast, backdoor.post()), 'rests-on-void')
})

test('a removal that knew of the revocation accepts nothing that it voids', () => {
  const { cast, alice, bob, phone } = withPhone()
  const backdoor = cast.device(bob, 'a backdoor')
  phone.admit(backdoor)
  const post = backdoor.post()
  bob.learn(phone)
  bob.revoke(phone, { cut: [] })
  for (const actor of [backdoor, bob]) alice.learn(actor)
  alice.remove(bob, { cut: [post.hash] })
  assert.equal(judged(cast, post), 'rests-on-void')
})

test('cuts by two persons that limit each other in a ring end all the same', () => {
  const cast = createCast(crypto)
  const { alice } = cast
  const rivals = ['bob', 'dave'].map((name) => {
    const first = cast.person(name)
    const [high, low] = [alice.grant(first, 'admin'), alice.grant(first, 'writer')]
    first.learn(alice)
    const second = cast.device(first, `${name}'s phone`)
    first.admit(second)
    return { first, second, high, low }
  }) as [Rival, Rival]
  for (const { first, second } of rivals) for (const actor of [first, second]) actor.learn(cast.changes)
  for (const [at, { first, second, high, low }] of rivals.entries()) {
    const other = rivals[1 - at] as Rival
    // Each admin ends the other's lower grant; under his own lower grant his phone cuts off the device that did it.
    first.remove(other.first, { grants: [other.low.hash], cut: [], patch: { grant: high.hash } })
    second.cutDevice(second.revoke(first), [], { grant: low.hash })
  }
  assert.equal(cast.evaluate(cast.changes).member(alice.id)?.rank, 'owner')
})

test('the first device of a person can be revoked, and the recovery key admits a new one', () => {
  const { cast, bob } = withPhone()
  const recovery = cast.recovery(bob)
  recovery.learn(bob)
  const fresh = cast.device(bob, "bob's new phone")
  recovery.admit(fresh)
  recovery.revoke(bob)
  fresh.learn(recovery)
  assert.equal(judged(cast, fresh.post()), 'allowed')
  const all = cast.evaluate(cast.changes)
  assert.ok(all.member(bob.id)?.devices.some(({ device }) => text(device) === text(fresh.device)))
  assert.ok(!all.member(bob.id)?.devices.some(({ device }) => text(device) === text(bob.device)))
})

test('two devices that revoke each other: both stand, and neither voids what the other had seen', () => {
  const { cast, bob, phone } = withPhone()
  const bobs = bob.post()
  phone.learn(bob)
  bob.learn(phone)
  const byBob = bob.revoke(phone)
  const byPhone = phone.revoke(bob)
  const cutByPhone = phone.cutDevice(byPhone, [])
  const deps = { membership: bob.membership().heads(), content: [bobs.hash] }
  bob.cutDevice(byBob, bob.headsOf(phone), { deps })
  assert.equal(code(cast, cutByPhone), 'outside-device-cut')
  const all = cast.evaluate(cast.changes)
  assert.deepEqual(all.member(bob.id)?.devices, [])
  // The thief's cut lists nothing; but it voids nothing that Bob's cut says was seen.
  assert.equal(judged(cast, bobs), 'allowed')
  const recovery = cast.recovery(bob)
  recovery.learn(bob)
  recovery.learn(phone)
  const again = cast.device(bob, "bob's laptop")
  recovery.admit(again)
  assert.equal(judged(cast, again.post()), 'allowed')
})

test('a device that ends the one which let it in stands, whatever its cut lists, and whoever limits that cut', () => {
  const { cast, bob, phone } = withPhone()
  const [tablet, watch] = [cast.device(bob, "bob's tablet"), cast.device(bob, "bob's watch")]
  phone.admit(tablet)
  phone.admit(watch)
  bob.learn(phone)
  const revocation = tablet.revoke(phone, { cut: [] })
  assert.equal(code(cast, revocation), 'applied')
  assert.equal(judged(cast, tablet.post()), 'allowed')
  assert.equal(judged(cast, watch.post()), 'rests-on-void', 'nobody else does')
  // His cut lists what the phone did, and limits the other's.
  bob.revoke(phone)
  assert.equal(code(cast, revocation), 'applied')
})

test('what a stolen device admitted beyond its cut is void', () => {
  const { cast, bob, phone } = withPhone()
  const cut = bob.headsOf(phone)
  bob.learn(phone)
  const revocation = bob.revoke(phone, { cut })
  const backdoor = cast.device(bob, 'a backdoor')
  phone.admit(backdoor)
  bob.cutDevice(revocation, cut)
  backdoor.learn(cast.changes.filter((change) => change !== revocation))
  assert.equal(judged(cast, backdoor.post()), 'rests-on-void')
})

test('only a device of a tag renews its key, for exactly the devices of the tag', () => {
  const { cast, bob, phone } = withPhone()
  const before = sealing(cast, bob)
  assert.equal(code(cast, phone.renewKeys()), 'applied')
  const renewed = sealing(cast, bob)
  assert.notDeepEqual(renewed, before)
  bob.learn(phone)
  const stranger = cast.device(bob, 'not admitted')
  stranger.learn(bob)
  assert.equal(code(cast, stranger.renewKeys()), 'not-member')
  bob.revoke(phone)
  // Made for the phone too: the phone is out.
  phone.learn(bob)
  assert.equal(code(cast, phone.renewKeys()), 'device-revoked')
  bob.learn(phone)
  assert.equal(code(cast, bob.renewKeys()), 'applied')
  assert.notDeepEqual(sealing(cast, bob), renewed)
})

test('nothing is sealed to a key that a revoked device has, also while nobody has renewed it', () => {
  const { cast, alice, bob, phone } = withPhone()
  bob.learn(phone)
  phone.renewKeys()
  bob.learn(phone)
  const toBob = () =>
    cast
      .evaluate(cast.changes)
      .recipients('admin')
      .find(({ id }) => text(id) === text(bob.id))
  const stolen = sealing(cast, bob)
  assert.deepEqual(toBob()?.sealing, stolen)
  bob.revoke(phone)
  assert.ok(toBob(), 'he is a member')
  assert.equal(toBob()?.sealing, undefined)
  alice.learn(bob)
  const record = alice.epoch()
  assert.deepEqual(cast.evaluate(cast.changes).missed(record.hash), [])
  bob.learn(alice)
  bob.renewKeys()
  const renewed = sealing(cast, bob)
  assert.notDeepEqual(renewed, stolen)
  assert.deepEqual(
    cast
      .evaluate(cast.changes)
      .missed(record.hash)
      .map((due) => due.sealing),
    [renewed],
  )
  assert.equal(cast.evaluate(cast.changes).isRotationOwed(), false)
})

test('a device that was admitted for one app lets neither itself nor others in to another', () => {
  const { cast, bob } = withPhone()
  const { tag: todo } = bob.bringIn()
  const { tag: chat } = bob.bringIn()
  const site = cast.device(bob, 'a site')
  const admission = bob.admit(site, {}, [todo])
  const serves = (actor: Actor, tag: Uint8Array): boolean =>
    cast
      .evaluate(cast.changes)
      .devicesOfTag(bob.id, tag)
      .some(({ device }) => text(device) === text(actor.device))
  assert.ok(serves(site, todo))
  const other = cast.device(bob, 'another site')
  for (const actor of [site, other]) assert.equal(code(cast, site.admit(actor, {}, [chat])), 'bad-keys')
  assert.equal(code(cast, site.admit(other)), 'bad-keys', 'nor for the home, with which come all apps')
  // As if it had never heard of the tag.
  const deps = { membership: [admission.hash], content: [] }
  assert.equal(code(cast, site.bringIn({ deps }, chat).change), 'bad-keys')
  assert.equal(serves(site, chat), false)
  assert.equal(code(cast, site.admit(other, {}, [todo])), 'applied')
  assert.ok(serves(site, site.bringIn().tag))
})

test('a device of one person is none of another', () => {
  const { cast, alice, bob, phone } = withPhone()
  const patch = { admission: alice.person.secrets.admission }
  assert.equal(code(cast, phone.merge()), 'applied')
  assert.equal(judged(cast, phone.post(patch)), 'not-member')
  assert.equal(judged(cast, bob.post({ admission: noBytes })), 'malformed')
  assert.equal(judged(cast, bob.post({ grant: cast.space.space })), 'not-member')
})

type Rival = { readonly first: Actor; readonly second: Actor; readonly high: Change; readonly low: Change }

function withPhone(rank: 'reader' | 'writer' | 'admin' = 'writer'): {
  cast: Cast
  alice: Actor
  bob: Actor
  phone: Actor
} {
  const cast = createCast(crypto)
  const { alice } = cast
  const bob = cast.person('bob')
  alice.grant(bob, rank)
  bob.learn(alice)
  const phone = cast.device(bob, "bob's phone")
  bob.admit(phone)
  return { cast, alice, bob, phone }
}

function judged(cast: Cast, { header, hash }: Change): string {
  const judgement = cast.evaluate(cast.changes).judgeAuthor(header, hash)
  return judgement.status === 'heldBack' ? judgement.code : judgement.status
}

function code(cast: Cast, { hash }: Change): string {
  const verdict = cast.evaluate(cast.changes).verdictOf(hash)
  return typeof verdict === 'object' ? verdict.code : String(verdict)
}

function owed(cast: Cast, { id }: Actor): unknown {
  return cast
    .evaluate(cast.changes)
    .cutsOwed(id)
    .map(({ devices }) => devices)
}

function sealing(cast: Cast, { id, person }: Actor): Uint8Array | undefined {
  return cast.evaluate(cast.changes).sealingKey(id, person.secrets.tagKeys[0]?.tag as Uint8Array)
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
