/**
 * The recovery phrase (membership rule 12): twelve words of BIP-39's English list for 16 bytes of entropy and 4 bits of checksum. Two keys
 * derive from it, named in the person's genesis, and a small log, in which whoever has nothing but the phrase finds the person.
 */
import { type CborValue, decodeCbor, encodeCbor, isList, KithError } from '../bytes/index.ts'
import { deriveKey } from '../crypto/seal/index.ts'
import { type SigningKey, seedToSigningKey } from '../crypto/sign/index.ts'
import { linkHubsMax, linkUrlCharsMax } from '../limits/index.ts'
import { type Level, levelNumbers, numberToLevel } from '../membership/index.ts'
import type { Crypto } from '../ports/index.ts'
import type { Policy } from '../wire/index.ts'
import { openLetter, sealLetter } from './mailbox-entry.ts'
import type { SealingKey } from './person.ts'

export type RecoverySecrets = { readonly signing: SigningKey; readonly sealing: SealingKey }

/** Both keys of a recovery phrase, from its 16 bytes of entropy. */
export function entropyToRecovery(crypto: Crypto, entropy: Uint8Array): RecoverySecrets {
  const secretKey = deriveKey(crypto, entropy, 32, 'kith/1 recovery seal')
  return {
    signing: seedToSigningKey(crypto, deriveKey(crypto, entropy, 32, 'kith/1 recovery sign')),
    sealing: { publicKey: crypto.x25519PublicKey(secretKey), secretKey },
  }
}

/** What devices keep of the recovery log, also when the phrase is erased: enough to write what only the phrase can read. */
export type RecoveryLog = {
  /** Ed25519 seed of the log's write key. */
  readonly writeSeed: Uint8Array
  /** Public key of the right to read, which the phrase alone gives. */
  readonly readKey: Uint8Array
}

export function entropyToRecoveryLog(crypto: Crypto, entropy: Uint8Array): RecoveryLog & { readonly read: SigningKey } {
  const read = seedToSigningKey(crypto, deriveKey(crypto, entropy, 32, 'kith/1 recovery log read'))
  return { writeSeed: deriveKey(crypto, entropy, 32, 'kith/1 recovery log write'), readKey: read.publicKey, read }
}

/** It looks like the log of a space: a hub keeps it as long, and nobody can trim it. */
export function recoveryLogToPolicy(crypto: Crypto, { writeSeed, readKey }: RecoveryLog): Policy {
  return { write: crypto.ed25519PublicKey(writeSeed), read: readKey, admin: 'none', kind: 'space' }
}

/** What the log says: where the person is. */
export type RecoveryRecord = {
  readonly person: Uint8Array
  /** Seed of the address key: no change holds it, and it is for life. */
  readonly addressSeed: Uint8Array
  readonly hubs: readonly string[]
  readonly epoch: { readonly hash: Uint8Array; readonly level: Level; readonly secret: Uint8Array }
  /** Milliseconds since 1970: of several the newest counts. */
  readonly time: number
}

const version = 1

/** CBOR [1, person, address seed, [URL…], epoch's hash, level, secret, time], sealed to the recovery key. */
export function sealRecoveryRecord(
  crypto: Crypto,
  recoverySealing: Uint8Array,
  log: RecoveryLog,
  record: RecoveryRecord,
): Uint8Array {
  const { person, addressSeed, hubs, epoch, time } = record
  const fields: CborValue = [
    version,
    person,
    addressSeed,
    hubs.filter(({ length }) => length <= linkUrlCharsMax).slice(0, linkHubsMax),
    epoch.hash,
    levelNumbers[epoch.level],
    epoch.secret,
    time,
  ]
  const to = { sealing: recoverySealing, shared: recordShared(crypto, log) }
  return sealLetter(crypto, to, encodeCbor(fields)).bytes
}

/** @throws KithError `cannot-open`, `bad-encoding`, `protocol-version`. */
export function openRecoveryRecord(crypto: Crypto, entropy: Uint8Array, bytes: Uint8Array): RecoveryRecord {
  const { sealing } = entropyToRecovery(crypto, entropy)
  const shared = recordShared(crypto, entropyToRecoveryLog(crypto, entropy))
  const value = decodeCbor(openLetter(crypto, bytes, [{ sealing, shared }]))
  if (!isList(value)) throw badRecord()
  if (value[0] !== version)
    throw new KithError('protocol-version', 'A newer version of Kith wrote the recovery record. Update this program.')
  const [, person, addressSeed, hubs, hash, number, secret, time] = value
  const level = numberToLevel(number)
  if (value.length !== 8 || !isBytes(person) || !isBytes(addressSeed) || !isBytes(hash) || !isBytes(secret))
    throw badRecord()
  if (level === undefined || typeof time !== 'number' || !isList(hubs) || hubs.length > linkHubsMax) throw badRecord()
  const urls = hubs.map((url) => {
    if (typeof url !== 'string' || url.length > linkUrlCharsMax) throw badRecord()
    return url
  })
  return { person, addressSeed, hubs: urls, epoch: { hash, level, secret }, time }
}

/** Only whoever may write to the log can seal for it: a hub cannot lead anybody astray. */
function recordShared(crypto: Crypto, { writeSeed }: RecoveryLog): Uint8Array {
  return deriveKey(crypto, writeSeed, 32, 'kith/1 recovery record')
}

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length === 32
}

function badRecord(): KithError {
  return new KithError('bad-encoding', 'What the recovery log holds is malformed. Ask another hub.')
}
