import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNodeCrypto } from '../../../node/src/platform/crypto.ts'
import type { Change } from '../change/index.ts'
import { type Actor, type Cast, castNowMs, createCast } from '../keys/cast.fixture.ts'
import type { Membership } from './index.ts'

const crypto = await createNodeCrypto()

test('a removal ends grants: beyond its cut everything is void, late and backdated alike, and inside it all stands', () => {
  const { cast, alice, bob } = withBob()
  const before = bob.post()
  const remove = alice.remove(bob)
  // He has not heard of it, or acts as if he had not: the same.
  const beyond = bob.post()
  bob.learn(alice)
  const knowing = bob.post({ grant: before.header.grant, epoch: before.header.epoch, schema: before.header.schema })
  const all = cast.evaluate(cast.changes)
  assert.equal(judged(all, before), 'allowed')
  assert.equal(judged(all, beyond), 'outside-cut')
  assert.equal(judged(all, knowing), 'removed')
  assert.equal(all.member(bob.id), undefined)
  assert.equal(all.verdictOf(remove.hash), 'applied')
})

test('a name is what its owner said last, of what stands, whatever came first; nobody else says it', () => {
  const { cast, alice, bob } = withBob('reader')
  // By a clock that is years ahead: what he says later, knowing of it, counts all the same.
  bob.profile('Bob', { time: { ms: castNowMs + 1e12, counter: 0 } })
  const second = bob.profile('Robert')
  const stranger = cast.person('eve')
  stranger.learn(alice)
  const rights = { grant: cast.space.space, admission: stranger.id }
  assert.equal(code(cast, stranger.profile('Alice', rights)), 'not-member')
  assert.equal(code(cast, bob.profile('n'.repeat(1025))), 'malformed')
  assert.equal(code(cast, bob.profile('\u00e9'.repeat(600))), 'malformed')
  const all = cast.evaluate(cast.changes)
  const late = cast.evaluate([...cast.changes].reverse())
  for (const membership of [all, late]) {
    assert.equal(membership.profile(bob.id)?.name, 'Robert')
    assert.equal(membership.profile(stranger.id), undefined)
  }
  alice.learn(cast.changes.slice(0, cast.changes.indexOf(second)))
  alice.remove(bob)
  assert.equal(cast.evaluate(cast.changes).profile(bob.id)?.name, 'Bob', 'beyond the cut it says nothing')
})

test('who is granted again goes on under the new grant', () => {
  const { cast, alice, bob } = withBob()
  const beyond = bob.post()
  alice.remove(bob, { cut: [] })
  alice.grant(bob, 'writer')
  alice.epoch()
  bob.learn(alice)
  const again = bob.post()
  const all = cast.evaluate(cast.changes)
  assert.equal(judged(all, beyond), 'outside-cut')
  assert.equal(judged(all, again), 'allowed')
})

test('only a strictly higher rank removes; only the recovery key removes an owner', () => {
  const { cast, alice, bob } = withBob('admin')
  const carol = join(cast, alice, 'carol', 'admin')
  const dave = join(cast, alice, 'dave', 'writer')
  for (const actor of [bob, dave]) actor.learn(alice)
  assert.equal(code(cast, bob.remove(carol)), 'rank-too-low')
  assert.equal(code(cast, bob.remove(alice)), 'rank-too-low')
  assert.equal(code(cast, dave.remove(bob)), 'rank-too-low')
  assert.equal(code(cast, bob.remove(dave)), 'applied')
  const olga = join(cast, alice, 'olga', 'owner')
  assert.equal(code(cast, olga.remove(alice)), 'rank-too-low')
  const recovery = cast.recovery(alice)
  recovery.learn(olga)
  const rights = { grant: cast.space.space, admission: cast.space.space }
  assert.equal(code(cast, recovery.remove(alice, { patch: rights })), 'applied')
  assert.equal(cast.evaluate(cast.changes).member(alice.id), undefined)
  // A person's recovery key is no space's.
  const other = cast.recovery(bob)
  other.learn(olga)
  assert.equal(code(cast, other.remove(olga, { patch: rights })), 'not-member')
})

