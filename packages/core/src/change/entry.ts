/**
 * Sealed entries of suite 1, the only thing that leaves a device. docs/protocol/entry.md has the bytes.
 *
 *   version 1 ‖ suite 1 ‖ kind 1 ‖ salt 32 ‖ commitment 32 ‖ ciphertext
 *
 * One HKDF over base key and salt gives key, nonce and commitment. The plain text is [u32 length ‖ payload ‖ zeros].
 */
import { assert, concatBytes, equalBytes, KithError, labelled, padme } from '../bytes/index.ts'
import { hashBytes } from '../crypto/verify/index.ts'
import { entryBytesMax, entryBytesMin, unpackRatioMax } from '../limits/index.ts'
import type { Crypto } from '../ports/index.ts'

/** What an entry holds: in clear, and authenticated. */
export const entryKinds = {
  /** Deflated segments: `packSegments`. */
  segments: 1,
  /** The boxes of an epoch record: one ephemeral key and 48 bytes for each recipient. */
  boxes: 2,
  /** What an invite's secret opens. */
  invite: 3,
  /** A letter in a mailbox or knock box, sealed to its owner's key: `sealEntryTo`. */
  letter: 4,
  /** What two devices of one person say while they are being linked. */
  pairing: 5,
  /** Where a person's home space for one app is. */
  home: 6,
  /** Who is here, in a signal: never put on a log. */
  presence: 7,
  /** Which entries of a log's tail packs hold. */
  claim: 8,
} as const

/** A key that may open an entry, and what the entry must have been sealed with (an epoch's hash; empty where none). */
export type EntryKey = { readonly baseKey: Uint8Array; readonly associated: Uint8Array }

export type SealedEntry = { readonly id: Uint8Array; readonly bytes: Uint8Array }

export type OpenedEntry = {
  readonly kind: number
  readonly payload: Uint8Array
  /** The one of the candidates that opened it. */
  readonly key: EntryKey
}

const version = 1
const suite = 1
const headBytes = 3
const commitmentAt = headBytes + 32
export const ciphertextAt = commitmentAt + 32
const tagBytes = 16
const lengthBytes = 4
export const overheadBytes = ciphertextAt + lengthBytes + tagBytes

/** The most that one entry can carry. */
export const entryPayloadBytesMax = entryBytesMax - overheadBytes

/**
 * Seals a payload; `id` is the SHA-256 of the bytes. `unpackedBytes` is what it will unpack to where it is compressed:
 * an entry that compresses very well is padded until it may unpack so far (`unpackRatioMax`), and so cannot be taken for a bomb.
 * Throws 'too-large' past `entryPayloadBytesMax`.
 *
 * The salt is no random number but an HMAC of all that is sealed, so that sealing the same payload again, after a crash
 * before the acknowledgement came, gives the same entry with the same id, which a hub keeps once. Only the equality of
 * two equal entries under one key shows by it, and key and nonce never serve two different plain texts (as in RFC 8452).
 */
export function sealEntry(
  crypto: Crypto,
  key: EntryKey,
  kind: number,
  payload: Uint8Array,
  unpackedBytes = 0,
): SealedEntry {
  assert(Number.isInteger(kind) && kind >= 0 && kind < 256, 'an entry kind is one byte')
  const size = Math.max(payload.length + overheadBytes, Math.ceil(unpackedBytes / unpackRatioMax))
  if (payload.length > entryPayloadBytesMax || size > entryBytesMax) {
    throw new KithError('too-large', 'More than one entry can carry. Split it.', { size, entryBytesMax })
  }
  const bytes = sealPadded(crypto, key, kind, payload, paddedBytes(size))
  return { id: crypto.sha256(bytes), bytes }
}

