/**
 * The primitives of suite 1, each from an audited library or the platform. Byte arguments are never changed.
 * A hub fills only `Hashing`, `Verifying` and `Channelling`; a peer fills all.
 */
export type Hashing = {
  /** SHA-256 (FIPS 180-4), 32 bytes. */
  readonly sha256: (bytes: Uint8Array) => Uint8Array
  /** HMAC-SHA-256 (RFC 2104), 32 bytes. */
  readonly hmacSha256: (key: Uint8Array, bytes: Uint8Array) => Uint8Array
}

export type Verifying = Hashing & {
  /** Ed25519 (RFC 8032). False for every malformed input; refuses non-canonical and low-order public keys. */
  readonly ed25519Verify: (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) => boolean
}

export type Signing = Verifying & {
  /** Public key (32 bytes) of a 32-byte Ed25519 seed. */
  readonly ed25519PublicKey: (seed: Uint8Array) => Uint8Array
  /** 64-byte signature by the key of `seed`. */
  readonly ed25519Sign: (message: Uint8Array, seed: Uint8Array) => Uint8Array
}

/** What both ends of a channel need (`crypto/channel`): for a connection of one's own, and for nothing that is kept. */
export type Channelling = Pick<Hashing, 'sha256'> & {
  /** HKDF-SHA-256 (RFC 5869), `length` bytes, at most 8160. */
  readonly hkdfSha256: (key: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number) => Uint8Array
  /** `length` bytes from the operating system's generator (seeded in the simulator). */
  readonly randomBytes: (length: number) => Uint8Array
  /** X25519 public key of a 32-byte secret key. */
  readonly x25519PublicKey: (secretKey: Uint8Array) => Uint8Array
  /** X25519 (RFC 7748). Throws `KithError('bad-key')` when the result is all zero (low-order point). */
  readonly x25519: (secretKey: Uint8Array, publicKey: Uint8Array) => Uint8Array
  /** ChaCha20-Poly1305 (RFC 8439); ciphertext ‖ 16-byte tag. Key 32 bytes, nonce 12 bytes, which never comes again under a key. */
  readonly channelSeal: (key: Uint8Array, nonce: Uint8Array, plain: Uint8Array, associated: Uint8Array) => Uint8Array
  /** Undefined when the tag does not match. */
  readonly channelOpen: (
    key: Uint8Array,
    nonce: Uint8Array,
    sealed: Uint8Array,
    associated: Uint8Array,
  ) => Uint8Array | undefined
}

export type Crypto = Signing &
  Channelling & {
    /** XChaCha20-Poly1305-IETF; ciphertext ‖ 16-byte tag. Key 32 bytes, nonce 24 bytes. */
    readonly aeadSeal: (key: Uint8Array, nonce: Uint8Array, plain: Uint8Array, associated: Uint8Array) => Uint8Array
    /** Undefined when the tag does not match. */
    readonly aeadOpen: (
      key: Uint8Array,
      nonce: Uint8Array,
      sealed: Uint8Array,
      associated: Uint8Array,
    ) => Uint8Array | undefined
  }
