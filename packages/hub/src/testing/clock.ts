/** For tests: a clock that stands until it is told to go on. */
import type { Clock } from '@kith/core/ports'

export type TestClock = Clock & { readonly advance: (ms: number) => void }

export function createTestClock(startMs = 1_790_000_000_000): TestClock {
  let elapsed = 0
  const timers = new Set<{ at: number; run: () => void }>()
  return {
    now: () => startMs + elapsed,
    monotonic: () => elapsed,
    after(delayMs, run) {
      const timer = { at: elapsed + delayMs, run }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    soon(run) {
      const immediate = setImmediate(run)
      return () => clearImmediate(immediate)
    },
    advance(ms) {
      elapsed += ms
      for (const timer of Array.from(timers)) {
        if (timer.at > elapsed) continue
        timers.delete(timer)
        timer.run()
      }
    },
  }
}
