/** What a hub needs of cryptography, by node:crypto alone: it can check, and open nothing. */
import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  randomBytes,
  verify,
} from 'node:crypto'
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

/** A fresh X25519 pair, 32 bytes each. */
export function createHubKeyPair(): { publicKey: Uint8Array; secretKey: Uint8Array } {
  const pair = generateKeyPairSync('x25519')
  const { x, d } = pair.privateKey.export({ format: 'jwk' })
  return { publicKey: fromJwk(x), secretKey: fromJwk(d) }
}

function rawToKey(publicKey: Uint8Array): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: toBase64Url(publicKey) }, format: 'jwk' })
}

function fromJwk(text: string | undefined): Uint8Array {
  return new Uint8Array(Buffer.from(text ?? '', 'base64url'))
}
