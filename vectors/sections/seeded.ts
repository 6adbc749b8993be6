import type { Crypto } from '../../packages/core/src/ports/index.ts'

/** The same primitives with "random" bytes that a seed decides: SHA-256(seed ‖ u32 counter), as much as is asked. */
export function createSeededCrypto(crypto: Crypto, seed: string): Crypto {
  let counter = 0
  const start = new TextEncoder().encode(seed)
  const randomBytes = (length: number): Uint8Array => {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; at += 32) {
      const block = new Uint8Array(start.length + 4)
      block.set(start)
      new DataView(block.buffer).setUint32(start.length, counter++)
      bytes.set(crypto.sha256(block).subarray(0, length - at), at)
    }
    return bytes
  }
  return { ...crypto, randomBytes }
}
