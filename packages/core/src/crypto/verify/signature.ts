/** Hashes and signatures under a label: one of a purpose is never one of another. */
import { KithError, labelled } from '../../bytes/index.ts'
import type { Hashing, Verifying } from '../../ports/index.ts'

export const signatureBytes = 64
export const hashBytes = 32

/** SHA-256 of labelled(label, ...parts). */
export function labelledHash(crypto: Hashing, label: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return crypto.sha256(labelled(label, ...parts))
}

/** Whether `signature` is one of `publicKey` over labelled(label, ...parts). False for every malformed input. */
export function verifyLabelled(
  crypto: Verifying,
  signature: Uint8Array,
  publicKey: Uint8Array,
  label: string,
  ...parts: readonly Uint8Array[]
): boolean {
  return crypto.ed25519Verify(signature, labelled(label, ...parts), publicKey)
}

/** Throws 'bad-signature' where `verifyLabelled` is false. */
export function checkLabelled(
  crypto: Verifying,
  signature: Uint8Array,
  publicKey: Uint8Array,
  label: string,
  ...parts: readonly Uint8Array[]
): void {
  if (verifyLabelled(crypto, signature, publicKey, label, ...parts)) return
  throw new KithError('bad-signature', `A signature ("${label}") does not match. Nothing was accepted.`)
}
