import type { Clock } from '@kith/core/ports'

/** The computer's clock and Node's timers. Pending timers keep the process alive: closing cancels them. */
export const createNodeClock = (): Clock => ({
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
  soon: (run) => {
    const immediate = setImmediate(run)
    return () => clearImmediate(immediate)
  },
})
