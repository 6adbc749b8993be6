import { KithError } from '@kith/core/bytes'
import { tokensPerPeriodMax, workBitsMax } from '@kith/core/limits'
import type { HubAccess } from '@kith/core/wire'

/** Who may make logs at a hub, and how much of its disk they may use. */
export type AccessOptions = {
  /** 'open': everybody. 'invited': members. 'metered': members, for so much room a period. Reading and writing what is there wants no membership. */
  readonly access: HubAccess
  /** Tokens that a member gets for each period. */
  readonly tokensPerPeriod: number
  /** Tokens are good in the period in which they were issued, and in the next. */
  readonly periodDays: number
  /** What a token buys of one log in a metered hub. */
  readonly roomBytes: number
  /** When strangers have to prove work before they make a log. 'crowded': when their neighbourhood, or all together, made many of late. */
  readonly work: 'never' | 'crowded' | 'always'
  /** Zero bits to be found: each doubles the work. A crowd finds up to 4 more. */
  readonly workBits: number
  /** Days that an invite waits to be used. */
  readonly inviteDays: number
}

export const defaultAccess: AccessOptions = {
  access: 'open',
  // 1.6 GB a month for a member of a metered hub; in one for invited members, a hundred new logs.
  tokensPerPeriod: 100,
  periodDays: 30,
  roomBytes: 16 * 1024 * 1024,
  work: 'crowded',
  // 260,000 hashes: half a second of an ordinary device.
  workBits: 18,
  inviteDays: 14,
}

/** Bits that are asked for on top where a crowd is at its limit: 16 times the work. */
export const crowdBits = 4

/** @throws KithError `bad-value`. */
export function checkAccess(options: AccessOptions): void {
  const { tokensPerPeriod, periodDays, roomBytes, workBits, inviteDays } = options
  const isWhole = [tokensPerPeriod, periodDays, roomBytes, workBits, inviteDays].every(
    (value) => Number.isSafeInteger(value) && value > 0,
  )
  if (!isWhole) throw new KithError('bad-value', 'Tokens, days, room and work of a hub are whole numbers above 0.')
  if (tokensPerPeriod > tokensPerPeriodMax)
    throw new KithError('bad-value', `A member gets at most ${tokensPerPeriodMax} tokens for a period.`)
  if (workBits + crowdBits > workBitsMax)
    throw new KithError('bad-value', `Work has at most ${workBitsMax - crowdBits} bits; clients would not do more.`)
}
