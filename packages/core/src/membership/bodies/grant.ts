import { encodeCbor, isList, labelled } from '../../bytes/index.ts'
import { decodeBody } from '../../change/index.ts'
import { nameBytesMax } from '../../limits/index.ts'
import { rankNumbers, type Rank } from '../rank.ts'
import {
  badField,
  toBytes,
  toBytesUpTo,
  toCountOrNull,
  toRank,
  toSealingKey,
  toSigningKey,
  toText,
  toTuple,
} from './fields.ts'
import { type PolicyKeys, policyToArray, toPolicy } from './policy.ts'

/** Rank and role of a person, given by name. The role is the app's word and means something to its schema only. */
export type PersonGrant = {
  readonly type: 'person'
  readonly salt: Uint8Array
  readonly person: Uint8Array
  readonly tag: Uint8Array
  readonly rank: Rank
  readonly role: string
}

/** Rank and role for whoever holds an invite link (rule 20). */
export type InviteGrant = {
  readonly type: 'invite'
  readonly salt: Uint8Array
  /** Ed25519 public key derived from the link's secret; joins are signed by it. */
  readonly inviteKey: Uint8Array
  /** X25519 public key derived from it too: whoever starts an epoch seals the secret for the link to it. */
  readonly sealing: Uint8Array
  readonly rank: Rank
  readonly role: string
  /** How many may join; null for any number. */
  readonly uses: number | null
  /** Milliseconds since 1970 after which no join is valid, by the join's own time; null for never. */
  readonly expires: number | null
  readonly policy: PolicyKeys
  /** The epoch whose secrets seal the two below. */
  readonly epoch: Uint8Array
  /** The link's secret under the epoch's admin secret: for showing the link again. Empty where the epoch has none. */
  readonly sealedSecret: Uint8Array
  /** The write seed of the invite's log under the epoch's write secret: whoever starts an epoch writes there. */
  readonly sealedSeed: Uint8Array
}

export type GrantBody = PersonGrant | InviteGrant

/** A person joins by link. The header's `grant` is the invite's; later changes name the join as theirs. */
export type JoinBody = {
  readonly salt: Uint8Array
  readonly person: Uint8Array
  readonly address: Uint8Array
  readonly tag: Uint8Array
  /** Ed25519 by the invite key over `joinToSign`. */
  readonly signature: Uint8Array
}

/** CBOR [salt, [0, person, tag, rank, role]] or [salt, [1, invite key, sealing key, rank, role, uses, expires, policy, epoch, sealed secret, sealed seed]]. */
export function encodeGrant(body: GrantBody): Uint8Array {
  const rank = rankNumbers[body.rank]
  if (body.type === 'person') return encodeCbor([body.salt, [0, body.person, body.tag, rank, body.role]])
  const { inviteKey, sealing, role, uses, expires, epoch, sealedSecret, sealedSeed } = body
  const policy = policyToArray(body.policy)
  return encodeCbor([
    body.salt,
    [1, inviteKey, sealing, rank, role, uses, expires, policy, epoch, sealedSecret, sealedSeed],
  ])
}

export function decodeGrant(bytes: Uint8Array): GrantBody {
  const [salt, value] = decodeBody(bytes, 1)
  if (!isList(value)) throw badField('grant')
  if (value[0] === 0) {
    const [, person, tag, rank, role] = toTuple(value, 5, 'grant')
    return { type: 'person', salt, ...toPersonGrant([person, tag, rank, role]) }
  }
  const [type, inviteKey, sealing, rank, role, uses, expires, policy, epoch, sealedSecret, sealedSeed] = toTuple(
    value,
    11,
    'invite',
  )
  if (type !== 1) throw badField('type of grant')
  return {
    type: 'invite',
    salt,
    inviteKey: toSigningKey(inviteKey, 'invite key'),
    sealing: toSealingKey(sealing, 'invite sealing key'),
    rank: toRank(rank, 'rank'),
    role: toText(role, nameBytesMax, 'role'),
    uses: toCountOrNull(uses, 'uses'),
    expires: toCountOrNull(expires, 'expires'),
    policy: toPolicy(policy),
    epoch: toBytes(epoch, 32, 'epoch'),
    sealedSecret: toBytesUpTo(sealedSecret, 256, 'sealed secret'),
    sealedSeed: toBytesUpTo(sealedSeed, 256, 'sealed seed'),
  }
}

/** The fields [person, tag, rank, role] of a grant to a person, also inside a removal. */
export function toPersonGrant(value: unknown): Omit<PersonGrant, 'type' | 'salt'> {
  const [person, tag, rank, role] = toTuple(value, 4, 'grant')
  return {
    person: toBytes(person, 32, 'person'),
    tag: toBytes(tag, 16, 'tag'),
    rank: toRank(rank, 'rank'),
    role: toText(role, nameBytesMax, 'role'),
  }
}

/** What the invite key signs: so a link cannot be spent for somebody who did not ask for it. */
export function joinToSign(space: Uint8Array, person: Uint8Array, address: Uint8Array): Uint8Array {
  return labelled('kith/1 join', space, person, address)
}

/** CBOR [salt, person, address, tag, signature]. */
export function encodeJoin(body: JoinBody): Uint8Array {
  return encodeCbor([body.salt, body.person, body.address, body.tag, body.signature])
}

export function decodeJoin(bytes: Uint8Array): JoinBody {
  const [salt, person, address, tag, signature] = decodeBody(bytes, 4)
  return {
    salt,
    person: toBytes(person, 32, 'person'),
    address: toBytes(address, 48, 'address'),
    tag: toBytes(tag, 16, 'tag'),
    signature: toBytes(signature, 64, 'signature'),
  }
}
