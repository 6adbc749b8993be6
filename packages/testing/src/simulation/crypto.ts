import { createHmac, hash, hkdfSync } from 'node:crypto'
import { createSodiumCrypto } from '@kith/core/crypto/seal'
import type { Crypto } from '@kith/core/ports'
import { createSeededBytes } from './dice.ts'

const sodium = await createSodiumCrypto()

/** Suite 1 for real; only the randomness is seeded, so that keys, hashes and entries are the same in every run. */
export const createSeededCrypto = (seed: string): Crypto => ({ ...primitives, randomBytes: createSeededBytes(seed) })

const primitives: Omit<Crypto, 'randomBytes'> = {
  ...sodium,
  sha256: (bytes) => plainView(hash('sha256', bytes, 'buffer')),
  hmacSha256: (key, bytes) => plainView(createHmac('sha256', key).update(bytes).digest()),
  hkdfSha256: (key, salt, info, length) => new Uint8Array(hkdfSync('sha256', key, salt, info, length)),
}

/** Not a `Buffer`, whose `slice` does not copy. */
function plainView(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}
