/** For tests: a space with four people, three schema records, and real keys; the same in every run. */
import { createNodeCrypto } from '../../../node/src/platform/crypto.ts'
import { assert } from '../bytes/index.ts'
import { type Change, kinds, type Segment, signSegment } from '../change/index.ts'
import {
  createChainWriter,
  createInvite,
  createJoinChanges,
  createPerson,
  createSpaceChanges,
  type PersonSecrets,
} from '../keys/index.ts'
import { createMembership, encodeGrant, encodeSchema } from '../membership/index.ts'
import type { Crypto } from '../ports/index.ts'
import {
  any,
  app,
  bool,
  column,
  counter,
  int,
  isMe,
  json,
  order,
  person,
  real,
  ref,
  richText,
  set,
  table,
  text,
  time,
  schemaStep,
} from '../schema/index.ts'

export const trialNowMs = 1_795_000_000_000
const nodeCrypto = await createNodeCrypto()

/** Node's primitives with numbered randomness: keys, salts and so hashes are the same in every run. */
export const createTrialCrypto = (seed: number): Crypto => {
  let calls = 0
  return {
    ...nodeCrypto,
    randomBytes: (length) => {
      calls += 1
      const bytes = new Uint8Array(length)
      for (let at = 0; at < length; at += 32) {
        const block = nodeCrypto.sha256(new TextEncoder().encode(`${seed}/${calls}/${at}`))
        bytes.set(block.subarray(0, Math.min(32, length - at)), at)
      }
      return bytes
    },
  }
}

const items = {
  title: text().default(''),
  size: int().optional(),
  weight: real().optional(),
  done: bool().default(false),
  due: time().optional(),
  extra: json().optional(),
  parent: ref('items').optional().onDelete('hide'),
  kind: ref('kinds').optional().onDelete('null'),
  owner: person().optional(),
  votes: counter(),
  tags: set(),
  place: order().optional(),
  notes: richText(),
}
const tables = {
  items: table(items, { delete: ['author', 'admin'] }),
  kinds: table({ name: text().optional() }),
  // Who may update hangs on what the insert settled for ever.
  tasks: table(
    { title: text(), state: text().optional(), assignee: person().fixed(), hits: counter() },
    { update: any('author', isMe(column('assignee'))), delete: 'author' },
  ),
  votes: table(
    { item: ref('items'), voter: person(), choice: text().optional(), weight: counter(), tags: set() },
    { key: ['item', 'voter'], update: 'author', delete: ['author', 'admin'] },
  ),
  settings: table(
    {
      name: text(),
      at: int(),
      value: text().optional(),
      size: int().optional(),
      hits: counter(),
      labels: set<string | number>(),
    },
    { key: ['name', 'at'], delete: 'admin' },
  ),
}
export const trialApp = app('org.example.trial', { version: 1, tables })
/** An admin's: stricter, and with a column that shifts the places of others. */
const stricter = app('org.example.trial', {
  version: 2,
  tables: {
    ...tables,
    items: table({ ...items, about: text().optional() }, { delete: 'admin' }),
    kinds: table({ colour: text().optional(), name: text().optional() }, { update: 'admin' }),
  },
})
/** A writer's, at the same time: it only adds. */
const wider = app('org.example.trial', {
  version: 2,
  tables: {
    ...tables,
    kinds: table({ name: text().optional(), area: int().optional() }),
    others: table({ note: text().optional() }),
  },
})
/** Both: what the app asks queries with. */
export const trialQueryApp = wider

export type TrialMember = { readonly secrets: PersonSecrets; readonly grant: Uint8Array }

export type TrialWorld = {
  readonly crypto: Crypto
  readonly space: Uint8Array
  readonly epoch: Uint8Array
  readonly members: readonly TrialMember[]
  /** Membership, in an order in which it can be read. */
  readonly segments: readonly Segment[]
  /** What a change may have seen, and the record that it is made under. */
  readonly views: readonly { readonly heads: readonly Uint8Array[]; readonly schema: Uint8Array }[]
  /** The owner publishes any bytes as a record. */
  readonly publish: (record: Uint8Array) => { readonly segment: Segment; readonly schema: Uint8Array }
  /** Records by hash. */
  readonly recordOf: (schema: Uint8Array) => typeof trialApp.record
}