test('a removed admin ends old grants once, and voids nothing that his remover had seen', () => {
  const { cast, alice, bob } = withBob('admin')
  const carol = join(cast, alice, 'carol', 'writer')
  bob.learn(carol)
  const seen = carol.post()
  alice.learn(carol)
  alice.remove(bob, { patch: { deps: { membership: alice.membership().heads(), content: [seen.hash] } } })
  const unseen = carol.post()
  // Backdated: he does as if he had never heard of his end.
  const hostile = bob.remove(carol, { cut: [] })
  const all = cast.evaluate(cast.changes)
  assert.equal(code(cast, hostile), 'outside-cut')
  assert.equal(all.member(carol.id), undefined, 'the denial stands')
  assert.equal(judged(all, seen), 'allowed', 'the remover had seen it')
  assert.equal(judged(all, unseen), 'outside-cut')
  alice.learn(cast.changes)
  alice.grant(carol, 'writer')
  alice.epoch()
  carol.learn(alice)
  assert.equal(judged(cast.evaluate(cast.changes), carol.post()), 'allowed')
})

test('what an admin gave beyond his cut is void, and so is all that rests on it', () => {
  const { cast, alice, bob } = withBob('admin')
  const cut = alice.headsOf(bob)
  const carol = join(cast, bob, 'carol', 'writer')
  const posted = carol.post()
  const epoch = carol.merge()
  assert.equal(judged(cast.evaluate(cast.changes), posted), 'allowed')
  alice.remove(bob, { cut })
  const all = cast.evaluate(cast.changes)
  assert.equal(all.member(carol.id), undefined)
  assert.equal(judged(all, posted), 'rests-on-void')
  assert.equal(code(cast, epoch), 'rests-on-void')
})

test('lowering a rank is one change: the higher grants end, the lower one is new', () => {
  const { cast, alice, bob } = withBob('admin')
  const before = bob.post()
  alice.remove(bob, { rank: 'reader' })
  const all = cast.evaluate(cast.changes)
  assert.equal(all.member(bob.id)?.rank, 'reader')
  assert.equal(judged(all, before), 'allowed')
  bob.learn(alice)
  assert.equal(judged(cast.evaluate(cast.changes), bob.post()), 'rank-too-low')
  // Above his own rank nobody lowers anybody to.
  const carol = join(cast, alice, 'carol', 'admin')
  const dave = join(cast, alice, 'dave', 'writer')
  carol.learn(dave)
  assert.equal(code(cast, carol.remove(dave, { rank: 'admin' })), 'rank-too-low')
})

test('whoever leaves ends only himself, at any rank, and what he wrote stays', () => {
  const { cast, alice, bob } = withBob('reader')
  const carol = join(cast, alice, 'carol', 'writer')
  const post = carol.post()
  assert.equal(code(cast, carol.leave()), 'applied')
  assert.equal(code(cast, bob.leave()), 'applied')
  const all = cast.evaluate(cast.changes)
  assert.deepEqual(
    all.members().map(({ person }) => person),
    [alice.id],
  )
  assert.equal(judged(all, post), 'allowed')
  // An owner may step down by himself.
  const olga = join(cast, alice, 'olga', 'owner')
  olga.remove(olga, { rank: 'writer', cut: [] })
  assert.equal(cast.evaluate(cast.changes).member(olga.id)?.rank, 'writer')
})

test('a removal names grants that its author had seen, and nothing else', () => {
  const { cast, alice, bob } = withBob()
  for (const grants of [[], [crypto.randomBytes(32)], [alice.knows()[0]?.hash as Uint8Array]]) {
    assert.equal(code(cast, alice.remove(bob, { grants })), 'malformed')
  }
  assert.equal(cast.evaluate(cast.changes).member(bob.id)?.rank, 'writer')
})

test('a closed link: the joins that its closing lists stand, others do not, and nobody joins who knows of it', () => {
  const { cast, alice } = withBob()
  const invite = alice.invite()
  const [carol, dave, eve] = ['carol', 'dave', 'eve'].map((name) => cast.person(name)) as [Actor, Actor, Actor]
  for (const actor of [carol, dave]) actor.learn(alice)
  carol.join(invite)
  const late = dave.join(invite)
  alice.learn(carol)
  alice.closeInvite(invite)
  eve.learn(alice)
  assert.equal(code(cast, eve.join(invite)), 'invite-ended')
  assert.equal(code(cast, late), 'outside-cut')
  const all = cast.evaluate(cast.changes)
  assert.ok(all.member(carol.id))
  assert.equal(all.member(dave.id), undefined)
  assert.equal(judged(all, carol.post()), 'allowed')
  assert.deepEqual(all.invites(), [])
})

