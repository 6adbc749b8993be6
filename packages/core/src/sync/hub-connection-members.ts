/** What a member of a hub asks of it, on a connection on which nothing else is shown. */
import type { Signing } from '../ports/index.ts'
import {
  type ClientMessage,
  type Hello,
  type IssuedToken,
  isRefusal,
  issueBytes,
  joinBytes,
  type Refusal,
  refusalToError,
} from '../wire/index.ts'
import type { Requests } from './hub-connection-requests.ts'

export type MemberRequests = {
  /** Makes the key of this seed a member's, by an invite's code. */
  readonly join: (code: Uint8Array, seed: Uint8Array) => Promise<void>
  /** Blind signatures of token requests. */
  readonly issue: (seed: Uint8Array, requests: readonly Uint8Array[]) => Promise<readonly (IssuedToken | Refusal)[]>
}

type Tools = {
  readonly crypto: Signing
  readonly requests: Requests
  readonly send: (message: ClientMessage) => void
  readonly greeted: Promise<Hello>
}

export function createMemberRequests({ crypto, requests, send, greeted }: Tools): MemberRequests {
  return {
    async join(code, seed) {
      const hello = await greeted
      const member = crypto.ed25519PublicKey(seed)
      const signature = crypto.ed25519Sign(joinBytes(hello, code), seed)
      const { results } = await requests.ask('done', 1, (request) =>
        send({ type: 'join', request, code, member, signature }),
      )
      if (isRefusal(results[0]!)) throw refusalToError(results[0])
    },
    async issue(seed, tokenRequests) {
      const hello = await greeted
      const member = crypto.ed25519PublicKey(seed)
      const signature = crypto.ed25519Sign(issueBytes(crypto, hello, tokenRequests), seed)
      const { results } = await requests.ask('issued', tokenRequests.length, (request) =>
        send({ type: 'issue', request, member, signature, requests: tokenRequests }),
      )
      return results
    },
  }
}
