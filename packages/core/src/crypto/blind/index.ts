import { KithError, toBase64Url } from '../../bytes/index.ts'
import type { BlindRsa } from '../../ports/index.ts'

/** Of WebCrypto's `crypto.subtle`, which the library uses too: randomness, hashes and the check of a signature are the platform's own. */
export type KeyImport = {
  readonly importKey: (
    format: 'jwk',
    key: { readonly kty: 'RSA'; readonly ext: true; readonly e: string; readonly n: string },
    algorithm: { readonly name: 'RSA-PSS'; readonly hash: 'SHA-384' },
    isExtractable: true,
    usages: 'verify'[],
  ) => Promise<unknown>
}

/** What is used of the library, whose own types need WebCrypto's. */
type Suite = {
  readonly blind: (key: unknown, message: Uint8Array) => Promise<{ blindedMsg: Uint8Array; inv: Uint8Array }>
  readonly finalize: (
    key: unknown,
    message: Uint8Array,
    blindSignature: Uint8Array,
    inverse: Uint8Array,
  ) => Promise<Uint8Array>
}

/**
 * Blind RSA by Cloudflare's library, over the platform's WebCrypto. Loaded by the first call: who is a member of no hub does not pay for it.
 * 40 ms to blind, 7 ms to finish.
 */
export const createBlindRsa = (subtle: KeyImport): BlindRsa => {
  const load = async (modulus: Uint8Array): Promise<{ suite: Suite; key: unknown }> => {
    const { RSABSSA } = await import('@cloudflare/blindrsa-ts')
    const jwk = { kty: 'RSA', ext: true, e: 'AQAB', n: toBase64Url(modulus) } as const
    const key = await subtle.importKey('jwk', jwk, { name: 'RSA-PSS', hash: 'SHA-384' }, true, ['verify'])
    return { suite: RSABSSA.SHA384.PSS.Deterministic() as unknown as Suite, key }
  }
  return {
    async blind(modulus, message) {
      const { suite, key } = await load(modulus)
      try {
        const { blindedMsg, inv } = await suite.blind(key, message)
        return { blinded: blindedMsg, inverse: inv }
      } catch (cause) {
        // Nothing but a key can be wrong: one with small factors, say.
        throw new KithError(
          'bad-key',
          'What shall be signed cannot be blinded under this key. Do not use it.',
          {},
          cause,
        )
      }
    },
    async finalize(modulus, message, blindSignature, inverse) {
      const { suite, key } = await load(modulus)
      try {
        return await suite.finalize(key, message, blindSignature, inverse)
      } catch {
        return undefined
      }
    },
  }
}