/** The bytes of an entry of exactly this size, which must hold the payload. */
export function sealPadded(crypto: Crypto, key: EntryKey, kind: number, payload: Uint8Array, size: number): Uint8Array {
  const head = Uint8Array.of(version, suite, kind)
  const plain = pad(payload, size - ciphertextAt - tagBytes)
  const salt = crypto.hmacSha256(key.baseKey, saltInput(head, key.associated, plain))
  const derived = deriveEntryKeys(crypto, key.baseKey, salt)
  const sealed = crypto.aeadSeal(derived.key, derived.nonce, plain, concatBytes(head, key.associated))
  return concatBytes(head, salt, derived.commitment, sealed)
}

/**
 * Opens an entry with the first candidate whose commitment it carries. Throws 'cannot-open' when none fits or it was
 * altered, 'protocol-version' for a newer version or suite, 'too-large' and 'bad-encoding' for what is no entry.
 *
 * The commitment is compared before anything is opened: Poly1305 alone lets whoever knows two keys make one entry that
 * opens differently under each, so that two members would read different changes out of one id.
 */
export function openEntry(crypto: Crypto, bytes: Uint8Array, candidates: readonly EntryKey[]): OpenedEntry {
  if (bytes.length > entryBytesMax)
    throw new KithError('too-large', 'An entry passes its limit.', { bytes: bytes.length })
  if (bytes.length < overheadBytes) throw new KithError('bad-encoding', 'An entry is cut off.')
  if (bytes[0] !== version || bytes[1] !== suite) {
    throw new KithError('protocol-version', 'An entry is of another version or suite. Update Kith.')
  }
  const head = bytes.subarray(0, headBytes)
  const salt = bytes.subarray(headBytes, commitmentAt)
  const commitment = bytes.subarray(commitmentAt, ciphertextAt)
  for (const candidate of candidates) {
    const derived = deriveEntryKeys(crypto, candidate.baseKey, salt)
    if (!equalBytes(derived.commitment, commitment)) continue
    const associated = concatBytes(head, candidate.associated)
    const plain = crypto.aeadOpen(derived.key, derived.nonce, bytes.subarray(ciphertextAt), associated)
    if (plain !== undefined) return { kind: bytes[2]!, payload: unpad(plain), key: candidate }
  }
  throw new KithError('cannot-open', 'An entry cannot be opened with the keys that are here, or it was altered.')
}

/** Padded as a whole, so that an entry of exactly `entryBytesMax` exists. */
export function paddedBytes(size: number): number {
  return padme(Math.max(size, entryBytesMin))
}

type EntryKeys = { readonly key: Uint8Array; readonly nonce: Uint8Array; readonly commitment: Uint8Array }

function deriveEntryKeys(crypto: Crypto, baseKey: Uint8Array, salt: Uint8Array): EntryKeys {
  assert(baseKey.length === 32, 'a base key has 32 bytes')
  const derived = crypto.hkdfSha256(baseKey, salt, labelled('kith/1 entry'), 32 + 24 + hashBytes)
  return { key: derived.subarray(0, 32), nonce: derived.subarray(32, 56), commitment: derived.subarray(56) }
}

/** Covers head and associated data too: with the same key and nonce, two tags over different ones would give Poly1305's key away. */
function saltInput(head: Uint8Array, associated: Uint8Array, plain: Uint8Array): Uint8Array {
  return labelled('kith/1 entry salt', head, uint32(associated.length), associated, plain)
}

function pad(payload: Uint8Array, length: number): Uint8Array {
  const plain = new Uint8Array(length)
  plain.set(uint32(payload.length))
  plain.set(payload, lengthBytes)
  return plain
}

function unpad(plain: Uint8Array): Uint8Array {
  const length = new DataView(plain.buffer, plain.byteOffset).getUint32(0)
  const end = lengthBytes + length
  if (end > plain.length) throw new KithError('bad-encoding', 'An entry says that it is longer than it is.')
  for (let at = end; at < plain.length; at += 1) {
    if (plain[at] !== 0) throw new KithError('bad-encoding', 'The padding of an entry is not zero.')
  }
  return plain.subarray(lengthBytes, end)
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}
