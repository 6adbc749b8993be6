/**
 * Entries sealed to a key: what lies in mailboxes and knock boxes. In clear they show no more than any entry does, and one
 * ephemeral key each, which says nothing of sender or owner.
 *
 *   version 1 ‖ suite 1 ‖ kind 4 ‖ salt 32 ‖ commitment 32 ‖ ephemeral key 32 ‖ ciphertext
 *
 * The base key comes from X25519 of the ephemeral key and the owner's; in a mailbox also from a secret that only the owner and
 * the one contact have, so that nobody else, the hub included, can seal for it.
 */
import { concatBytes, KithError, labelled } from '../bytes/index.ts'
import {
  ciphertextAt,
  entryKinds,
  openEntry,
  overheadBytes,
  paddedBytes,
  type SealedEntry,
  sealPadded,
} from '../change/index.ts'
import { checkX25519PublicKey, isX25519PublicKey, keyBytes } from '../crypto/verify/index.ts'
import { knockBytesMax, messageBytesMax, letterLinkCharsMax, lineageBytesMax } from '../limits/index.ts'
import type { Crypto } from '../ports/index.ts'
import type { SealingKey } from './person.ts'

/** Who can open: the owner's key and, for a mailbox, the secret that was agreed with the contact. */
export type LetterKey = { readonly sealing: SealingKey; readonly shared: Uint8Array | undefined }

const letterOverhead = overheadBytes + keyBytes
/** The largest letter, with room for what stands around a message, a link and a lineage. */
const letterBytesMax = paddedBytes(letterOverhead + messageBytesMax + letterLinkCharsMax + lineageBytesMax + 2048)

/** What one knock can hold. */
export const knockPayloadBytesMax = knockBytesMax - letterOverhead

/**
 * Seals for a mailbox (`shared`), or for a knock box: then padded to `knockBytesMax`, so that all knocks look alike.
 *
 * @throws KithError `too-large`, `bad-key`.
 */
export function sealLetter(
  crypto: Crypto,
  to: { readonly sealing: Uint8Array; readonly shared: Uint8Array | undefined },
  payload: Uint8Array,
): SealedEntry {
  const most = to.shared === undefined ? knockBytesMax : letterBytesMax
  const least = payload.length + letterOverhead
  if (least > most) {
    throw new KithError('too-large', `The letter is ${least - most} bytes too long. Write less.`, {
      bytes: least,
      most,
    })
  }
  const size = to.shared === undefined ? knockBytesMax : paddedBytes(least)
  const ephemeralSecret = crypto.randomBytes(keyBytes)
  const ephemeral = crypto.x25519PublicKey(ephemeralSecret)
  const dh = crypto.x25519(ephemeralSecret, checkX25519PublicKey(to.sealing))
  const baseKey = toBaseKey(crypto, dh, ephemeral, to.sealing, to.shared)
  const plain = sealPadded(crypto, { baseKey, associated: ephemeral }, entryKinds.letter, payload, size - keyBytes)
  const bytes = concatBytes(plain.subarray(0, ciphertextAt), ephemeral, plain.subarray(ciphertextAt))
  return { id: crypto.sha256(bytes), bytes }
}

/** @throws KithError `cannot-open` (not for these keys, or altered), `too-large`, `bad-encoding`, `protocol-version`. */
export function openLetter(crypto: Crypto, bytes: Uint8Array, keys: readonly LetterKey[]): Uint8Array {
  if (bytes.length > letterBytesMax)
    throw new KithError('too-large', 'A letter passes its limit.', { bytes: bytes.length, letterBytesMax })
  if (bytes.length < letterOverhead) throw new KithError('bad-encoding', 'A letter is cut off.')
  const ephemeral = bytes.subarray(ciphertextAt, ciphertextAt + keyBytes)
  if (!isX25519PublicKey(ephemeral)) throw new KithError('bad-key', 'A letter was sealed with an unusable key.')
  const plain = concatBytes(bytes.subarray(0, ciphertextAt), bytes.subarray(ciphertextAt + keyBytes))
  const candidates = keys.map(({ sealing, shared }) => {
    const dh = crypto.x25519(sealing.secretKey, ephemeral)
    return { baseKey: toBaseKey(crypto, dh, ephemeral, sealing.publicKey, shared), associated: ephemeral }
  })
  const { kind, payload } = openEntry(crypto, plain, candidates)
  if (kind !== entryKinds.letter) throw new KithError('bad-encoding', 'An entry in a mailbox is no letter.')
  return payload
}

/** Both public keys go in, as for boxes (RFC 7748 §6.1); the label says whether a shared secret is in it. */
function toBaseKey(
  crypto: Crypto,
  dh: Uint8Array,
  ephemeral: Uint8Array,
  sealing: Uint8Array,
  shared: Uint8Array | undefined,
): Uint8Array {
  const key = shared === undefined ? dh : concatBytes(dh, shared)
  const label = shared === undefined ? 'kith/1 knock' : 'kith/1 mailbox'
  return crypto.hkdfSha256(key, concatBytes(ephemeral, sealing), labelled(label), 32)
}
