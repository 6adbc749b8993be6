/**
 * The client's side of blind RSA signatures: RSABSSA-SHA384-PSS-Deterministic (RFC 9474) with RSA-2048 and the exponent 65537.
 * `modulus` is 256 bytes. What is blinded by fresh randomness of the operating system is as random to whoever signs it as to anybody.
 */
export type BlindRsa = {
  /** `blinded` is for the signer; `inverse`, a secret, unblinds what comes back. 256 bytes each. @throws KithError `bad-key`: it is no RSA modulus. */
  readonly blind: (
    modulus: Uint8Array,
    message: Uint8Array,
  ) => Promise<{ readonly blinded: Uint8Array; readonly inverse: Uint8Array }>
  /** The signature of `message`, 256 bytes; undefined where the blind one was not by the key. */
  readonly finalize: (
    modulus: Uint8Array,
    message: Uint8Array,
    blindSignature: Uint8Array,
    inverse: Uint8Array,
  ) => Promise<Uint8Array | undefined>
}
