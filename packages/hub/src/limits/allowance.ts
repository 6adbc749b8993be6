import { type Refusal, refusal } from '@kith/core/wire'
import type { Buckets, RateName } from './bucket.ts'

/** What a connection may still do: the place behind which quota tokens will come. */
export type Allowance = {
  /** Undefined if granted. */
  readonly take: (name: RateName, cost: number) => Refusal | undefined
}

/** Both the connection and its neighbourhood must have room. */
export function createAllowance(connection: Buckets, prefix: Buckets): Allowance {
  return {
    take(name, cost) {
      const waitMs = Math.max(connection.take(name, cost), prefix.take(name, cost))
      return waitMs > 0 ? refusal('slow-down', waitMs) : undefined
    },
  }
}
