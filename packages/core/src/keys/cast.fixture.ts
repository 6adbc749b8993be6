/**
 * For tests: devices that know different things. Each has an evaluator of its own that holds just the changes which it was shown, writes by
 * what that says, and can be made to write what no honest device would. Signatures are left out: segments carry them.
 */
import { equalBytes, toHex } from '../bytes/index.ts'
import { type Change, createChange, type Header, kinds, noBytes, sortHeads } from '../change/index.ts'
import { depsHeadsMax } from '../limits/index.ts'
import { createSigningKey, type SigningKey, seedToSigningKey } from '../crypto/sign/index.ts'
import {
  type AuthorJudgement,
  type ContentOrder,
  createMembership,
  encodeAdmission,
  encodeDeviceCut,
  encodeEpoch,
  encodeGrant,
  encodeJoin,
  encodeKeys,
  encodeMerge,
  encodeProfile,
  encodeRemoval,
  encodeSchema,
  type Membership,
  type Rank,
  toTag,
} from '../membership/index.ts'
import type { Crypto } from '../ports/index.ts'
import { createEpoch } from './epoch.ts'
import { createInvite, type InviteTerms, type NewInvite, signJoin } from './invite.ts'
import { createPerson, type NewPerson } from './person.ts'
import { entropyToRecovery } from './recovery.ts'
import { createSpaceChanges, type NewSpace } from './space.ts'

export const castNowMs = 1_795_000_000_000

export type Cast = {
  readonly space: NewSpace
  /** The owner. */
  readonly alice: Actor
  /** Somebody who is in nothing yet and knows nothing. */
  readonly person: (name: string) => Actor
  /** A further device of somebody, not admitted yet. */
  readonly device: (of: Actor, name: string) => Actor
  /** The recovery key of somebody, as if it were a device. */
  readonly recovery: (of: Actor) => Actor
  /** All membership changes written so far, in the order of writing. */
  readonly changes: readonly Change[]
  /** All content changes written so far. */
  readonly content: readonly Change[]
  /** An evaluator with these changes, in this order. */
  readonly evaluate: (changes: Iterable<Change>) => Membership
}

export type Actor = {
  readonly name: string
  readonly person: NewPerson
  readonly id: Uint8Array
  readonly device: Uint8Array
  readonly membership: () => Membership
  /** Takes what somebody else knows, or these changes. */
  readonly learn: (from: Actor | readonly Change[]) => void
  readonly knows: () => readonly Change[]
  readonly write: (kind: number, body: Uint8Array, patch?: Partial<Header>) => Change
  readonly grant: (to: Actor, rank: Rank, patch?: Partial<Header>) => Change
  readonly invite: (terms?: Partial<InviteTerms>, patch?: Partial<Header>) => CastInvite
  readonly join: (invite: CastInvite, patch?: Partial<Header>) => Change
  readonly remove: (target: Actor, options?: RemoveOptions) => Change
  readonly leave: () => Change
  readonly closeInvite: (invite: CastInvite) => Change
  readonly epoch: (patch?: Partial<Header>) => Change
  readonly schema: (record: number, cut?: readonly Uint8Array[]) => Change
  readonly merge: () => Change
  /** How the actor is called, as readers say it. */
  readonly profile: (name: string, patch?: Partial<Header>) => Change
  /** Admits a device of the same person, for the person's first tag or for these. */
  readonly admit: (device: Actor, patch?: Partial<Header>, tags?: readonly Uint8Array[]) => Change
  /** Brings a tag in; one of this device's own where none is given. */
  readonly bringIn: (patch?: Partial<Header>, tag?: Uint8Array) => { readonly tag: Uint8Array; readonly change: Change }
  readonly renewKeys: () => Change
  /** Ends a device of the same person, in the person's own space. */
  readonly revoke: (
    device: Actor,
    options?: { readonly cut?: readonly Uint8Array[]; readonly patch?: Partial<Header> },
  ) => Change
  readonly cutDevice: (revocation: Change, cut: readonly Uint8Array[], patch?: Partial<Header>) => Change
  /** A content change under the epoch in use and the newest record, as this actor knows them. */
  readonly post: (patch?: Partial<Header>) => Change
  /** Content changes that this device wrote. */
  readonly posts: () => readonly Change[]
  /** Heads of both chains of these devices, as far as this one knows. */
  readonly headsOf: (...actors: Actor[]) => Uint8Array[]
  readonly judge: (change: Change) => AuthorJudgement
}

