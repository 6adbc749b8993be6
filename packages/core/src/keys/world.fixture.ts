/** A small world for tests: one space, its creator, and people who join it by link. */
import { type Change, createChange, type Header, kinds, noBytes, type Segment, type Time } from '../change/index.ts'
import { createMembership, encodeGrant, type Membership } from '../membership/index.ts'
import type { Crypto } from '../ports/index.ts'
import { type ChainEnd, createChainWriter } from './chain.ts'
import { createInvite, type InviteTerms, type NewInvite } from './invite.ts'
import { createJoinChanges, type NewJoin } from './join.ts'
import { createPerson, type NewPerson } from './person.ts'
import { createSpaceChanges, type NewSpace } from './space.ts'

export const nowMs = 1_795_000_000_000
const start: Time = { ms: 0, counter: 0 }

export type World = {
  readonly alice: NewPerson
  readonly space: NewSpace
  /** Everything so far. */
  readonly changes: Change[]
  readonly segments: Segment[]
  readonly membership: Membership
  /** Appends membership changes of Alice. */
  readonly write: (kind: number, body: Uint8Array) => Change
  readonly invite: (terms?: Partial<InviteTerms>) => NewInvite & { change: Change }
  /** A new person joins; `seen` is what it knows, by default everything. */
  readonly join: (invite: NewInvite, seen?: readonly Change[], atMs?: number) => NewJoin & { person: NewPerson }
}

export function createWorld(crypto: Crypto): World {
  const alice = createPerson(crypto, { last: start, nowMs })
  const space = createSpaceChanges(crypto, {
    person: alice.secrets,
    personChanges: alice.changes,
    app: 'org.example.todo',
    schemaRecord: Uint8Array.of(1, 2, 3),
    recovery: undefined,
    last: alice.end.time,
    nowMs,
  })
  const membership = createMembership({ crypto, space: space.space })
  const changes: Change[] = []
  const segments: Segment[] = []
  const take = (segment: Segment): void => {
    segments.push(segment)
    changes.push(...segment.changes)
    membership.add(segment.changes)
  }
  take(alice.segment)
  take(space.segment)
  let end: ChainEnd = space.end

  const write: World['write'] = (kind, body) => {
    const writer = createChainWriter(crypto, alice.secrets.device.signing, end, nowMs)
    const change = writer.write(kind, body, membership.heads())
    take(writer.sign())
    end = writer.end()
    return change
  }
  const invite: World['invite'] = (terms = {}) => {
    const made = createInvite(crypto, { rank: 'writer', role: 'writer', uses: 1, expires: null, ...terms }, space.epoch)
    return { ...made, change: write(kinds.grant, encodeGrant(made.grant)) }
  }
  const join: World['join'] = (made, seen = [...changes], atMs = nowMs) => {
    const person = createPerson(crypto, { last: start, nowMs: atMs })
    const known = createMembership({ crypto, space: space.space })
    known.add([...seen, ...person.changes])
    const { secrets, end: personEnd } = person
    const common = { person: secrets, membership: known, space: space.space, secret: made.secret }
    const joined = createJoinChanges(crypto, { ...common, epoch: space.epoch, last: personEnd.time, nowMs: atMs })
    take(person.segment)
    take(joined.segment)
    return { ...joined, person }
  }
  return { alice, space, changes, segments, membership, write, invite, join }
}

/** The header of a content change that its author may write, unless `patch` says otherwise. */
export function contentHeader(world: World, member: NewPerson, grant: Uint8Array, patch: Partial<Header> = {}): Header {
  const { space, membership } = world
  return {
    kind: kinds.data,
    space: space.space,
    device: member.secrets.device.signing.publicKey,
    seq: 0,
    prev: noBytes,
    deps: { membership: membership.heads(), content: [] },
    grant,
    admission: member.secrets.admission,
    epoch: space.epoch.hash,
    schema: space.schema,
    time: { ms: nowMs, counter: 0 },
    ...patch,
  }
}

/** The change with other fields in its header: as a hostile device would sign it. */
export function forge(crypto: Crypto, change: Change, patch: Partial<Header>, body?: Uint8Array): Change {
  return createChange(crypto, { ...change.header, ...patch }, body ?? (change.body as Uint8Array))
}