test('removing somebody ends the links that he made, used or could read', () => {
  const { cast, alice, bob } = withBob('admin')
  const carol = cast.person('carol')
  const [used, made, other] = [alice.invite(), bob.invite(), alice.invite()]
  carol.learn(alice)
  carol.join(used)
  alice.learn(carol)
  alice.learn(bob)
  const named = (actor: Actor): string[] =>
    alice
      .membership()
      .rightsOf(actor.id)
      .invites.map((hash) => text(hash))
  assert.deepEqual(named(carol), [text(used.change.hash)])
  // An admin can read the secrets of all links.
  for (const invite of [used, made, other]) assert.ok(named(bob).includes(text(invite.change.hash)))
})

test('the schema records of a removed admin are withdrawn with what was made under them', () => {
  const { cast, alice, bob } = withBob('admin')
  const carol = join(cast, alice, 'carol', 'writer')
  const cut = alice.headsOf(bob)
  bob.schema(1)
  carol.learn(bob)
  const under = carol.post()
  alice.learn(carol)
  alice.remove(bob, { cut })
  const all = cast.evaluate(cast.changes)
  assert.equal(judged(all, under), 'bad-schema')
  assert.deepEqual(
    all.newestSchemas().map(({ record }) => record),
    [Uint8Array.of(0)],
  )
})

test('a record with a cut also judges what is beyond it and had not seen it', () => {
  const { cast, alice, bob } = withBob()
  const inside = bob.post()
  const strict = alice.schema(101, alice.headsOf(bob))
  const beyond = bob.post()
  const all = cast.evaluate(cast.changes)
  const records = (change: Change): number[] => {
    const judgement = all.judgeAuthor(change.header, change.hash)
    return judgement.status === 'allowed' ? judgement.schemas.map(({ record }) => record[0] as number) : []
  }
  assert.deepEqual(records(inside), [0])
  assert.deepEqual(records(beyond), [0, 101])
  bob.learn(alice)
  assert.deepEqual(all.newestSchemas()[0]?.hash, strict.hash)
  assert.equal(code(cast, bob.schema(7, [])), 'rank-too-low', 'a writer takes no rights away')
})

test('records with cuts that several published at once judge in one order, whichever came first', () => {
  const { cast, alice, bob } = withBob()
  const carol = join(cast, alice, 'carol', 'admin')
  const before = cast.changes.length
  const strict = [alice.schema(101, []), carol.schema(102, []), alice.schema(103, [])]
  const post = bob.post()
  const orders = [strict, strict.toReversed()].map((late) => {
    const replica = cast.evaluate(cast.changes.slice(0, before))
    for (const change of late) replica.add([change])
    replica.add(cast.changes)
    return replica.judgeAuthor(post.header, post.hash)
  })
  assert.equal(orders[0]?.status === 'allowed' && orders[0].schemas.length, 4)
  assert.deepEqual(orders[1], orders[0])
})

function withBob(rank: 'reader' | 'writer' | 'admin' | 'owner' = 'writer'): {
  cast: Cast
  alice: Actor
  bob: Actor
} {
  const cast = createCast(crypto)
  return { cast, alice: cast.alice, bob: join(cast, cast.alice, 'bob', rank) }
}

/** A new person whom `by` grants a rank; both know of each other. */
function join(cast: Cast, by: Actor, name: string, rank: 'reader' | 'writer' | 'admin' | 'owner'): Actor {
  const actor = cast.person(name)
  by.grant(actor, rank)
  actor.learn(by)
  return actor
}

function judged(membership: Membership, { header, hash }: Change): string {
  const judgement = membership.judgeAuthor(header, hash)
  return judgement.status === 'heldBack' ? judgement.code : judgement.status
}

function code(cast: Cast, { hash }: Change): string {
  const verdict = cast.evaluate(cast.changes).verdictOf(hash)
  return typeof verdict === 'object' ? verdict.code : String(verdict)
}

function text(hash: Uint8Array): string {
  return Buffer.from(hash).toString('hex')
}
