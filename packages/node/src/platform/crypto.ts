import { createHmac, hash, hkdfSync, randomFillSync } from 'node:crypto'
import { assert } from '@kith/core/bytes'
import { createSodiumCrypto } from '@kith/core/crypto/seal'
import type { Crypto } from '@kith/core/ports'

/** Suite 1 in Node: SHA-256, HMAC, HKDF and randomness of `node:crypto`, the curves and the AEAD of libsodium. */
export async function createNodeCrypto(): Promise<Crypto> {
  const sodium = await createSodiumCrypto()
  return {
    ...sodium,
    sha256: (bytes) => plainView(hash('sha256', bytes, 'buffer')),
    hmacSha256: (key, bytes) => plainView(createHmac('sha256', key).update(bytes).digest()),
    hkdfSha256(key, salt, info, length) {
      assert(length > 0 && length <= 8160, 'HKDF-SHA-256 gives 1 to 8160 bytes')
      return new Uint8Array(hkdfSync('sha256', key, salt, info, length))
    },
    randomBytes: (length) => randomFillSync(new Uint8Array(length)),
  }
}

/** The core never sees a `Buffer`: its `slice` does not copy, and it prints and compares differently. */
function plainView(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}
