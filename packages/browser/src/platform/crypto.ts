import { assert } from '@kith/core/bytes'
import { createSodiumCrypto, type Sodium } from '@kith/core/crypto/seal'
import type { Crypto } from '@kith/core/ports'
import { hkdf } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { loadSodium } from './sodium.ts'

/** `crypto.getRandomValues` gives no more at once (Web Cryptography §10.1.1). */
const randomCallBytesMax = 65_536

/** Suite 1 in browsers, all of it synchronous: @noble/hashes for what libsodium's standard build lacks. */
export async function createBrowserCrypto(load: () => Promise<Sodium> = loadSodium): Promise<Crypto> {
  const sodium = await createSodiumCrypto(load)
  return {
    ...sodium,
    sha256: (bytes) => sha256(bytes),
    hmacSha256: (key, bytes) => hmac(sha256, key, bytes),
    hkdfSha256(key, salt, info, length) {
      assert(length > 0 && length <= 8160, 'HKDF-SHA-256 gives 1 to 8160 bytes')
      return hkdf(sha256, key, salt, info, length)
    },
    randomBytes(length) {
      const bytes = new Uint8Array(length)
      for (let at = 0; at < length; at += randomCallBytesMax) {
        crypto.getRandomValues(bytes.subarray(at, at + randomCallBytesMax))
      }
      return bytes
    },
  }
}
