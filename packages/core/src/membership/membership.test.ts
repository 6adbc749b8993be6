import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createNodeCrypto } from '../../../node/src/platform/crypto.ts'
import { toHex } from '../bytes/index.ts'
import { type Change, type Header, kinds, noBytes } from '../change/index.ts'
import { signJoin } from '../keys/index.ts'
import { contentHeader, createWorld, forge, nowMs, type World } from '../keys/world.fixture.ts'
import {
  createMembership,
  encodeEpoch,
  encodeGrant,
  encodeJoin,
  encodeMerge,
  encodeMinimum,
  encodeSchema,
  encodeShare,
  type HeldBackCode,
  type Membership,
  type PersonGrant,
} from './index.ts'

const crypto = await createNodeCrypto()
const salt = crypto.randomBytes(16)

/** Everything that a replica could disagree about. */
function snapshot(membership: Membership, headers: readonly Header[]): unknown {
  const hashes = (changes: { change: Change }[]): string[] => changes.map(({ change }) => toHex(change.hash)).sort()
  return {
    members: membership.members(),
    heads: membership.heads(),
    epochs: membership.epochs(),
    inUse: membership.epochInUse(),
    schemas: membership.newestSchemas(),
    minimum: membership.minimumVersion(),
    recipients: membership.recipients('admin'),
    invites: membership.invites().sort((a, b) => (toHex(a.hash) < toHex(b.hash) ? -1 : 1)),
    heldBack: membership
      .heldBack()
      .map(({ change, reason }) => `${toHex(change.hash)} ${reason.code}`)
      .sort(),
    unsupported: membership
      .unsupported()
      .map(({ hash }) => toHex(hash))
      .sort(),
    waiting: hashes(membership.waiting()),
    judged: headers.map((header) => membership.judgeAuthor(header)),
  }
}

test('the same set of changes gives the same members, verdicts and heads in any order, with doubles and forks', () => {
  const world = createWorld(crypto)
  const invite = world.invite({ uses: 2 })
  const before = [...world.changes]
  // Three people spend two uses without knowing of each other; a fourth knows of all.
  const joins = [world.join(invite, before), world.join(invite, before), world.join(invite, before)]
  const headers = joins.map(({ person, changes }) => contentHeader(world, person, (changes[0] as Change).hash))
  const late = lateJoin(world, invite)
  const last = world.changes[world.changes.length - 1] as Change
  const fork = forge(crypto, last, { time: { ms: nowMs, counter: 9 } })
  const all = [...world.changes, late, fork]
  const expected = snapshot(replica(world, all), headers)
  fc.assert(
    fc.property(
      fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }),
      fc.array(fc.constantFrom(...all), { maxLength: 5 }),
      fc.nat(all.length),
      (order, doubles, at) => {
        const membership = replica(world, [...order.slice(0, at), ...doubles])
        membership.judgeAuthor(headers[0] as Header)
        membership.add(order)
        assert.deepEqual(snapshot(membership, headers), expected)
      },
    ),
    { numRuns: 60 },
  )
})

test('what rests on something missing waits, and is judged when that comes', () => {
  const world = createWorld(crypto)
  const bob = world.join(world.invite())
  const header = contentHeader(world, bob.person, (bob.changes[0] as Change).hash)
  const membership = createMembership({ crypto, space: world.space.space })
  const [genesis, ...rest] = world.changes
  membership.add(rest)
  const own = bob.person.changes.length
  // Bob's person rests on nothing of Alice's.
  assert.equal(membership.waiting().length, rest.length - own)
  const judged = membership.judgeAuthor(header)
  assert.ok(judged.status === 'waiting' && judged.missing.length > 0)
  const effects = membership.add([genesis as Change])
  assert.equal(effects.applied.length, world.changes.length - own)
  assert.equal(membership.judgeAuthor(header).status, 'allowed')
})

test('a change whose body is not here waits for it, a personal epoch record does not', () => {
  const world = createWorld(crypto)
  const bodiless = world.changes.map((change) => ({ ...change, body: undefined }))
  const membership = createMembership({ crypto, space: world.space.space })
  membership.add(bodiless)
  assert.equal(membership.members().length, 0)
  const epoch = world.alice.heads[0] as Uint8Array
  membership.add(world.changes.filter(({ hash }) => toHex(hash) !== toHex(epoch)))
  assert.equal(membership.members().length, 1)
  assert.equal(membership.verdictOf(epoch), 'applied')
})

