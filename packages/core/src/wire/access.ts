/** What a hub asks for where not everybody may make logs: invites, tokens, work. */
import { concatBytes, labelled } from '../bytes/index.ts'
import type { Hashing } from '../ports/index.ts'
import type { ConnectionIdentity } from './proof.ts'
import type { Work } from './work.ts'

/** 'invited': a log wants a token of a member, and has all the room it likes. 'metered': a token buys so much room of a log. Codes are the indexes. */
export const hubAccesses = ['open', 'invited', 'metered'] as const
export type HubAccess = (typeof hubAccesses)[number]

/** A key under which tokens are issued until `closesMs`, and good until `endsMs`. Milliseconds since 1970 UTC. */
export type TokenKey = { readonly modulus: Uint8Array; readonly closesMs: number; readonly endsMs: number }

export type HubTerms = {
  readonly access: HubAccess
  /** What a member gets for each period. */
  readonly tokensPerPeriod: number
  /** What a token buys, bytes of one log; what is kept of an entry is 64 more than it has. */
  readonly roomBytes: number
  /** The first is the one that tokens are issued under now. Empty in an open hub. */
  readonly keys: readonly TokenKey[]
}

export const inviteCodeBytes = 16

/** By the code of an invite, an Ed25519 key that was made for this hub alone becomes a member's. */
export type JoinItem = { readonly code: Uint8Array; readonly member: Uint8Array; readonly signature: Uint8Array }

/** TokenRequests of RFC 9578, signed by a member's key. */
export type IssueFields = {
  readonly member: Uint8Array
  readonly signature: Uint8Array
  readonly requests: readonly Uint8Array[]
}

export type PayItem = {
  readonly log: Uint8Array
  /** Tokens of RFC 9578. */
  readonly tokens: readonly Uint8Array[]
  readonly works: readonly Work[]
}

/** What the code of an invite is kept as. */
export function inviteCodeHash(crypto: Hashing, code: Uint8Array): Uint8Array {
  return crypto.sha256(labelled('kith/1 hub invite', code))
}

/** The message that a new member signs. */
export function joinBytes({ hubKey, nonce }: ConnectionIdentity, code: Uint8Array): Uint8Array {
  return labelled('kith/1 hub join', hubKey, nonce, code)
}

/** The message that a member signs who wants tokens. */
export function issueBytes(
  crypto: Hashing,
  { hubKey, nonce }: ConnectionIdentity,
  requests: readonly Uint8Array[],
): Uint8Array {
  return labelled('kith/1 hub issue', hubKey, nonce, crypto.sha256(concatBytes(...requests)))
}
