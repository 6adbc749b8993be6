/** What a client needs for a channel, by Node's own cryptography: the suite takes nothing of the hub that it tests. */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  randomBytes,
} from 'node:crypto'
import { toBase64Url } from '@kith/core/bytes'
import type { Channelling } from '@kith/core/ports'
import { signing } from './logs.ts'

const cipher = 'chacha20-poly1305'
const tagBytes = 16

/** The head of an X25519 secret key in PKCS #8: 32 bytes follow (RFC 8410). */
const secretHead = Buffer.from('302e020100300506032b656e04220420', 'hex')

const toSecretKey = (bytes: Uint8Array) =>
  createPrivateKey({ key: Buffer.concat([secretHead, bytes]), format: 'der', type: 'pkcs8' })
const toPublicKey = (bytes: Uint8Array) =>
  createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: toBase64Url(bytes) }, format: 'jwk' })

export const channelling: Channelling = {
  sha256: signing.sha256,
  randomBytes: (length) => new Uint8Array(randomBytes(length)),
  hkdfSha256: (key, salt, info, length) => new Uint8Array(hkdfSync('sha256', key, salt, info, length)),
  x25519PublicKey(secretKey) {
    const { x } = createPublicKey(toSecretKey(secretKey)).export({ format: 'jwk' })
    return new Uint8Array(Buffer.from(x!, 'base64url'))
  },
  x25519: (secretKey, publicKey) =>
    new Uint8Array(diffieHellman({ privateKey: toSecretKey(secretKey), publicKey: toPublicKey(publicKey) })),
  channelSeal(key, nonce, plain, associated) {
    const sealing = createCipheriv(cipher, key, nonce, { authTagLength: tagBytes })
    sealing.setAAD(associated, { plaintextLength: plain.length })
    return new Uint8Array(Buffer.concat([sealing.update(plain), sealing.final(), sealing.getAuthTag()]))
  },
  channelOpen(key, nonce, sealed, associated) {
    if (sealed.length < tagBytes) return undefined
    const opening = createDecipheriv(cipher, key, nonce, { authTagLength: tagBytes })
    opening.setAAD(associated, { plaintextLength: sealed.length - tagBytes })
    opening.setAuthTag(sealed.subarray(-tagBytes))
    try {
      return new Uint8Array(Buffer.concat([opening.update(sealed.subarray(0, -tagBytes)), opening.final()]))
    } catch {
      return undefined
    }
  },
}
