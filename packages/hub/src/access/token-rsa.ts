/** RSA by the platform: keys, the blind signature (RFC 9474, 4.3) and its check. Nothing here sees what is signed. */
import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  verify,
} from 'node:crypto'
import { promisify } from 'node:util'
import { equalBytes } from '@kith/core/bytes'

/** A fresh key's secret, PKCS #8. Takes 0.1 to 1 s of another thread. */
export async function createTokenSecret(): Promise<Uint8Array> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048, publicExponent: 65_537 })
  return new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' }))
}

export type TokenRsa = {
  /** 256 bytes. */
  readonly modulus: Uint8Array
  /** Undefined for a message that is not below the modulus. */
  readonly blindSign: (blinded: Uint8Array) => Uint8Array | undefined
  readonly isSigned: (message: Uint8Array, signature: Uint8Array) => boolean
}

export function createTokenRsa(secret: Uint8Array): TokenRsa {
  const secretKey = createPrivateKey({ key: Buffer.from(secret), format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(secretKey)
  const pss = { key: publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 }
  return {
    modulus: modulusOf(publicKey),
    blindSign(blinded) {
      try {
        // Without padding, decrypting is the RSA operation alone, blinded against timing by OpenSSL.
        const signature = privateDecrypt({ key: secretKey, padding: constants.RSA_NO_PADDING }, blinded)
        // A fault in the arithmetic would give the key away.
        const back = publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, signature)
        return equalBytes(back, blinded) ? new Uint8Array(signature) : undefined
      } catch {
        return undefined
      }
    },
    isSigned(message, signature) {
      try {
        return verify('sha384', message, pss, signature)
      } catch {
        return false
      }
    },
  }
}

function modulusOf(key: KeyObject): Uint8Array {
  return new Uint8Array(Buffer.from(key.export({ format: 'jwk' }).n ?? '', 'base64url'))
}
