import { type Refusal, refusal } from '@kith/core/wire'
import type { Buckets, RateName } from './bucket.ts'
import type { Prefix } from './prefixes.ts'

/** What a connection may still do. */
export type Allowance = {
  /** Of the connection's neighbourhood, as in `Prefix`. */
  readonly prefix: string
  /** As in `Prefix`. */
  readonly openLog: () => boolean
  readonly closeLogs: (count: number) => void
  /** Undefined if granted. */
  readonly take: (name: RateName, cost: number) => Refusal | undefined
  /** What is left of a rate of the neighbourhood: 0 to 1. */
  readonly room: (name: RateName) => number
}

/** Both the connection and its neighbourhood must have room. */
export function createAllowance(connection: Buckets, prefix: Omit<Prefix, 'leave'>): Allowance {
  return {
    prefix: prefix.name,
    openLog: prefix.openLog,
    closeLogs: prefix.closeLogs,
    room: prefix.buckets.room,
    take(name, cost) {
      const waitMs = Math.max(connection.take(name, cost), prefix.buckets.take(name, cost))
      return waitMs > 0 ? refusal('slow-down', waitMs) : undefined
    },
  }
}