export type CastInvite = NewInvite & { readonly change: Change }

export type RemoveOptions = {
  /** By default all heads known. */
  readonly cut?: readonly Uint8Array[]
  readonly grants?: readonly Uint8Array[]
  readonly rank?: Rank
  readonly patch?: Partial<Header>
}

export function createCast(crypto: Crypto): Cast {
  const start = { last: { ms: 0, counter: 0 }, nowMs: castNowMs }
  const changes: Change[] = []
  const content: Change[] = []
  const byHash = new Map<string, Change>()
  let counter = 0
  const salt = (): Uint8Array => crypto.randomBytes(16)

  const contentOrder: ContentOrder = {
    isInside: ({ hash }, heads) => walk(heads, ({ header }) => [header.prev]).has(toHex(hash)),
    isSeen: ({ hash }, heads) => walk(heads, ({ header }) => [header.prev, ...header.deps.content]).has(toHex(hash)),
  }
  const walk = (heads: readonly Uint8Array[], next: (change: Change) => readonly Uint8Array[]): Set<string> => {
    const found = new Set(heads.map(toHex))
    for (const key of found)
      for (const hash of byHash.has(key) ? next(byHash.get(key) as Change) : []) found.add(toHex(hash))
    return found
  }

  const aliceSecrets = createPerson(crypto, start)
  const space = createSpaceChanges(crypto, {
    ...start,
    person: aliceSecrets.secrets,
    personChanges: aliceSecrets.changes,
    app: 'org.example.todo',
    schemaRecord: Uint8Array.of(0),
    recovery: recoveryKeys(crypto, aliceSecrets),
  })
  changes.push(...aliceSecrets.changes, ...space.changes)
  const evaluate = (some: Iterable<Change>, of = space.space): Membership => {
    const schemaStep = (record: Uint8Array): 'adds' | 'changes' => ((record[0] ?? 0) < 100 ? 'adds' : 'changes')
    const membership = createMembership({ crypto, space: of, contentOrder, schemaStep })
    membership.add(some)
    return membership
  }

  const actor = (name: string, person: NewPerson, signing: SigningKey, admitted: Uint8Array | undefined): Actor => {
    const known = new Map<string, Change>()
    const posts: Change[] = []
    const ends = new Map<string, Change>()
    let evaluator: Membership | undefined
    let admission = admitted
    const id = person.secrets.person
    const device = signing.publicKey
    const membership = (): Membership => (evaluator ??= evaluate(known.values()))
    const own = (): Membership => evaluate(known.values(), id)

    const keep = (some: readonly Change[]): void => {
      for (const change of some) {
        if (change.header.kind < kinds.data) known.set(toHex(change.hash), change)
        if (change.header.kind === kinds.admission && admission === undefined && isFor(change, signing))
          admission = change.hash
      }
      evaluator = undefined
    }
    const finish = (
      chain: string,
      header: Omit<Header, 'seq' | 'prev' | 'time' | 'device'>,
      body: Uint8Array,
      patch: Partial<Header>,
    ): Change => {
      const before = ends.get(chain)
      counter += 1
      const time = { ms: castNowMs, counter }
      const link = { seq: before ? before.header.seq + 1 : 0, prev: before?.hash ?? noBytes }
      const change = createChange(crypto, { ...header, ...link, device, time, ...patch }, body)
      if (patch.prev === undefined) ends.set(chain, change)
      byHash.set(toHex(change.hash), change)
      return change
    }
    const write: Actor['write'] = (kind, body, patch = {}) => {
      const me = membership().member(id)
      const heads = sortHeads([...membership().heads(), ...membership().personHeads(id)])
      const common = { kind, epoch: noBytes, schema: noBytes, deps: { membership: heads, content: [] } }
      const names = { space: space.space, grant: me?.grant ?? noBytes, admission: admission ?? noBytes }
      const change = finish('space', { ...common, ...names }, body, patch)
      changes.push(change)
      keep([change])
      return change
    }
    const writeOwn = (kind: number, body: Uint8Array, patch: Partial<Header> = {}): Change => {
      const common = { kind, epoch: noBytes, schema: noBytes, deps: { membership: own().personHeads(id), content: [] } }
      const warrant = admission ?? noBytes
      const change = finish('person', { ...common, space: id, grant: warrant, admission: warrant }, body, patch)
      changes.push(change)
      keep([change])
      return change
    }
    const headsOf: Actor['headsOf'] = (...actors) => {
      const last = actors.flatMap((other) => other.posts().at(-1)?.hash ?? [])
      return sortHeads([...membership().chainHeads(actors.map((other) => other.device)), ...last])
    }
    const tag = (): Uint8Array => person.secrets.tagKeys[0]?.tag as Uint8Array

    const self: Actor = {
      name,
      person,
      id,
      device,
      membership,
      learn: (from) => keep('knows' in from ? from.knows() : from),
      knows: () => [...known.values()],
      write,
      grant: (to, rank, patch) => {
        keep(to.person.changes)
        const body = {
          type: 'person',
          salt: salt(),
          person: to.id,
          tag: to.person.secrets.tagKeys[0]?.tag as Uint8Array,
          rank,
          role: rank,
        } as const
        const heads = sortHeads([...membership().heads(), ...membership().personHeads(to.id)])
        return write(kinds.grant, encodeGrant(body), { deps: { membership: heads, content: [] }, ...patch })
      },
      invite: (terms = {}, patch) => {
        const made = createInvite(
          crypto,
          { rank: 'writer', role: 'writer', uses: null, expires: null, ...terms },
          space.epoch,
        )
        // Whose secrets they are does not matter to the evaluator, what is named does.
        const epoch = membership().epochInUse()?.hash ?? made.grant.epoch
        return { ...made, change: write(kinds.grant, encodeGrant({ ...made.grant, epoch }), patch) }
      },
      join: (invite, patch = {}) => {
        const signature = signJoin(crypto, invite.secret, space.space, { person: id, address: person.secrets.address })
        const body = encodeJoin({ salt: salt(), person: id, address: person.secrets.address, tag: tag(), signature })
        return write(kinds.join, body, { grant: invite.change.hash, ...patch })
      },
      remove: (target, options = {}) => {
        const grants = options.grants ?? membership().rightsOf(target.id).grants
        const cut = options.cut ?? headsOf(target)
        const replacement = options.rank && {
          person: target.id,
          tag: target.person.secrets.tagKeys[0]?.tag as Uint8Array,
          rank: options.rank,
          role: options.rank,
        }
        return write(kinds.removal, encodeRemoval({ salt: salt(), grants, cut, replacement }), options.patch)
      },
      leave: () => self.remove(self, { cut: [] }),
      closeInvite: ({ change }) =>
        write(
          kinds.removal,
          encodeRemoval({
            salt: salt(),
            grants: [change.hash],
            cut: membership().joinsOf(change.hash),
            replacement: undefined,
          }),
        ),
      epoch: (patch = {}) => {
        const rank = membership().member(id)?.rank
        const highest = rank === 'writer' || rank === 'reader' ? 'write' : 'admin'
        const recipients = patch.deps ? [] : membership().recipients(highest)
        return write(kinds.epoch, encodeEpoch(createEpoch(crypto, space.space, highest, recipients).body), patch)
      },
      schema: (record, cut) => write(kinds.schema, encodeSchema({ salt: salt(), record: Uint8Array.of(record), cut })),
      merge: () => {
        const heads = membership().heads()
        const deps = { membership: heads.slice(0, depsHeadsMax), content: [] }
        return write(kinds.merge, encodeMerge({ salt: salt(), heads }), { deps })
      },
      profile: (name, patch) => write(kinds.profile, encodeProfile({ salt: salt(), name }), patch),
      admit: (other, patch, tags = [tag()]) => {
        const sealing = other.person.secrets.device.sealing.publicKey
        const body = encodeAdmission({ salt: salt(), device: other.device, deviceSealing: sealing, tags })
        const change = writeOwn(kinds.admission, body, patch)
        other.learn(self)
        return change
      },
      bringIn: (patch, other) => {
        const once = salt()
        const brought = other ?? toTag(crypto, device, once)
        const box = new Uint8Array(48)
        const sealing = crypto.x25519PublicKey(crypto.randomBytes(32))
        const keys = [{ tag: brought, sealing, boxes: [{ device, box }], recoveryBox: box }]
        const body = encodeKeys({ salt: once, ephemeral: sealing, keys })
        return { tag: brought, change: writeOwn(kinds.keys, body, patch) }
      },
      renewKeys: () => {
        const devices = own().devicesOfTag(id, tag())
        const box = new Uint8Array(48)
        const sealing = crypto.x25519PublicKey(crypto.randomBytes(32))
        const boxes = devices.map(({ device: serving }) => ({ device: serving, box }))
        const body = { salt: salt(), ephemeral: sealing, keys: [{ tag: tag(), sealing, boxes, recoveryBox: box }] }
        return writeOwn(kinds.keys, encodeKeys(body))
      },
      revoke: (other, { cut, patch } = {}) => {
        const own = [...known.values()]
        const grants = own.filter((change) => isAdmissionOf(change, other)).map(({ hash }) => hash)
        const heads = cut ?? evaluate(known.values(), id).chainHeads([other.device])
        const body = encodeRemoval({
          salt: salt(),
          grants: sortHeads(grants),
          cut: sortHeads(heads),
          replacement: undefined,
        })
        return writeOwn(kinds.removal, body, patch)
      },
      cutDevice: (revocation, cut, patch) => {
        const body = { salt: salt(), revocation: revocation.hash, cut: sortHeads(cut) }
        return write(kinds.deviceCut, encodeDeviceCut(body), patch)
      },
      post: (patch = {}) => {
        const me = membership().member(id)
        const change = finish(
          'content',
          {
            kind: kinds.data,
            space: space.space,
            deps: { membership: membership().heads(), content: [] },
            grant: me?.grant ?? noBytes,
            admission: admission ?? noBytes,
            epoch: membership().epochInUse()?.hash ?? noBytes,
            schema: membership().newestSchemas()[0]?.hash ?? noBytes,
          },
          salt(),
          patch,
        )
        posts.push(change)
        content.push(change)
        return change
      },
      posts: () => posts,
      headsOf,
      judge: ({ header, hash }) => membership().judgeAuthor(header, hash),
    }
    return self
  }

  const alice = actor('alice', aliceSecrets, aliceSecrets.secrets.device.signing, aliceSecrets.secrets.admission)
  alice.learn(changes)
  let aliceEnd: Change | undefined
  for (const change of space.changes) aliceEnd = change
  alice.write(kinds.merge, encodeMerge({ salt: salt(), heads: [(aliceEnd as Change).hash] }), {
    seq: 3,
    prev: (aliceEnd as Change).hash,
  })

  return {
    space,
    alice,
    person: (name) => {
      const made = createPerson(crypto, start)
      changes.push(...made.changes)
      const self = actor(name, made, made.secrets.device.signing, made.secrets.admission)
      self.learn(made.changes)
      return self
    },
    device: (of, name) => {
      const signing = createSigningKey(crypto)
      const secretKey = crypto.randomBytes(32)
      const sealing = { publicKey: crypto.x25519PublicKey(secretKey), secretKey }
      const secrets = { ...of.person.secrets, device: { signing, sealing } }
      return actor(name, { ...of.person, secrets }, signing, undefined)
    },
    recovery: (of) => {
      const { signing } = entropyToRecovery(crypto, of.person.secrets.recoveryEntropy)
      return actor(`${of.name}'s recovery`, of.person, seedToSigningKey(crypto, signing.seed), of.id)
    },
    changes,
    content,
    evaluate: (some) => evaluate(some),
  }
}

function recoveryKeys(crypto: Crypto, { secrets }: NewPerson): { signing: Uint8Array; sealing: Uint8Array } {
  const { signing, sealing } = entropyToRecovery(crypto, secrets.recoveryEntropy)
  return { signing: signing.publicKey, sealing: sealing.publicKey }
}

function isFor({ body }: Change, signing: SigningKey): boolean {
  return body !== undefined && toHex(body).includes(toHex(signing.publicKey))
}

function isAdmissionOf({ header, body, hash }: Change, other: Actor): boolean {
  if (header.kind === kinds.genesis) return equalBytes(hash, other.id) && equalBytes(header.device, other.device)
  return header.kind === kinds.admission && body !== undefined && toHex(body).includes(toHex(other.device))
}
