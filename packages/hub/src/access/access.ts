/** What a hub asks of those who make logs, and what it takes for them. */
import { equalBytes } from '@kith/core/bytes'
import type { Clock } from '@kith/core/ports'
import {
  bytesToToken,
  createChallenge,
  type HubAccess,
  type HubTerms,
  hubToTokenChallenge,
  inviteCodeHash,
  isWorkDone,
  tokenRequestToBlinded,
  tokenToInput,
  type Work,
  type WorkChallenge,
} from '@kith/core/wire'
import type { HubLimitOptions } from '../limits/hub-limits.ts'
import { nodeVerifying } from '../node-crypto.ts'
import type { AccessStore, Drawn } from '../store/access-store.ts'
import { dayMs } from '../store/days.ts'
import { isPaidFor, type LogName } from '../store/entry-store.ts'
import type { HubIdentity } from '../store/hub-storage.ts'
import { type AccessOptions, crowdBits } from './options.ts'
import { createTokenKeys, type HubTokenKey } from './token-keys.ts'

export type Access = {
  readonly mode: HubAccess
  readonly terms: () => Promise<HubTerms>
  /** Whether a log has the room that tokens have bought, and no more. */
  readonly wantsToken: (log: LogName) => boolean
  /** How many bits a new log of that kind costs now; 0 for none. `room`: what is left of the makers' rates, 0 to 1. */
  readonly workBits: (log: LogName, room: number) => number
  readonly challenge: (log: Uint8Array, bits: number) => WorkChallenge
  readonly isWorkDone: (log: Uint8Array, work: Work) => boolean
  readonly join: (code: Uint8Array, member: Uint8Array) => Promise<boolean>
  /** The key to issue under, if the member may have so many more. */
  readonly draw: (
    member: Uint8Array,
    requests: readonly Uint8Array[],
  ) => Promise<HubTokenKey | Exclude<Drawn, 'granted'>>
  /** What a token is good for; undefined if it is not of this hub, or its key has ended. Costs a signature check. */
  readonly checkToken: (token: Uint8Array) => Promise<CheckedToken | undefined>
  /** Spends tokens for a log; which of them were fresh. */
  readonly redeem: (log: LogName, tokens: readonly CheckedToken[]) => Promise<boolean[]>
  /** Forgets keys and spent tokens whose time is over. */
  readonly tidy: () => Promise<void>
}

export type CheckedToken = { readonly period: number; readonly nonce: Uint8Array }

/** Time to find what is asked, on a slow device in a crowd. */
const workMsMax = 10 * 60_000
/** Below this much room left in the rates of new logs, there is a crowd. */
const crowdedBelow = 0.5

export function createAccess(
  store: AccessStore,
  identity: HubIdentity,
  options: AccessOptions,
  limits: Pick<HubLimitOptions, 'logBytesMax'>,
  clock: Clock,
): Access {
  const crypto = nodeVerifying
  const isOpen = options.access === 'open'
  const roomBytes = options.access === 'metered' ? options.roomBytes : limits.logBytesMax * 2
  const digest = crypto.sha256(hubToTokenChallenge(identity.publicKey))
  const wantsToken = ({ kind }: LogName): boolean => !isOpen && isPaidFor(kind)
  const keys = createTokenKeys(store, clock, options.periodDays * dayMs)

  return {
    mode: options.access,

    async terms() {
      const { access, tokensPerPeriod } = options
      const good = isOpen ? [] : await keys.good()
      const told = good.map(({ modulus, closesMs, endsMs }) => ({ modulus, closesMs, endsMs }))
      return { access, tokensPerPeriod: isOpen ? 0 : tokensPerPeriod, roomBytes: isOpen ? 0 : roomBytes, keys: told }
    },

    wantsToken,

    workBits(log, room) {
      const { work, workBits } = options
      // Where members pay by token, strangers do not pay by work for the same.
      if (wantsToken(log)) return 0
      const isCrowded = room < crowdedBelow
      if (work === 'never' || (work === 'crowded' && isOpen && !isCrowded)) return 0
      return workBits + (isCrowded ? Math.round((1 - room / crowdedBelow) * crowdBits) : 0)
    },

    challenge: (log, bits) => createChallenge(crypto, identity.ticketSecret, log, bits, clock.now() + workMsMax),
    // Whoever named fewer bits could hit upon a seed that it was never told.
    isWorkDone: (log, work) =>
      work.bits >= options.workBits && isWorkDone(crypto, identity.ticketSecret, log, work, clock.now()),

    join: (code, member) => store.join(inviteCodeHash(crypto, code), member, clock.now()),

    async draw(member, requests) {
      const [key] = isOpen ? [] : await keys.good()
      // A request for another key: whoever asks is told by the terms which one it is.
      if (key === undefined || !requests.every((request) => tokenRequestToBlinded(request, key.id))) return 'unknown'
      const digestOf = crypto.sha256(Buffer.concat(requests))
      const drawn = await store.draw(member, {
        period: key.n,
        digest: digestOf,
        count: requests.length,
        most: options.tokensPerPeriod,
      })
      return drawn === 'granted' ? key : drawn
    },

    async checkToken(bytes) {
      const token = bytesToToken(bytes)
      if (isOpen || token === undefined || !equalBytes(token.challengeDigest, digest)) return undefined
      const key = await keys.find(token.keyId)
      if (key === undefined || !key.isSigned(tokenToInput(token), token.authenticator)) return undefined
      return { period: key.n, nonce: token.nonce }
    },

    redeem: (log, tokens) => store.redeem(log, tokens, roomBytes),

    async tidy() {
      let isMore = true
      while (isMore) isMore = await store.dropKeys(clock.now())
    },
  }
}
