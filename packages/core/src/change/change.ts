import { KithError } from '../bytes/index.ts'
import { bodyBytesMax } from '../limits/index.ts'
import type { Hashing } from '../ports/index.ts'
import { encodeHeaderBefore, type Header } from './header.ts'

/** One atomic transaction of one device. Its hash proves header and body even where the body is not here. */
export type Change = {
  readonly header: Header
  /** SHA-256(header ‖ bodyHash). */
  readonly hash: Uint8Array
  readonly bodyHash: Uint8Array
  /** CBOR [salt, …]; undefined where it was forgotten or has not come yet. */
  readonly body: Uint8Array | undefined
}

/** Throws 'too-large' for a body past its limit. */
export function createChange(crypto: Hashing, header: Header, body: Uint8Array): Change {
  if (body.length > bodyBytesMax)
    throw new KithError('too-large', 'A change is too large. Write less in one transaction.')
  const bodyHash = crypto.sha256(body)
  return { header, hash: hashHeader(crypto, header, bodyHash), bodyHash, body }
}

export function hashHeader(crypto: Hashing, header: Header, bodyHash: Uint8Array): Uint8Array {
  return crypto.sha256(encodeHeaderBefore(bodyHash, header))
}
