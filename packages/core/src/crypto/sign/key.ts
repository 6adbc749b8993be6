/** Ed25519 keys from seeds, and signatures under a label (the counterpart of crypto/verify's `verifyLabelled`). */
import { assert, labelled } from '../../bytes/index.ts'
import type { Crypto, Signing } from '../../ports/index.ts'
import { keyBytes } from '../verify/index.ts'

/** An Ed25519 key pair. The seed is the secret: 32 bytes, from which the rest is derived (RFC 8032 §5.1.5). */
export type SigningKey = { readonly publicKey: Uint8Array; readonly seed: Uint8Array }

/** The key pair of a 32-byte seed, which is copied. */
export function seedToSigningKey(crypto: Signing, seed: Uint8Array): SigningKey {
  assert(seed.length === keyBytes, 'an Ed25519 seed has 32 bytes')
  return { publicKey: crypto.ed25519PublicKey(seed), seed: Uint8Array.from(seed) }
}

export function createSigningKey(crypto: Crypto): SigningKey {
  return seedToSigningKey(crypto, crypto.randomBytes(keyBytes))
}

/** 64-byte Ed25519 signature over labelled(label, ...parts). */
export function signLabelled(
  crypto: Signing,
  seed: Uint8Array,
  label: string,
  ...parts: readonly Uint8Array[]
): Uint8Array {
  return crypto.ed25519Sign(labelled(label, ...parts), seed)
}