test('a join is held back: expired by its own time, past its uses, with a wrong signature, for another person', () => {
  const world = createWorld(crypto)
  const invite = world.invite({ uses: 1, expires: nowMs + 1000 })
  const bob = world.join(invite)
  const join = bob.changes[0] as Change
  const { person, address, tagKeys } = bob.person.secrets
  const body = (patch: Partial<Parameters<typeof encodeJoin>[0]>) => {
    const signature = signJoin(crypto, invite.secret, world.space.space, { person, address })
    const tag = tagKeys[0]?.tag as Uint8Array
    return encodeJoin({ salt, person, address, tag, signature, ...patch })
  }
  const eve = world.alice.secrets
  assertHeldBack(world, forge(crypto, join, { time: { ms: nowMs + 1001, counter: 0 } }), 'invite-expired')
  assertHeldBack(world, lateJoin(world, invite), 'invite-used')
  assertHeldBack(world, forge(crypto, join, {}, body({ signature: new Uint8Array(64) })), 'bad-join')
  assertHeldBack(world, forge(crypto, join, {}, body({ person: eve.person })), 'bad-join')
  assertHeldBack(world, forge(crypto, join, {}, body({ address: eve.address })), 'bad-join')
  const elsewhere = signJoin(crypto, invite.secret, crypto.randomBytes(32), { person, address })
  assertHeldBack(world, forge(crypto, join, {}, body({ signature: elsewhere })), 'bad-join')
  assertHeldBack(world, forge(crypto, join, { grant: world.space.space }), 'bad-join')
  assertHeldBack(world, forge(crypto, join, { device: eve.device.signing.publicKey }), 'not-member')
  assertHeldBack(world, forge(crypto, join, {}, Uint8Array.of(1)), 'malformed')
  assertHeldBack(world, forge(crypto, join, { epoch: world.space.epoch.hash }), 'malformed')
})

test('nobody grants above what the rank allows', () => {
  const world = createWorld(crypto)
  const writer = world.join(world.invite())
  const admin = world.join(world.invite({ rank: 'admin', role: 'admin' }))
  const reader = world.join(world.invite({ rank: 'reader', role: 'reader' }))
  const { person, tagKeys } = reader.person.secrets
  const grant = (rank: PersonGrant['rank']) => {
    return encodeGrant({ type: 'person', salt, person, tag: tagKeys[0]?.tag as Uint8Array, rank, role: rank })
  }
  for (const rank of ['reader', 'writer', 'admin', 'owner'] as const) {
    assertHeldBack(world, by(world, writer, kinds.grant, grant(rank)), 'rank-too-low')
    assertHeldBack(world, by(world, reader, kinds.grant, grant(rank)), 'rank-too-low')
  }
  assertHeldBack(world, by(world, admin, kinds.grant, grant('admin')), 'rank-too-low')
  assertHeldBack(world, by(world, admin, kinds.grant, grant('owner')), 'rank-too-low')
  assertApplied(world, by(world, admin, kinds.grant, grant('writer')))
  assertHeldBack(
    world,
    forge(crypto, by(world, admin, kinds.grant, grant('writer')), { grant: world.space.space }),
    'not-member',
  )
  world.write(kinds.grant, grant('admin'))
  assert.equal(world.membership.member(person)?.rank, 'admin')
  const stranger = encodeGrant({
    type: 'person',
    salt,
    person: someBytes(32),
    tag: salt,
    rank: 'reader',
    role: 'reader',
  })
  assertHeldBack(world, by(world, admin, kinds.grant, stranger), 'person-unknown')
})

test('an admin sets the oldest version that may write: the newest counts, of several at once the highest', () => {
  const world = createWorld(crypto)
  const admin = world.join(world.invite({ rank: 'admin' }))
  const writer = world.join(world.invite())
  const minimum = (version: number): Uint8Array => encodeMinimum({ salt, version })
  assert.equal(world.membership.minimumVersion(), 0)
  assertHeldBack(world, by(world, writer, kinds.minimum, minimum(2)), 'rank-too-low')
  assertHeldBack(world, by(world, admin, kinds.minimum, encodeMinimum({ salt, version: -1 })), 'malformed')
  const theirs = by(world, admin, kinds.minimum, minimum(4))
  world.write(kinds.minimum, minimum(2))
  assert.equal(world.membership.minimumVersion(), 2)
  world.membership.add([theirs])
  assert.equal(world.membership.minimumVersion(), 4)
  world.changes.push(theirs)
  assert.equal(replica(world, [...world.changes].reverse()).minimumVersion(), 4)
  world.write(kinds.minimum, minimum(3))
  assert.equal(world.membership.minimumVersion(), 3)
})

