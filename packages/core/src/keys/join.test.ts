import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNodeCrypto } from '../../../node/src/platform/crypto.ts'
import { equalBytes, toHex } from '../bytes/index.ts'
import { type Change, kinds } from '../change/index.ts'
import { depsHeadsMax } from '../limits/index.ts'
import { encodeGrant, encodeRemoval } from '../membership/index.ts'
import { createInvite } from './invite.ts'
import { createWorld, forge } from './world.fixture.ts'

const crypto = await createNodeCrypto()

test('who joins after a crowd that saw nothing of each other names what one change can, and is a member', () => {
  const world = createWorld(crypto)
  const { membership, space } = world
  const invite = world.invite({ uses: null })
  const before = [...world.changes]
  for (let at = 0; at < depsHeadsMax + 10; at++) world.join(invite, before)
  assert.equal(membership.heads().length, depsHeadsMax + 10)

  const joined = world.join(invite)

  const [join, share] = joined.changes as [Change, Change]
  assert.equal(join.header.deps.membership.length, depsHeadsMax)
  const named = new Set(join.header.deps.membership.map(toHex))
  assert.ok(named.has(toHex((joined.person.changes.at(-1) as Change).hash)), 'its own person')
  assert.ok(named.has(toHex(space.epoch.hash)), 'the epoch that it shares')
  assert.equal(membership.verdictOf(join.hash), 'applied')
  assert.equal(membership.verdictOf(share.hash), 'applied')
  assert.ok(membership.member(joined.person.secrets.person))
})

test('the links that somebody removed left behind do not keep a joiner from naming what stands', () => {
  const world = createWorld(crypto)
  const { membership, space } = world
  const bob = world.join(world.invite({ rank: 'admin', role: 'admin' }))
  const [join] = bob.changes as [Change]
  const invite = world.invite()
  const cut = [(bob.changes.at(-1) as Change).hash]
  const removal = world.write(
    kinds.removal,
    encodeRemoval({ salt: crypto.randomBytes(16), grants: [join.hash], cut, replacement: undefined }),
  )
  // Each names his join alone, so that none covers another. All are void, and given away all the same: they stay heads.
  for (let at = 0; at < 2 * depsHeadsMax; at++) {
    const terms = { rank: 'writer', role: 'writer', uses: 1, expires: null } as const
    const { grant } = createInvite(crypto, terms, space.epoch)
    const patch = { kind: kinds.grant, grant: join.hash, deps: { membership: [join.hash], content: [] } }
    const place = { seq: bob.end.seq + at, prev: crypto.randomBytes(32), admission: bob.person.secrets.admission }
    const link = forge(crypto, join, { ...patch, ...place }, encodeGrant(grant))
    world.changes.push(link)
    membership.add([link])
  }
  assert.equal(membership.heads().length, 2 * depsHeadsMax + 1)

  const joined = world.join(invite, world.changes)

  assert.ok(joined.changes[0]?.header.deps.membership.some((head) => equalBytes(head, removal.hash)))
  assert.equal(membership.verdictOf((joined.changes[0] as Change).hash), 'applied')
})
