import { concatBytes, decodeCbor, encodeCbor, isList, KithError } from '../bytes/index.ts'
import { type EntryKey, entryKinds, openEntry, sealEntry } from '../change/index.ts'
import { boxBytes, deriveKey, openBox, sealBoxes } from '../crypto/seal/index.ts'
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
import type { SealingKey } from './person.ts'
import { type EpochSecrets, openUnder, sealUnder, secretOfLevel } from './secrets.ts'

/** What follows from a link's 32-byte secret. */
export type InviteKeys = {
  /** Signs joins; its public key is granted beforehand. */
  readonly invite: SigningKey
  /** Opens what the entries of the invite's log hold for it; the public key is granted beforehand too. */
  readonly sealing: SealingKey
  /** Proves the right to read the invite's log. */
  readonly read: SigningKey
}

export type NewInvite = {
  readonly secret: Uint8Array
  readonly grant: InviteGrant
  /** The invite's log, which its maker can read and write. */
  readonly log: LogKeys
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
  const secretKey = deriveKey(crypto, secret, 32, 'kith/1 invite seal')
  return {
    invite: seedToSigningKey(crypto, deriveKey(crypto, secret, 32, 'kith/1 invite sign')),
    sealing: { publicKey: crypto.x25519PublicKey(secretKey), secretKey },
    read: seedToSigningKey(crypto, deriveKey(crypto, secret, 32, 'kith/1 invite read')),
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
    sealing: keys.sealing.publicKey,
    ...terms,
    policy,
    epoch: epoch.hash,
    sealedSecret: admin ? sealUnder(crypto, admin, secretLabel, context, secret) : new Uint8Array(0),
    sealedSeed: sealUnder(crypto, write, seedLabel, context, writeKey.seed),
  }
  const log = { policy: keysToPolicy(policy), read: keys.read, write: writeKey, admin: undefined }
  return { secret, grant, log }
}

/** The link's secret again, for a member who has the admin secret of the grant's epoch. Throws 'cannot-open'. */
export function openInviteSecret(crypto: Crypto, grant: InviteGrant, admin: Uint8Array): Uint8Array {
  return openUnder(crypto, admin, secretLabel, grant.inviteKey, grant.sealedSecret)
}

/** The write key of the invite's log, for any writer. Throws 'cannot-open'. */
export function openInviteSeed(
  crypto: Crypto,
  grant: Pick<InviteGrant, 'inviteKey' | 'sealedSeed'>,
  write: Uint8Array,
): SigningKey {
  return seedToSigningKey(crypto, openUnder(crypto, write, seedLabel, grant.inviteKey, grant.sealedSeed))
}

/** The same key sealed under the write secret of a later epoch, as its record carries it. */
export function sealInviteSeed(
  crypto: Crypto,
  grant: Pick<InviteGrant, 'inviteKey'>,
  seed: Uint8Array,
  write: Uint8Array,
): Uint8Array {
  return sealUnder(crypto, write, seedLabel, grant.inviteKey, seed)
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

/**
 * An entry of the invite's log, which any writer can make: it needs the grant, not the link. The payload is CBOR [epoch record's
 * hash, level, the epoch log's policy as bytes, ephemeral key, box of the secret]; the entry's own key follows from the public
 * invite key, which members know and hubs do not.
 */
export function sealInviteEntry(
  crypto: Crypto,
  grant: Pick<InviteGrant, 'inviteKey' | 'sealing'>,
  payload: InvitePayload,
): Uint8Array {
  const { epoch, level, secret, policy } = payload
  const { ephemeral, boxes } = sealBoxes(crypto, boxContext(grant.inviteKey, epoch), [
    { publicKey: grant.sealing, secret },
  ])
  const bytes = encodeCbor([epoch, levelNumbers[level], policyToBytes(policy), ephemeral, boxes[0] as Uint8Array])
  return sealEntry(crypto, entryKey(crypto, grant.inviteKey), entryKinds.invite, bytes).bytes
}

/** Reads one for the holder of the link's secret. Throws 'cannot-open', 'bad-encoding' or 'bad-key'. */
export function openInviteEntry(crypto: Crypto, secret: Uint8Array, entry: Uint8Array): InvitePayload {
  const { invite, sealing } = secretToInvite(crypto, secret)
  const opened = openEntry(crypto, entry, [entryKey(crypto, invite.publicKey)])
  const value = opened.kind === entryKinds.invite ? decodeCbor(opened.payload) : undefined
  if (!isList(value) || value.length !== 5) throw badPayload()
  const [epoch, number, policy, ephemeral, box] = value
  const level = numberToLevel(number)
  if (!isBytes(epoch, 32) || !isBytes(ephemeral, 32) || !isBytes(box, boxBytes) || level === undefined)
    throw badPayload()
  if (!(policy instanceof Uint8Array)) throw badPayload()
  const context = boxContext(invite.publicKey, epoch)
  return {
    epoch,
    level,
    secret: openBox(crypto, context, { ephemeral, box, index: 0 }, sealing.secretKey),
    policy: bytesToPolicy(policy),
  }
}

function entryKey(crypto: Crypto, inviteKey: Uint8Array): EntryKey {
  return { baseKey: deriveKey(crypto, inviteKey, 32, 'kith/1 invite entry'), associated: new Uint8Array(0) }
}

function boxContext(inviteKey: Uint8Array, epoch: Uint8Array): Uint8Array {
  return concatBytes(inviteKey, epoch)
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
