import { hash, hkdfSync } from 'node:crypto'
import { createSodiumCrypto, loadSodiumWrappers } from '@kith/core/crypto/seal'
import type { Crypto } from '@kith/core/ports'
import { createSeededBytes } from './dice.ts'

const sodium = await createSodiumCrypto(loadSodiumWrappers)

/** Suite 1 for real; only the randomness is seeded, so that keys, hashes and entries are the same in every run. */
export const createSeededCrypto = (seed: string): Crypto => ({ ...primitives, randomBytes: createSeededBytes(seed) })

const primitives: Omit<Crypto, 'randomBytes'> = {
  ...sodium,
  sha256: (bytes) => plainView(hash('sha256', bytes, 'buffer')),
  hmacSha256,
  hkdfSha256: (key, salt, info, length) => new Uint8Array(hkdfSync('sha256', key, salt, info, length)),
}

/**
 * Of two hashes (RFC 2104) rather than by `createHmac`, which makes a key object for each of the 200,000 that stretch the code of a device: there it is
 * three times as slow.
 */
function hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  const blockBytes = 64
  const inner = new Uint8Array(blockBytes + bytes.length)
  const outer = new Uint8Array(blockBytes + 32)
  inner.set(key.length > blockBytes ? hash('sha256', key, 'buffer') : key)
  for (let at = 0; at < blockBytes; at += 1) {
    outer[at] = (inner[at] as number) ^ 0x5c
    inner[at] = (inner[at] as number) ^ 0x36
  }
  inner.set(bytes, blockBytes)
  outer.set(hash('sha256', inner, 'buffer'), blockBytes)
  return plainView(hash('sha256', outer, 'buffer'))
}

/** Not a `Buffer`, whose `slice` does not copy. */
function plainView(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}
