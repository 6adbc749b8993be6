import { type Refusal, refusal } from '@kith/core/wire'
import type { Buckets, RateName } from './bucket.ts'
import type { Prefix } from './prefixes.ts'

/** What a connection may still do: the place behind which quota tokens will come. */
export type Allowance = {
  /** Of the connection's neighbourhood, as in `Prefix`. */
  readonly prefix: string
  /** As in `Prefix`. */
  readonly openLog: () => boolean
  readonly closeLogs: (count: number) => void
  /** Undefined if granted. */
  readonly take: (name: RateName, cost: number) => Refusal | undefined
}

/** Both the connection and its neighbourhood must have room. */
export function createAllowance(connection: Buckets, prefix: Omit<Prefix, 'leave'>): Allowance {
  return {
    prefix: prefix.name,
    openLog: prefix.openLog,
    closeLogs: prefix.closeLogs,
    take(name, cost) {
      const waitMs = Math.max(connection.take(name, cost), prefix.buckets.take(name, cost))
      return waitMs > 0 ? refusal('slow-down', waitMs) : undefined
    },
  }
}
