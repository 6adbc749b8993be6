/** What a hub needs of cryptography, by node:crypto alone: it can check, and open nothing. */
import { createHmac, createPrivateKey, createPublicKey, hash, type KeyObject, randomBytes, verify } from 'node:crypto'
import { toBase64Url } from '@kith/core/bytes'
import type { Verifying } from '@kith/core/ports'
import { isEd25519PublicKey } from '@kith/core/crypto/verify'

export const nodeVerifying: Verifying = {
  sha256: (bytes) => plain(hash('sha256', bytes, 'buffer')),
  hmacSha256: (key, bytes) => plain(createHmac('sha256', key).update(bytes).digest()),
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

/** Not a `Buffer`, whose `slice` does not copy. */
function plain(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

export function random(length: number): Uint8Array {
  return new Uint8Array(randomBytes(length))
}

/** The head of an X25519 secret key in PKCS #8: the 32 bytes follow (RFC 8410). */
const pkcs8Head = Buffer.from('302e020100300506032b656e04220420', 'hex')

/** A fresh X25519 pair, 32 bytes each. */
export function createHubKeyPair(randomBytes: (length: number) => Uint8Array): {
  publicKey: Uint8Array
  secretKey: Uint8Array
} {
  const secretKey = randomBytes(32)
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Head, secretKey]), format: 'der', type: 'pkcs8' })
  return { publicKey: fromJwk(createPublicKey(key).export({ format: 'jwk' }).x), secretKey }
}

function rawToKey(publicKey: Uint8Array): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: toBase64Url(publicKey) }, format: 'jwk' })
}

function fromJwk(text: string | undefined): Uint8Array {
  return new Uint8Array(Buffer.from(text ?? '', 'base64url'))
}
