import type { Rate, RateLimits } from './hub-limits.ts'

export type RateName = keyof RateLimits

export type Buckets = {
  /** Takes `cost` and returns 0, or takes nothing and returns the milliseconds after which it would succeed. */
  readonly take: (name: RateName, cost: number) => number
  /** How full it is, 0 to 1. */
  readonly room: (name: RateName) => number
  /** Whether nothing is owed: such buckets may be forgotten. */
  readonly isFull: () => boolean
}

/** Token buckets that refill as time passes; no timer. `monotonic` is in milliseconds. */
export function createBuckets(limits: RateLimits, monotonic: () => number): Buckets {
  const levels = new Map<RateName, { level: number; at: number }>()

  function refill(name: RateName, rate: Rate): { level: number; at: number } {
    const now = monotonic()
    const bucket = levels.get(name) ?? { level: rate.burst, at: now }
    bucket.level = Math.min(rate.burst, bucket.level + ((now - bucket.at) * rate.perSecond) / 1000)
    bucket.at = now
    levels.set(name, bucket)
    return bucket
  }

  return {
    take(name, cost) {
      const rate = limits[name]
      const bucket = refill(name, rate)
      // What costs more than a whole bucket passes when that is full, or it never would.
      const needed = Math.min(cost, rate.burst)
      if (bucket.level < needed) return Math.ceil(((needed - bucket.level) * 1000) / rate.perSecond)
      bucket.level -= cost
      return 0
    },
    room: (name) => Math.max(0, refill(name, limits[name]).level / limits[name].burst),
    isFull() {
      for (const name of levels.keys()) if (refill(name, limits[name]).level < limits[name].burst) return false
      return true
    },
  }
}
