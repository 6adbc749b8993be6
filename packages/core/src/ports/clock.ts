/** Time and timers. Virtual in the simulator. */
export type Clock = {
  /** Wall clock, milliseconds since 1970-01-01 UTC; may jump in both directions. */
  readonly now: () => number
  /** Milliseconds that never go back; only differences mean anything. */
  readonly monotonic: () => number
  /** Calls `run` once after at least `delayMs` milliseconds; returns what cancels it. */
  readonly after: (delayMs: number, run: () => void) => Cancel
  /** Calls `run` once, as soon as the work already queued has had its turn. */
  readonly soon: (run: () => void) => Cancel
}

export type Cancel = () => void
