import { createHmac, hash } from 'node:crypto'
import type { Verifying } from '@kith/core/ports'
import { createSeededBytes } from '@kith/testing/simulation'

/**
 * Hashes are real, for everything rests on them. Signatures stand for Ed25519: whoever verifies one looks up the seed of the key, so that nobody
 * in this process can forge one, and making one costs a microsecond. The evaluator asks for nothing more: segments were verified before.
 */
export type CheapCrypto = Verifying & {
  readonly random: (length: number) => Uint8Array
  /** A fresh public key that passes for one of Ed25519 or X25519. */
  readonly createKey: () => Uint8Array
  readonly sign: (message: Uint8Array, publicKey: Uint8Array) => Uint8Array
}

export const createCheapCrypto = (seed: string): CheapCrypto => {
  const random = createSeededBytes(seed)
  const seeds = new Map<string, Uint8Array>()
  const toName = (key: Uint8Array): string => Buffer.from(key).toString('hex')
  const signature = (message: Uint8Array, publicKey: Uint8Array): Buffer | undefined => {
    const secret = seeds.get(toName(publicKey))
    if (secret === undefined) return undefined
    const half = createHmac('sha256', secret).update(message).digest()
    return Buffer.concat([half, half])
  }
  return {
    sha256: (bytes) => new Uint8Array(hash('sha256', bytes, 'buffer')),
    hmacSha256: (key, bytes) => new Uint8Array(createHmac('sha256', key).update(bytes).digest()),
    ed25519Verify: (given, message, publicKey) => signature(message, publicKey)?.equals(given) === true,
    random,
    createKey: () => {
      const key = random(32)
      // Below 2^254: canonical on both curves.
      key[31] = (key[31] as number) & 0x3f
      seeds.set(toName(key), random(32))
      return key
    },
    sign: (message, publicKey) => new Uint8Array(signature(message, publicKey) ?? new Uint8Array(64)),
  }
}
