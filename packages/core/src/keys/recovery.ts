/**
 * The recovery phrase (membership rule 12): twelve words of BIP-39's English list for 16 bytes of entropy and 4 bits of checksum. Two keys
 * derive from it, named in the person's genesis, and a small log, in which whoever has nothing but the phrase finds the person.
 */
import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { type CborValue, decodeCbor, encodeCbor, isList, KithError } from '../bytes/index.ts'
import { deriveKey } from '../crypto/seal/index.ts'
import { type SigningKey, seedToSigningKey } from '../crypto/sign/index.ts'
import { linkHubsMax, linkUrlCharsMax } from '../limits/index.ts'
import { type Level, levelNumbers, numberToLevel } from '../membership/index.ts'
import type { Crypto } from '../ports/index.ts'
import type { Policy } from '../wire/index.ts'
import { openLetter, sealLetter } from './mailbox-entry.ts'
import type { SealingKey } from './person.ts'

const phraseWords = 12

/** Twelve lower-case words with a space between them. */
export function entropyToPhrase(entropy: Uint8Array): string {
  return entropyToMnemonic(entropy, wordlist)
}

/**
 * The entropy of a phrase as people type it: capitals, line breaks and numbers before the words do no harm.
 *
 * @throws KithError `bad-phrase`: which word is in no list, how many there are, or that the checksum does not fit.
 */
export function phraseToEntropy(text: string): Uint8Array {
  if (text.length > phraseCharsMax) throw badPhrase('That is far longer than twelve words.')
  const words = text
    .normalize('NFKD')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '')
  words.forEach((word, at) => {
    if (wordlist.includes(word)) return
    const near = nearest(word)
    const hint = near.length === 0 ? '' : ` Did you mean ${near.map((one) => `“${one}”`).join(' or ')}?`
    throw badPhrase(`Word ${at + 1}, “${word}”, is not one of the list.${hint}`, { word: at + 1 })
  })
  if (words.length !== phraseWords)
    throw badPhrase(`A phrase has ${phraseWords} words; these are ${words.length}.`, { words: words.length })
  try {
    return mnemonicToEntropy(words.join(' '), wordlist)
  } catch {
    // Every word is one of the list: what is left to be wrong is the checksum.
    throw badPhrase('Each word is one of the list, but together they are no phrase: one is wrong, or two are swapped.')
  }
}

const phraseCharsMax = 1000
const nearMax = 3

/** Words that one letter more, less, other or swapped makes of it. */
function nearest(word: string): string[] {
  return wordlist.filter((other) => isNear(word, other)).slice(0, nearMax)
}

function isNear(one: string, other: string): boolean {
  if (Math.abs(one.length - other.length) > 1) return false
  let from = 0
  while (from < one.length && one[from] === other[from]) from += 1
  let tail = 0
  const most = Math.min(one.length, other.length) - from
  while (tail < most && one[one.length - 1 - tail] === other[other.length - 1 - tail]) tail += 1
  const left = one.slice(from, one.length - tail)
  const right = other.slice(from, other.length - tail)
  const isSwap = left.length === 2 && left[0] === right[1] && left[1] === right[0]
  return isSwap || (left.length <= 1 && right.length <= 1)
}

function badPhrase(what: string, details: Record<string, number> = {}): KithError {
  return new KithError('bad-phrase', `${what} Look at what you wrote down, and type it again.`, details)
}

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
