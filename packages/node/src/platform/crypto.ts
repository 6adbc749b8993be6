import { createHmac, createSecretKey, hash, hkdfSync, type KeyObject, randomFillSync } from 'node:crypto'
import { assert, equalBytes } from '@kith/core/bytes'
import { createSodiumCrypto, loadSodiumWrappers } from '@kith/core/crypto/seal'
import type { Crypto } from '@kith/core/ports'

/** Suite 1 in Node: SHA-256, HMAC, HKDF and randomness of `node:crypto`, the curves and the AEAD of libsodium. */
export async function createNodeCrypto(): Promise<Crypto> {
  const sodium = await createSodiumCrypto(loadSodiumWrappers)
  const toKey = createKeyCache()
  return {
    ...sodium,
    sha256: (bytes) => plainView(hash('sha256', bytes, 'buffer')),
    hmacSha256: (key, bytes) => plainView(createHmac('sha256', toKey(key)).update(bytes).digest()),
    hkdfSha256(key, salt, info, length) {
      assert(length > 0 && length <= 8160, 'HKDF-SHA-256 gives 1 to 8160 bytes')
      return new Uint8Array(hkdfSync('sha256', toKey(key), salt, info, length))
    },
    randomBytes: (length) => randomFillSync(new Uint8Array(length)),
  }
}

/**
 * Node makes a `KeyObject` of each key that it is given as bytes, which takes five times as long as the HMAC or HKDF of a small
 * message. That of an array which comes again (an epoch's base key) is kept as long as the array is; its owner may overwrite it meanwhile.
 */
function createKeyCache(): (key: Uint8Array) => KeyObject | Uint8Array {
  const known = new WeakMap<Uint8Array, { readonly bytes: Uint8Array; readonly key: KeyObject } | 'seen'>()
  return (bytes) => {
    const before = known.get(bytes)
    if (before === undefined) known.set(bytes, 'seen')
    if (before === undefined) return bytes
    if (before !== 'seen' && equalBytes(before.bytes, bytes)) return before.key
    const key = createSecretKey(bytes)
    known.set(bytes, { bytes: bytes.slice(), key })
    return key
  }
}

/** The core never sees a `Buffer`: its `slice` does not copy, and it prints and compares differently. */
function plainView(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}
