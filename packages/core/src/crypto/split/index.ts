import type { SecretSharing } from '../../ports/index.ts'

/** Shamir's secret sharing by Privy's library, which takes randomness from the platform itself. Loaded by the first call: few ever split a phrase. */
export const createSecretSharing = (): SecretSharing => ({
  async split(secret, count, needed) {
    const { split } = await import('shamir-secret-sharing')
    // A copy: the library takes nothing but a plain Uint8Array, not Node's Buffer.
    return split(Uint8Array.from(secret), count, needed)
  },
  async join(shares) {
    const { combine } = await import('shamir-secret-sharing')
    return combine(shares.map((share) => Uint8Array.from(share)))
  },
})
