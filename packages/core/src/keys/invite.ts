import { decodeCbor, encodeCbor, isList, KithError } from '../bytes/index.ts'
import { deriveKey } from '../crypto/seal/index.ts'
import { createSigningKey, type SigningKey, seedToSigningKey } from '../crypto/sign/index.ts'
import {
  type InviteGrant,
  joinToSign,
  type Level,
  levelNumbers,
  numberToLevel,
  type Rank,
  rankToLevel,
} from '../membership/index.ts'
import type { Crypto } from '../ports/index.ts'
import { bytesToPolicy, type Policy, policyToBytes } from '../wire/index.ts'
import { keysToPolicy, type LogKeys } from './epoch-keys.ts'
import { type EpochSecrets, openUnder, sealUnder, secretOfLevel } from './secrets.ts'

/** What follows from a link's 32-byte secret. */
export type InviteKeys = {
  /** Signs joins; its public key is granted beforehand. */
  readonly invite: SigningKey
  /** Proves the right to read the invite's log. */
  readonly read: SigningKey
  /** Base key of the entries in the invite's log. */
  readonly entry: Uint8Array
}

export type NewInvite = {
  readonly secret: Uint8Array
  readonly grant: InviteGrant
  /** The invite's log, which its maker can read and write. */
  readonly log: LogKeys
  /** Base key for the entries in it. */
  readonly entryKey: Uint8Array
}

/** What the invite's log holds, one entry an epoch: enough to find and read the space. */
export type InvitePayload = {
  readonly epoch: Uint8Array
  readonly level: Level
  readonly secret: Uint8Array
  readonly policy: Policy
}

export type InviteTerms = {
  readonly rank: Rank
  readonly role: string
  readonly uses: number | null
  readonly expires: number | null
}

export function secretToInvite(crypto: Crypto, secret: Uint8Array): InviteKeys {
  return {
    invite: seedToSigningKey(crypto, deriveKey(crypto, secret, 32, 'kith/1 invite sign')),
    read: seedToSigningKey(crypto, deriveKey(crypto, secret, 32, 'kith/1 invite read')),
    entry: deriveKey(crypto, secret, 32, 'kith/1 invite entry'),
  }
}

/** A link's keys and the body of the grant that makes it valid. `secrets` must hold the write secret. */
export function createInvite(
  crypto: Crypto,
  terms: InviteTerms,
  epoch: { readonly hash: Uint8Array; readonly secrets: EpochSecrets },
): NewInvite {
  const { admin, write } = epoch.secrets
  if (write === undefined) throw new KithError('not-allowed', 'Readers cannot invite. Ask an admin.')
  const secret = crypto.randomBytes(32)
  const keys = secretToInvite(crypto, secret)
  const writeKey = createSigningKey(crypto)
  const context = keys.invite.publicKey
  const policy = { write: writeKey.publicKey, read: keys.read.publicKey, admin: undefined }
  const grant: InviteGrant = {
    type: 'invite',
    salt: crypto.randomBytes(16),
    inviteKey: keys.invite.publicKey,
    ...terms,
    policy,
    epoch: epoch.hash,
    sealedSecret: admin ? sealUnder(crypto, admin, secretLabel, context, secret) : new Uint8Array(0),
    sealedSeed: sealUnder(crypto, write, seedLabel, context, writeKey.seed),
  }
  const log = { policy: keysToPolicy(policy), read: keys.read, write: writeKey, admin: undefined }
  return { secret, grant, log, entryKey: keys.entry }
}

/** The link's secret again, for a member who has the admin secret of the grant's epoch. Throws 'cannot-open'. */
export function openInviteSecret(crypto: Crypto, grant: InviteGrant, admin: Uint8Array): Uint8Array {
  return openUnder(crypto, admin, secretLabel, grant.inviteKey, grant.sealedSecret)
}

/** The write key of the invite's log, for any writer. Throws 'cannot-open'. */
export function openInviteSeed(crypto: Crypto, grant: InviteGrant, write: Uint8Array): SigningKey {
  return seedToSigningKey(crypto, openUnder(crypto, write, seedLabel, grant.inviteKey, grant.sealedSeed))
}

/** The log of a link, for its holder: it can read it, nobody can trim it. */
export function linkToLog(
  crypto: Crypto,
  link: { readonly secret: Uint8Array; readonly logWriteKey: Uint8Array },
): LogKeys {
  const { read } = secretToInvite(crypto, link.secret)
  const policy = keysToPolicy({ write: link.logWriteKey, read: read.publicKey, admin: undefined })
  return { policy, read, write: undefined, admin: undefined }
}

/** CBOR [epoch record's hash, level, secret, the epoch log's policy as bytes]: the payload of an entry of kind `invite`. */
export function encodeInvitePayload(payload: InvitePayload): Uint8Array {
  const { epoch, level, secret, policy } = payload
  return encodeCbor([epoch, levelNumbers[level], secret, policyToBytes(policy)])
}

/** Throws 'bad-encoding' or 'bad-key'. */
export function decodeInvitePayload(bytes: Uint8Array): InvitePayload {
  const value = decodeCbor(bytes)
  if (!isList(value) || value.length !== 4) throw badPayload()
  const [epoch, number, secret, policy] = value
  const level = numberToLevel(number)
  if (!isBytes(epoch, 32) || !isBytes(secret, 32) || level === undefined) throw badPayload()
  if (!(policy instanceof Uint8Array)) throw badPayload()
  return { epoch, level, secret, policy: bytesToPolicy(policy) }
}

/** The payload for an invite of this rank in an epoch of which we have the secrets. */
export function createInvitePayload(
  rank: Rank,
  epoch: { readonly hash: Uint8Array; readonly secrets: EpochSecrets; readonly policy: Policy },
): InvitePayload {
  const due = rankToLevel(rank)
  const level = due === 'admin' && epoch.secrets.admin === undefined ? 'write' : due
  const secret = secretOfLevel(epoch.secrets, level)
  if (secret === undefined) throw new KithError('not-allowed', 'You cannot invite above your own rank.')
  return { epoch: epoch.hash, level, secret, policy: epoch.policy }
}

/** The signature that a join carries. */
export function signJoin(
  crypto: Crypto,
  secret: Uint8Array,
  space: Uint8Array,
  joiner: { readonly person: Uint8Array; readonly address: Uint8Array },
): Uint8Array {
  const { invite } = secretToInvite(crypto, secret)
  return crypto.ed25519Sign(joinToSign(space, joiner.person, joiner.address), invite.seed)
}

const secretLabel = 'kith/1 invite secret'
const seedLabel = 'kith/1 invite seed'

function isBytes(value: unknown, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length
}

function badPayload(): KithError {
  return new KithError('bad-encoding', 'What the invite holds is malformed. Ask for a fresh link.')
}
