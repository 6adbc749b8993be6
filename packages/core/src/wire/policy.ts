/**
 * A log's policy: who may write, read and trim it, by key alone. The log's id is the hash of its policy, so that a hub needs no
 * registration: whoever shows a policy with the right hash has shown the right policy.
 */
import { type CborValue, encodeCbor, KithError, labelled } from '../bytes/index.ts'
import type { Hashing } from '../ports/index.ts'
import { isEd25519PublicKey } from '../crypto/verify/index.ts'
import { bad, createFrameReader, type FrameReader } from './reader.ts'

/** An Ed25519 public key (32 bytes) whose holder has the right, or everybody ('open'), or nobody ('none'). */
export type PolicyKey = Uint8Array | 'open' | 'none'

/** What a log is for, which decides how long a hub keeps it. Codes on the wire are the indexes. */
export const logKinds = ['space', 'mailbox', 'knock', 'media', 'location'] as const
export type LogKind = (typeof logKinds)[number]

/** Codes on the wire are the indexes; in a set of rights, the bits. */
export const rights = ['read', 'write', 'admin'] as const
export type Right = (typeof rights)[number]

export type Policy = {
  readonly write: PolicyKey
  readonly read: PolicyKey
  readonly admin: PolicyKey
  readonly kind: LogKind
}

/** The canonical bytes: CBOR [write, read, admin, kind]; a key is 32 bytes, or 0 for none, or 1 for open. */
export function policyToBytes(policy: Policy): Uint8Array {
  return encodeCbor(policyToValue(policy))
}

/** Reads what `policyToBytes` wrote. Throws 'bad-encoding', and 'bad-key' as `checkPolicy` does. */
export function bytesToPolicy(bytes: Uint8Array): Policy {
  const reader = createFrameReader(bytes)
  const policy = readPolicy(reader)
  reader.end()
  checkPolicy(policy)
  return policy
}

/** The log's id: 32 bytes, SHA-256 over "kith/1 log" and the policy's bytes. */
export function policyToLogId(policy: Policy, crypto: Hashing): Uint8Array {
  return crypto.sha256(labelled('kith/1 log', policyToBytes(policy)))
}

/**
 * Throws 'bad-key' for a policy that no key guards (anybody could fill such a log for others, and nobody answers for it), for
 * a mailbox or knock box with rights that its kind has not, and for keys that are malformed, not canonical or of low order.
 */
export function checkPolicy(policy: Policy): void {
  const keys = [policy.write, policy.read, policy.admin].filter((key) => typeof key !== 'string')
  if (keys.length === 0)
    throw new KithError('bad-key', 'A policy was refused: each of its keys is open or none. Give it at least one key.')
  const { write, read, kind } = policy
  if ((kind === 'mailbox' && write === 'open') || ((kind === 'mailbox' || kind === 'knock') && read === 'open'))
    throw new KithError('bad-key', 'A policy was refused: everybody could write to this mailbox, or read it.')
  if (kind === 'knock' && write !== 'open')
    throw new KithError('bad-key', 'A policy was refused: a knock box is one that everybody may write to.')
  if (!keys.every(isEd25519PublicKey)) {
    throw new KithError('bad-key', 'A policy was refused: a key in it is malformed, not canonical or of low order.')
  }
}

export function policyToValue(policy: Policy): CborValue {
  return [keyToValue(policy.write), keyToValue(policy.read), keyToValue(policy.admin), logKinds.indexOf(policy.kind)]
}

/** In shape, but not checked: one bad policy must not spoil the other logs of its frame. */
export function readPolicy(reader: FrameReader): Policy {
  reader.array(4)
  const write = readKey(reader)
  const read = readKey(reader)
  const admin = readKey(reader)
  const kind = logKinds[reader.integer(logKinds.length - 1)]!
  return { write, read, admin, kind }
}

function keyToValue(key: PolicyKey): CborValue {
  if (key === 'none') return 0
  if (key === 'open') return 1
  return key
}

function readKey(reader: FrameReader): PolicyKey {
  if (reader.peek() === 2) return reader.fixedBytes(32)
  const code = reader.integer()
  if (code > 1) throw bad('a policy key is neither 32 bytes nor 0 nor 1')
  return code === 1 ? 'open' : 'none'
}
