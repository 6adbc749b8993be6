import { encodeCbor } from '../../bytes/index.ts'
import { decodeBody, toHeads } from '../../change/index.ts'
import { cutHeadsMax } from '../../limits/index.ts'
import { rankNumbers } from '../rank.ts'
import { toBytes } from './fields.ts'
import { type PersonGrant, toPersonGrant } from './grant.ts'

/** Ends grants (in a person's space: admissions), with a cut: the heads accepted (rules 2 and 3). */
export type RemovalBody = {
  readonly salt: Uint8Array
  /** Hashes of the grants, joins or admissions that end; ascending. */
  readonly grants: readonly Uint8Array[]
  /** Heads of both kinds of chain; ascending. */
  readonly cut: readonly Uint8Array[]
  /** `setRole` down: the lower grant, in the same change. */
  readonly replacement: Omit<PersonGrant, 'type' | 'salt'> | undefined
}

/** Repeats a person's revocation of a device in a space (rule 10), with the heads of its chains there. */
export type DeviceCutBody = {
  readonly salt: Uint8Array
  readonly revocation: Uint8Array
  readonly cut: readonly Uint8Array[]
}

/** Joins more membership heads than a header can name (rule 6). */
export type MergeBody = { readonly salt: Uint8Array; readonly heads: readonly Uint8Array[] }

/** CBOR [salt, [grants], [cut], null | [person, tag, rank, role]]. */
export function encodeRemoval(body: RemovalBody): Uint8Array {
  const given = body.replacement
  const replacement = given === undefined ? null : [given.person, given.tag, rankNumbers[given.rank], given.role]
  return encodeCbor([body.salt, body.grants, body.cut, replacement])
}

export function decodeRemoval(bytes: Uint8Array): RemovalBody {
  const [salt, grants, cut, replacement] = decodeBody(bytes, 3)
  return {
    salt,
    grants: toHeads(grants, 'grants', cutHeadsMax),
    cut: toHeads(cut, 'cut', cutHeadsMax),
    replacement: replacement === null ? undefined : toPersonGrant(replacement),
  }
}

/** CBOR [salt, revocation, [cut]]. */
export function encodeDeviceCut(body: DeviceCutBody): Uint8Array {
  return encodeCbor([body.salt, body.revocation, body.cut])
}

export function decodeDeviceCut(bytes: Uint8Array): DeviceCutBody {
  const [salt, revocation, cut] = decodeBody(bytes, 2)
  return { salt, revocation: toBytes(revocation, 32, 'revocation'), cut: toHeads(cut, 'cut', cutHeadsMax) }
}

/** CBOR [salt, [heads]]. */
export function encodeMerge(body: MergeBody): Uint8Array {
  return encodeCbor([body.salt, body.heads])
}

export function decodeMerge(bytes: Uint8Array): MergeBody {
  const [salt, heads] = decodeBody(bytes, 1)
  return { salt, heads: toHeads(heads, 'heads', cutHeadsMax) }
}