test('content is judged on its own past: reader, stranger, wrong epoch, older schema', () => {
  const world = createWorld(crypto)
  const bob = world.join(world.invite())
  const reader = world.join(world.invite({ rank: 'reader', role: 'reader' }))
  const joinOf = (joined: { changes: readonly Change[] }): Uint8Array => (joined.changes[0] as Change).hash
  const header = contentHeader(world, bob.person, joinOf(bob))
  const judge = (patch: Partial<Header>) => {
    const judged = world.membership.judgeAuthor({ ...header, ...patch })
    return judged.status === 'heldBack' ? judged.code : judged.status
  }
  assert.equal(judge({}), 'allowed')
  assert.equal(world.membership.judgeAuthor(contentHeader(world, reader.person, joinOf(reader))).status, 'heldBack')
  assert.equal(judge({ grant: world.space.space }), 'not-member')
  assert.equal(judge({ device: reader.person.secrets.device.signing.publicKey }), 'not-member')
  assert.equal(judge({ epoch: world.space.schema }), 'bad-epoch')
  assert.equal(judge({ schema: world.space.epoch.hash }), 'bad-schema')
  assert.equal(judge({ schema: noBytes }), 'malformed')
  assert.equal(judge({ space: crypto.randomBytes(32) }), 'other-space')
  assert.equal(judge({ kind: kinds.grant }), 'malformed')
  assert.equal(judge({ kind: 99 }), 'waiting')
  assert.equal(judge({ grant: crypto.randomBytes(32) }), 'waiting')

  const old = world.membership.heads()
  const newer = world.write(kinds.schema, encodeSchema({ salt, record: Uint8Array.of(9) }))
  assert.equal(judge({ deps: { membership: world.membership.heads(), content: [] } }), 'old-schema')
  assert.equal(judge({ deps: { membership: old, content: [] } }), 'allowed')
  assert.equal(judge({ deps: { membership: old, content: [] }, schema: newer.hash }), 'allowed')
})

test('of two records published at once both judge, and either may be named', () => {
  const world = createWorld(crypto)
  const bob = world.join(world.invite())
  const admin = world.join(world.invite({ rank: 'admin', role: 'admin' }))
  const mine = by(world, admin, kinds.schema, encodeSchema({ salt, record: Uint8Array.of(7) }))
  const hers = world.write(kinds.schema, encodeSchema({ salt, record: Uint8Array.of(8) }))
  world.membership.add([mine])
  for (const schema of [mine.hash, hers.hash]) {
    const judged = world.membership.judgeAuthor(
      contentHeader(world, bob.person, (bob.changes[0] as Change).hash, { schema }),
    )
    assert.ok(judged.status === 'allowed')
    assert.deepEqual(judged.schema.hash, schema)
    assert.equal(judged.schemas.length, 2)
  }
})

test('a writer publishes only what adds, starts no second epoch and none with an admin key', () => {
  const world = createWorld(crypto)
  const bob = world.join(world.invite())
  const schema = by(world, bob, kinds.schema, encodeSchema({ salt, record: Uint8Array.of(7) }))
  assertHeldBack(world, schema, 'rank-too-low')
  const options = {
    crypto,
    space: world.space.space,
    schemaStep: (record: Uint8Array) => (record[0] === 7 ? 'adds' : 'changes'),
  } as const
  const lenient = createMembership(options)
  lenient.add([...world.changes, schema])
  assert.equal(lenient.verdictOf(schema.hash), 'applied')
  const { hash, ...record } = world.membership.epochs()[0]!
  assert.ok(hash)
  assertHeldBack(world, by(world, bob, kinds.epoch, encodeEpoch(record)), 'bad-epoch')
  const commitments = { ...record.commitments, admin: undefined }
  const policy = { ...record.policy, admin: undefined }
  assertHeldBack(world, by(world, bob, kinds.epoch, encodeEpoch({ ...record, commitments, policy })), 'epoch-not-owed')
})

test('an epoch record whose list is not that of its past is void, even by an owner', () => {
  const world = createWorld(crypto)
  const record = world.membership.epochs()[0]!
  world.join(world.invite())
  const forged = world.write(kinds.epoch, encodeEpoch(record))
  assert.equal(heldBackCode(world.membership, forged), 'bad-epoch')
})

test('a share gives nobody more than is due', () => {
  const world = createWorld(crypto)
  const reader = world.join(world.invite({ rank: 'reader', role: 'reader' }))
  const { person } = reader.person.secrets
  const share = (level: 'read' | 'write', to = person) => {
    const ephemeral = crypto.x25519PublicKey(crypto.randomBytes(32))
    const boxes = [{ person: to, level, box: new Uint8Array(48) }]
    return world.write(kinds.share, encodeShare({ salt, epoch: world.space.epoch.hash, ephemeral, boxes }))
  }
  assert.equal(world.membership.verdictOf(share('read').hash), 'applied')
  assert.equal(heldBackCode(world.membership, share('write')), 'bad-share')
  assert.equal(heldBackCode(world.membership, share('read', someBytes(32))), 'bad-share')
})

