import { KithError } from '../bytes/index.ts'
import type { Crypto } from '../ports/index.ts'

/** Waits that double after each failure, shortened at random so that clients of a hub that restarts do not come at once. */
export type BackOff = {
  /** Milliseconds before the next try: at least what the other side asked for. */
  readonly next: (cause?: unknown) => number
  /** It went well: the next failure waits shortly again. */
  readonly reset: () => void
}

/** A hub may ask for patience, not for silence: one that says "in a year" is asked again like any other. */
const askedMsMax = 60_000

export const createBackOff = (crypto: Pick<Crypto, 'randomBytes'>, firstMs: number, longestMs: number): BackOff => {
  let waitMs = firstMs
  return {
    next: (cause) => {
      const ms = (waitMs / 2) * (1 + (crypto.randomBytes(1)[0] as number) / 255)
      waitMs = Math.min(waitMs * 2, longestMs)
      return Math.max(ms, askedMs(cause))
    },
    reset: () => {
      waitMs = firstMs
    },
  }
}

const askedMs = (cause: unknown): number => {
  const asked = cause instanceof KithError ? cause.details['waitMs'] : 0
  return typeof asked === 'number' ? Math.min(asked, askedMsMax) : 0
}
