import { equalBytes } from '@kith/core/bytes'
import type { LogName } from './entry-store.ts'

/** A period of issuing tokens: `n` is never given twice. The key's secret is PKCS #8. Milliseconds since 1970. */
export type TokenKeyRow = {
  readonly n: number
  readonly secret: Uint8Array
  /** Tokens are issued until then. */
  readonly closesMs: number
  /** Tokens are good until then. */
  readonly endsMs: number
}

/** A number is all that a member or an invite is called by: who it is, the operator knows. */
export type MemberRow = { readonly n: number; readonly isJoined: boolean; readonly untilMs: number }

/** A token as it is spent: the nonce within its key's period. */
export type Spend = { readonly period: number; readonly nonce: Uint8Array }

/** Whether a member may have so many more tokens: 'unknown' is no member. */
export type Drawn = 'granted' | 'used-up' | 'unknown'

/** Spent tokens that are forgotten in one transaction. */
export const spentPerPiece = 1000

/** What a member has had of the tokens of a period; `last`: the digest of the last request. */
export type MemberDraws = { readonly period: number; readonly issued: number; readonly last: Uint8Array | null }

/** A request for tokens: so many of a period, of which a member may have `most`. */
export type DrawRequest = {
  readonly period: number
  readonly digest: Uint8Array
  readonly count: number
  readonly most: number
}

/** What becomes of a member's request; `issued`: what is to be kept as had, undefined where nothing changes. */
export function judgeDraw(
  member: MemberDraws | undefined,
  { period, digest, count, most }: DrawRequest,
): { readonly drawn: Drawn; readonly issued?: number } {
  if (member === undefined) return { drawn: 'unknown' }
  const isSamePeriod = member.period === period
  if (isSamePeriod && member.last !== null && equalBytes(digest, member.last)) return { drawn: 'granted' }
  const issued = (isSamePeriod ? member.issued : 0) + count
  return issued > most ? { drawn: 'used-up' } : { drawn: 'granted', issued }
}

/**
 * Who may use a hub that is not open: invites, members, issuing keys and spent tokens. Shared by all processes of a hub. Everything
 * resolves when it is on disk. All failures are `StoreFailure`.
 */
export type AccessStore = {
  /** Newest first. */
  readonly keys: () => Promise<TokenKeyRow[]>
  /** Keeps a key, unless there is one that closes after `nowMs`: of several processes one makes it. */
  readonly addKey: (key: Omit<TokenKeyRow, 'n'>, nowMs: number) => Promise<void>
  /** Forgets invites and keys that have ended, and a piece of what was spent under them. Whether there is more. */
  readonly dropKeys: (nowMs: number) => Promise<boolean>
  /**
   * Spends tokens for a log, in one transaction with what they buy: so many bytes of room for each that was not spent before. Which of
   * them that were.
   */
  readonly redeem: (log: LogName, spends: readonly Spend[], roomBytes: number) => Promise<boolean[]>
  /** The number of a new invite. */
  readonly invite: (codeHash: Uint8Array, untilMs: number) => Promise<number>
  /** Makes a member of an invite's bearer; false where there is no such invite, it is over, or another has it. */
  readonly join: (codeHash: Uint8Array, member: Uint8Array, nowMs: number) => Promise<boolean>
  /** Counts tokens of a period; a request that was counted before, by its digest, is not counted again. */
  readonly draw: (member: Uint8Array, request: DrawRequest) => Promise<Drawn>
  readonly members: () => Promise<MemberRow[]>
  /** Takes an invite or a membership back; false if there is none of that number. Tokens that were given stay good: nobody can tell whose they are. */
  readonly remove: (n: number) => Promise<boolean>
}
