import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { assert, KithError } from './error.ts'

/** Lower-case hexadecimal, for logs and digests that people compare. */
export function toHex(bytes: Uint8Array): string {
  return bytesToHex(bytes)
}

/**
 * 16 UTF-16 units that stand for a hash of 32 bytes where it is the key of a map or a set: made in a fifth of the time that hexadecimal takes, in half the
 * memory, and sorted as the bytes are. It may be no well-formed text; nothing else is to be done with it.
 */
export function hashToKey(b: Uint8Array): string {
  assert(b.length === 32, 'only 32 bytes have a key')
  const unit = (at: number): number => ((b[at] as number) << 8) | (b[at + 1] as number)
  return (
    String.fromCharCode(unit(0), unit(2), unit(4), unit(6), unit(8), unit(10), unit(12), unit(14)) +
    String.fromCharCode(unit(16), unit(18), unit(20), unit(22), unit(24), unit(26), unit(28), unit(30))
  )
}

/** Bytes of lower- or upper-case hexadecimal; throws 'bad-encoding'. */
export function fromHex(text: string): Uint8Array {
  try {
    return hexToBytes(text)
  } catch (cause) {
    throw new KithError('bad-encoding', 'A hexadecimal text is malformed.', {}, cause)
  }
}

const base32Digits = '0123456789abcdefghijklmnopqrstuv'
const base32Values = new Int8Array(128).fill(-1)
for (let value = 0; value < 32; value += 1) base32Values[base32Digits.charCodeAt(value)] = value

/**
 * base32hex (RFC 4648 §7), lower case, without padding: 26 characters for 16 bytes. Of all short alphabets it is the one whose
 * texts sort as their bytes do. (No installed library has it.)
 */
export function toBase32(bytes: Uint8Array): string {
  let text = ''
  let pending = 0
  let pendingBits = 0
  for (let at = 0; at < bytes.length; at += 1) {
    pending = ((pending << 8) | bytes[at]!) & 0xfff
    pendingBits += 8
    while (pendingBits >= 5) {
      pendingBits -= 5
      text += base32Digits[(pending >> pendingBits) & 31]
    }
  }
  if (pendingBits > 0) text += base32Digits[(pending << (5 - pendingBits)) & 31]
  return text
}

/**
 * Bytes of what `toBase32` writes, and of nothing else: upper case, padding, other lengths and set bits after the end
 * throw 'bad-encoding', so that an id has one text.
 */
export function fromBase32(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8))
  let length = 0
  let pending = 0
  let pendingBits = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    const value = code < 128 ? base32Values[code]! : -1
    if (value < 0) throw badBase32()
    pending = ((pending << 5) | value) & 0xfff
    pendingBits += 5
    if (pendingBits >= 8) {
      pendingBits -= 8
      bytes[length] = (pending >> pendingBits) & 0xff
      length += 1
    }
  }
  if (pendingBits >= 5 || (pending & ((1 << pendingBits) - 1)) !== 0) throw badBase32()
  return bytes
}

function badBase32(): KithError {
  return new KithError('bad-encoding', 'An id is not base32hex in lower case. Copy all of it.')
}

/** base64url (RFC 4648 §5) without padding: the shortest text that fits a link. */
export function toBase64Url(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

/** Bytes of what `toBase64Url` writes, and of nothing else; throws 'bad-encoding'. */
export function fromBase64Url(text: string): Uint8Array {
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
    const bytes = new Uint8Array(binary.length)
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = binary.charCodeAt(at)
    // `atob` forgives white space, padding and set bits after the end; one value has one text here.
    if (toBase64Url(bytes) === text) return bytes
  } catch {
    // Reported below: what `atob` throws says no more.
  }
  throw new KithError('bad-encoding', 'A base64url text is malformed. Copy all of it.')
}
