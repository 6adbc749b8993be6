/** What a hub needs of cryptography, by node:crypto alone: it can check, and open nothing but what is said to itself. */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  hash,
  hkdfSync,
  type KeyObject,
  randomBytes,
  randomFillSync,
  verify,
} from 'node:crypto'
import { assert, KithError, toBase64Url } from '@kith/core/bytes'
import type { Channelling, Verifying } from '@kith/core/ports'
import { isEd25519PublicKey } from '@kith/core/crypto/verify'

export const nodeVerifying: Verifying = {
  sha256: (bytes) => plain(hash('sha256', bytes, 'buffer')),
  // Node takes 30 µs to see that bytes are no key object, and 8 µs with one.
  hmacSha256: (key, bytes) => plain(createHmac('sha256', createSecretKey(key)).update(bytes).digest()),
  ed25519Verify(signature, message, publicKey) {
    if (signature.length !== 64 || !isEd25519PublicKey(publicKey)) return false
    try {
      return verify(null, message, rawToKey(publicKey), signature)
    } catch {
      // A key that is no point of the curve.
      return false
    }
  },
}

const cipher = 'chacha20-poly1305'
const tagBytes = 16

/** For channels: connections to this hub that another carries, and the hubs that this one carries to. */
export const nodeChannelling: Channelling = {
  sha256: nodeVerifying.sha256,
  randomBytes: random,
  hkdfSha256: (key, salt, info, length) => new Uint8Array(hkdfSync('sha256', key, salt, info, length)),
  x25519PublicKey: (secretKey) => fromJwk(createPublicKey(toX25519SecretKey(secretKey)).export({ format: 'jwk' }).x),
  x25519(secretKey, publicKey) {
    try {
      const key = createPublicKey({
        key: { kty: 'OKP', crv: 'X25519', x: toBase64Url(publicKey) },
        format: 'jwk',
      })
      // OpenSSL refuses an all-zero result.
      return plain(diffieHellman({ privateKey: toX25519SecretKey(secretKey), publicKey: key }))
    } catch (cause) {
      throw new KithError('bad-key', 'An X25519 public key is malformed or of low order. Do not use it.', {}, cause)
    }
  },
  channelSeal(key, nonce, plainText, associated) {
    assertLengths(key, nonce)
    const sealing = createCipheriv(cipher, key, nonce, { authTagLength: tagBytes })
    sealing.setAAD(associated, { plaintextLength: plainText.length })
    const sealed = new Uint8Array(plainText.length + tagBytes)
    sealed.set(sealing.update(plainText))
    sealing.final()
    sealed.set(sealing.getAuthTag(), plainText.length)
    return sealed
  },
  channelOpen(key, nonce, sealed, associated) {
    assertLengths(key, nonce)
    if (sealed.length < tagBytes) return undefined
    const opening = createDecipheriv(cipher, key, nonce, { authTagLength: tagBytes })
    opening.setAAD(associated, { plaintextLength: sealed.length - tagBytes })
    opening.setAuthTag(sealed.subarray(-tagBytes))
    const plainText = opening.update(sealed.subarray(0, -tagBytes))
    try {
      opening.final()
    } catch {
      return undefined
    }
    return plain(plainText)
  },
}

function assertLengths(key: Uint8Array, nonce: Uint8Array): void {
  assert(key.length === 32 && nonce.length === 12, 'ChaCha20-Poly1305 has a 32-byte key and a 12-byte nonce')
}

/** Not a `Buffer`, whose `slice` does not copy. */
function plain(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Random bytes not yet given out. A call of the generator costs 3 µs, however little is asked for. */
const drawn = new Uint8Array(4096)
let drawnAt = drawn.length
const fromDrawnMax = 64

export function random(length: number): Uint8Array {
  if (length > fromDrawnMax) return new Uint8Array(randomBytes(length))
  if (drawnAt + length > drawn.length) {
    randomFillSync(drawn)
    drawnAt = 0
  }
  const bytes = drawn.slice(drawnAt, drawnAt + length)
  // They are nobody else's from here on.
  drawn.fill(0, drawnAt, drawnAt + length)
  drawnAt += length
  return bytes
}

/** The head of an X25519 secret key in PKCS #8: the 32 bytes follow (RFC 8410). */
const pkcs8Head = Buffer.from('302e020100300506032b656e04220420', 'hex')

/** A fresh X25519 pair, 32 bytes each. */
export function createHubKeyPair(randomBytes: (length: number) => Uint8Array): {
  publicKey: Uint8Array
  secretKey: Uint8Array
} {
  const secretKey = randomBytes(32)
  return { publicKey: nodeChannelling.x25519PublicKey(secretKey), secretKey }
}

function toX25519SecretKey(secretKey: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([pkcs8Head, secretKey]), format: 'der', type: 'pkcs8' })
}

function rawToKey(publicKey: Uint8Array): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: toBase64Url(publicKey) }, format: 'jwk' })
}

function fromJwk(text: string | undefined): Uint8Array {
  return new Uint8Array(Buffer.from(text ?? '', 'base64url'))
}