const start = { last: { ms: 0, counter: 0 }, nowMs: trialNowMs }

/** Alice, and the changes by which a space of hers comes about. */
export const createTrialSpace = (crypto: ReturnType<typeof createTrialCrypto>) => {
  const alice = createPerson(crypto, start)
  const made = createSpaceChanges(crypto, {
    ...start,
    person: alice.secrets,
    personChanges: alice.changes,
    app: trialApp.id,
    schemaRecord: trialApp.recordBytes,
    recovery: undefined,
  })
  return { alice, made }
}

export const createTrialWorld = (): TrialWorld => {
  const crypto = createTrialCrypto(1)
  const { alice, made } = createTrialSpace(crypto)
  const { space, epoch } = made
  const membership = createMembership({
    crypto,
    space,
    schemaStep,
  })
  const segments: Segment[] = []
  const take = (segment: Segment): readonly Change[] => {
    segments.push(segment)
    membership.add(segment.changes)
    return segment.changes
  }
  take(alice.segment)
  take(made.segment)

  const invite = createInvite(crypto, { rank: 'writer', role: 'writer', uses: null, expires: null }, epoch)
  const inviting = createChainWriter(crypto, alice.secrets.device.signing, made.end, trialNowMs)
  inviting.write(kinds.grant, encodeGrant(invite.grant), membership.heads())
  take(inviting.sign())

  const members: TrialMember[] = [{ secrets: alice.secrets, grant: space }]
  let bobsEnd = made.end
  for (let number = 0; number < 3; number += 1) {
    const joiner = createPerson(crypto, start)
    take(joiner.segment)
    const joined = createJoinChanges(crypto, {
      person: joiner.secrets,
      membership,
      space,
      secret: invite.secret,
      epoch,
      last: joiner.end.time,
      nowMs: trialNowMs,
    })
    const [join] = take(joined.segment)
    assert(join, 'a join')
    members.push({ secrets: joiner.secrets, grant: join.hash })
    if (number === 0) bobsEnd = joined.end
  }

  const heads = membership.heads()
  const publish = (member: TrialMember, end: typeof made.end, record: Uint8Array): Uint8Array => {
    const writer = createChainWriter(crypto, member.secrets.device.signing, end, trialNowMs)
    const body = encodeSchema({ salt: crypto.randomBytes(16), record })
    const change = writer.write(kinds.schema, body, heads)
    segments.push(writer.sign())
    return change.hash
  }
  const [, bob] = members
  assert(bob, 'Bob')
  const second = publish(members[0] as TrialMember, inviting.end(), stricter.recordBytes)
  const third = publish(bob, bobsEnd, wider.recordBytes)
  membership.add(segments.slice(-2).flatMap(({ changes }) => changes))
  assert(membership.newestSchemas().length === 2, 'two records stand side by side')
  const sorted = [second, third].sort((a, b) => Buffer.compare(a, b))
  const records = new Map([
    [made.schema, trialApp.record],
    [second, stricter.record],
    [third, wider.record],
  ])
  return {
    crypto,
    space,
    epoch: epoch.hash,
    members,
    segments: [...segments],
    views: [
      { heads, schema: made.schema },
      { heads: [second], schema: second },
      { heads: [third], schema: third },
      { heads: sorted, schema: second },
      { heads: sorted, schema: third },
    ],
    publish: (record) => {
      const schema = publish(members[0] as TrialMember, inviting.end(), record)
      return { segment: segments.pop() as Segment, schema }
    },
    recordOf: (schema) => records.get(schema) ?? trialApp.record,
  }
}

/** A run of changes of one device as it would come in an entry. */
export const signRun = (world: TrialWorld, member: number, changes: readonly Change[]): Segment =>
  signSegment(changes, (message) =>
    world.crypto.ed25519Sign(message, (world.members[member] as TrialMember).secrets.device.signing.seed),
  )
