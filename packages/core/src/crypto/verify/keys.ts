/**
 * Checks of public keys by their bytes alone, so that a hub and every peer refuse the same ones before any curve
 * arithmetic. Whether the point is on the curve is left to the verification itself.
 */
import { equalBytes, fromHex, KithError } from '../../bytes/index.ts'

/**
 * The y coordinates of the eight Ed25519 points of low order, little-endian and without the sign bit. A signature "by" one of
 * them can be made to match any message. (Bernstein et al., Taming the many EdDSAs, 2020, table 1.)
 */
const ed25519LowOrder = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map(fromHex)

/** The u coordinates of the X25519 points of low order: with them every shared secret is zero. (RFC 7748 §6.1) */
const x25519LowOrder = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
].map(fromHex)

/** Length of Ed25519 and X25519 keys, public and secret. */
export const keyBytes = 32

/** Whether the bytes may be an Ed25519 public key: 32 of them, y below 2^255 − 19, not of low order. */
export function isEd25519PublicKey(key: Uint8Array): boolean {
  if (key.length !== keyBytes) return false
  const y = Uint8Array.from(key)
  y[31]! &= 0x7f
  return isBelowFieldPrime(y) && !ed25519LowOrder.some((point) => equalBytes(point, y))
}

/** Whether the bytes may be an X25519 public key: 32 of them, u below 2^255 − 19, not of low order. */
export function isX25519PublicKey(key: Uint8Array): boolean {
  return key.length === keyBytes && isBelowFieldPrime(key) && !x25519LowOrder.some((point) => equalBytes(point, key))
}

/** The key itself; throws 'bad-key' where `isEd25519PublicKey` is false. */
export function checkEd25519PublicKey(key: Uint8Array): Uint8Array {
  if (!isEd25519PublicKey(key)) throw badKey('Ed25519')
  return key
}

/** The key itself; throws 'bad-key' where `isX25519PublicKey` is false. */
export function checkX25519PublicKey(key: Uint8Array): Uint8Array {
  if (!isX25519PublicKey(key)) throw badKey('X25519')
  return key
}

/** Little-endian number below 2^255 − 19 = 7fff…ffed: all others are second encodings of a smaller one. */
function isBelowFieldPrime(number: Uint8Array): boolean {
  const top = number[31]!
  if (top !== 0x7f) return top < 0x7f
  for (let at = 30; at > 0; at -= 1) if (number[at] !== 0xff) return true
  return number[0]! < 0xed
}

function badKey(curve: string): KithError {
  return new KithError('bad-key', `A public ${curve} key is malformed or of low order. Do not use it.`)
}
