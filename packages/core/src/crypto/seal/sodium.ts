/**
 * What both platforms take from libsodium (audited; the same WebAssembly in Node and browsers). Ed25519 too, though Node has
 * its own, no faster by more than noise (sign 30 and 24 µs, verify 68 and 60 µs): verdicts must agree everywhere, and on signatures that only a
 * dishonest owner of a key can make RFC 8032 leaves the choice open. @noble/curves accepts some that libsodium refuses; OpenSSL changed its
 * mind between versions. The library is loaded by the first call, so that who only imports this folder does not pay for it.
 */
import { assert, equalBytes, KithError } from '../../bytes/index.ts'
import type { Crypto } from '../../ports/index.ts'
import { isEd25519PublicKey, keyBytes, signatureBytes } from '../verify/index.ts'

export type SodiumCrypto = Pick<
  Crypto,
  | 'ed25519Verify'
  | 'ed25519PublicKey'
  | 'ed25519Sign'
  | 'x25519'
  | 'x25519PublicKey'
  | 'aeadSeal'
  | 'aeadOpen'
  | 'channelSeal'
  | 'channelOpen'
>

const nonceBytes = 24
/** Of ChaCha20-Poly1305 as RFC 8439 has it. */
const channelNonceBytes = 12

/** The functions of libsodium, as its own wrappers have them: they throw where the library refuses. */
export type Sodium = {
  readonly crypto_sign_seed_keypair: (seed: Uint8Array) => KeyPair
  readonly crypto_sign_detached: (message: Uint8Array, privateKey: Uint8Array) => Uint8Array
  readonly crypto_sign_verify_detached: (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) => boolean
  readonly crypto_scalarmult_base: (secretKey: Uint8Array) => Uint8Array
  readonly crypto_scalarmult: (secretKey: Uint8Array, publicKey: Uint8Array) => Uint8Array
  readonly crypto_aead_xchacha20poly1305_ietf_encrypt: Encrypt
  readonly crypto_aead_xchacha20poly1305_ietf_decrypt: Decrypt
  readonly crypto_aead_chacha20poly1305_ietf_encrypt: Encrypt
  readonly crypto_aead_chacha20poly1305_ietf_decrypt: Decrypt
}

type Encrypt = (
  plain: Uint8Array,
  associated: Uint8Array,
  secretNonce: null,
  nonce: Uint8Array,
  key: Uint8Array,
) => Uint8Array

type Decrypt = (
  secretNonce: null,
  sealed: Uint8Array,
  associated: Uint8Array,
  nonce: Uint8Array,
  key: Uint8Array,
) => Uint8Array

/** The library as its makers package it. A function of its own: a platform that has it in another form leaves it out of what it builds. */
export const loadSodiumWrappers = async (): Promise<Sodium> => {
  const { default: sodium } = await import('libsodium-wrappers')
  await sodium.ready
  return sodium
}

/** `load`: the library in the form that the platform has. */
export async function createSodiumCrypto(load: () => Promise<Sodium>): Promise<SodiumCrypto> {
  const sodium = await load()
  const seedToKeyPair = createKeyPairMemory((seed) => sodium.crypto_sign_seed_keypair(seed))

  return {
    ed25519Verify(signature, message, publicKey) {
      if (signature.length !== signatureBytes || !isEd25519PublicKey(publicKey)) return false
      return sodium.crypto_sign_verify_detached(signature, message, publicKey)
    },
    ed25519PublicKey: (seed) => Uint8Array.from(seedToKeyPair(seed).publicKey),
    ed25519Sign: (message, seed) => sodium.crypto_sign_detached(message, seedToKeyPair(seed).privateKey),
    x25519PublicKey(secretKey) {
      assert(secretKey.length === keyBytes, 'an X25519 secret key has 32 bytes')
      return sodium.crypto_scalarmult_base(secretKey)
    },
    x25519(secretKey, publicKey) {
      assert(secretKey.length === keyBytes, 'an X25519 secret key has 32 bytes')
      if (publicKey.length !== keyBytes) throw badX25519Key()
      try {
        return sodium.crypto_scalarmult(secretKey, publicKey)
      } catch (cause) {
        // libsodium refuses exactly the all-zero result.
        throw badX25519Key(cause)
      }
    },
    aeadSeal: sealBy(sodium.crypto_aead_xchacha20poly1305_ietf_encrypt, nonceBytes),
    aeadOpen: openBy(sodium.crypto_aead_xchacha20poly1305_ietf_decrypt, nonceBytes),
    channelSeal: sealBy(sodium.crypto_aead_chacha20poly1305_ietf_encrypt, channelNonceBytes),
    channelOpen: openBy(sodium.crypto_aead_chacha20poly1305_ietf_decrypt, channelNonceBytes),
  }
}

function sealBy(encrypt: Encrypt, nonceLength: number): Crypto['aeadSeal'] {
  return (key, nonce, plain, associated) => {
    assertLengths(key, nonce, nonceLength)
    return encrypt(plain, associated, null, nonce, key)
  }
}

function openBy(decrypt: Decrypt, nonceLength: number): Crypto['aeadOpen'] {
  return (key, nonce, sealed, associated) => {
    assertLengths(key, nonce, nonceLength)
    try {
      return decrypt(null, sealed, associated, nonce, key)
    } catch {
      return undefined
    }
  }
}

function assertLengths(key: Uint8Array, nonce: Uint8Array, nonceLength: number): void {
  assert(
    key.length === keyBytes && nonce.length === nonceLength,
    'the key has 32 bytes, and the nonce as many as its cipher takes',
  )
}

function badX25519Key(cause?: unknown): KithError {
  return new KithError('bad-key', 'An X25519 public key is malformed or of low order. Do not use it.', {}, cause)
}

type KeyPair = { readonly publicKey: Uint8Array; readonly privateKey: Uint8Array }

/** A device signs with one or two keys; expanding a seed costs as much as signing. */
const rememberedKeyPairsMax = 8

function createKeyPairMemory(derive: (seed: Uint8Array) => KeyPair): (seed: Uint8Array) => KeyPair {
  const remembered: { seed: Uint8Array; pair: KeyPair }[] = []
  return (seed) => {
    assert(seed.length === keyBytes, 'an Ed25519 seed has 32 bytes')
    const known = remembered.find((entry) => equalBytes(entry.seed, seed))
    if (known !== undefined) return known.pair
    const pair = derive(seed)
    remembered.unshift({ seed: Uint8Array.from(seed), pair })
    remembered.length = Math.min(remembered.length, rememberedKeyPairsMax)
    return pair
  }
}
