import { labelled } from '../../bytes/index.ts'
import type { Crypto } from '../../ports/index.ts'

const noSalt = new Uint8Array(0)

/**
 * A key for one purpose out of a secret that serves several: HKDF-SHA-256 (RFC 5869) with labelled(label, ...parts) as
 * its info. One-way: the derived key says nothing of the secret, nor of what other labels give.
 */
export function deriveKey(
  crypto: Crypto,
  secret: Uint8Array,
  length: number,
  label: string,
  ...parts: readonly Uint8Array[]
): Uint8Array {
  return crypto.hkdfSha256(secret, noSalt, labelled(label, ...parts), length)
}
