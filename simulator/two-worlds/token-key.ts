import { generateKeyPairSync } from 'node:crypto'
import type { HubService } from '@kith/hub'

const dayMs = 24 * 60 * 60 * 1000
let secret: Uint8Array | undefined

/** One key for all tellings, made at once: a hub makes its own in another thread, and would be done at a time that no seed decides. */
export const addTokenKey = ({ context }: HubService, nowMs: number): Promise<void> => {
  if (!secret) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 65_537 })
    secret = new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' }))
  }
  return context.store.access.addKey({ secret, closesMs: nowMs + 30 * dayMs, endsMs: nowMs + 60 * dayMs }, nowMs)
}