test('a kind that this version cannot judge makes the space read-only when its author may issue it', () => {
  const unknown = 40
  const world = createWorld(crypto)
  const bob = world.join(world.invite())
  const header = contentHeader(world, bob.person, (bob.changes[0] as Change).hash)
  assertHeldBack(world, by(world, bob, unknown, Uint8Array.of(0)), 'unknown-kind')
  const change = world.write(unknown, Uint8Array.of(0))
  assert.deepEqual(world.membership.unsupported(), [change])
  assert.equal(world.membership.judgeAuthor(header).status, 'allowed')
  const after = { ...header, deps: { membership: [change.hash], content: [] } }
  assert.equal(world.membership.judgeAuthor(after).status, 'waiting')
})

test('a merge makes many heads one', () => {
  const world = createWorld(crypto)
  const invite = world.invite({ uses: null })
  const before = [...world.changes]
  for (let at = 0; at < 5; at++) world.join(invite, before)
  const heads = world.membership.heads()
  assert.equal(heads.length, 5)
  const merge = world.write(kinds.merge, encodeMerge({ salt, heads }))
  assert.deepEqual(world.membership.heads(), [merge.hash])
})

test('persons that are carried but no members leave the heads alone', () => {
  const world = createWorld(crypto)
  const heads = world.membership.heads()
  const other = createWorld(crypto)
  world.membership.add(other.alice.changes)
  world.membership.add(other.space.changes)
  assert.deepEqual(world.membership.heads(), heads)
  assert.equal(heldBackCode(world.membership, other.space.changes[0] as Change), 'other-space')
})

test('a thousand joins are evaluated in well under a second', () => {
  const world = createWorld(crypto)
  const invite = world.invite({ uses: null })
  // One person joins a thousand times over: the evaluator does the same work as for a thousand persons.
  const bob = world.join(invite)
  const joins: Change[] = []
  const join = bob.changes[0] as Change
  for (let at = 0; at < 1000; at++) joins.push(forge(crypto, join, { time: { ms: nowMs, counter: 100 + at } }))
  const start = performance.now()
  world.membership.add(joins)
  assert.ok(performance.now() - start < 3000)
})

type Joined = ReturnType<World['join']>

/** A membership change by somebody who joined, naming everything known. */
function by(world: World, joined: Joined, kind: number, body: Uint8Array): Change {
  const { end, person } = joined
  const change = joined.changes[0] as Change
  return forge(
    crypto,
    change,
    {
      kind,
      grant: change.hash,
      admission: person.secrets.admission,
      seq: end.seq,
      prev: end.prev,
      deps: { membership: world.membership.heads(), content: [] },
    },
    body,
  )
}

/** A join that has seen all others: by somebody whose client ignores that the link is spent. */
function lateJoin(world: World, invite: ReturnType<World['invite']>): Change {
  const unknowing = createWorld(crypto)
  const { alice } = unknowing
  world.changes.push(...alice.changes)
  world.membership.add(alice.changes)
  const { person, address, tagKeys } = alice.secrets
  const signature = signJoin(crypto, invite.secret, world.space.space, { person, address })
  const body = encodeJoin({ salt, person, address, tag: tagKeys[0]?.tag as Uint8Array, signature })
  const [template] = alice.changes
  const heads = [...world.membership.heads(), ...world.membership.personHeads(person)]
  heads.sort((a, b) => (toHex(a) < toHex(b) ? -1 : 1))
  return forge(
    crypto,
    template as Change,
    {
      kind: kinds.join,
      space: world.space.space,
      grant: invite.change.hash,
      admission: person,
      deps: { membership: heads, content: [] },
    },
    body,
  )
}

function replica(world: World, changes: readonly Change[]): Membership {
  const membership = createMembership({ crypto, space: world.space.space })
  membership.add(changes)
  return membership
}

function heldBackCode(membership: Membership, change: Change): string {
  const verdict = membership.verdictOf(change.hash)
  return typeof verdict === 'object' ? verdict.code : String(verdict)
}

function assertHeldBack(world: World, change: Change, code: HeldBackCode): void {
  assert.equal(heldBackCode(replica(world, [...world.changes, change]), change), code)
}

function assertApplied(world: World, change: Change): void {
  assert.equal(heldBackCode(replica(world, [...world.changes, change]), change), 'applied')
}

function someBytes(length: number): Uint8Array {
  return crypto.randomBytes(length)
}
