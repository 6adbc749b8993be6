/**
 * Shamir's secret sharing over GF(2^8). What is random in it comes from the operating system's generator. Shares know neither how many are
 * needed nor whether they belong together: whoever joins them checks what comes out.
 */
export type SecretSharing = {
  /** `count` shares, of which any `needed` give `secret` and fewer tell nothing of it; 2 ≤ needed ≤ count ≤ 255. A share is a byte longer than the secret. */
  readonly split: (secret: Uint8Array, count: number, needed: number) => Promise<Uint8Array[]>
  /** The secret, if the shares are of one set, different, and enough; else other bytes of the same length. */
  readonly join: (shares: readonly Uint8Array[]) => Promise<Uint8Array>
}
