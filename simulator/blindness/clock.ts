import type { Cancel, Clock } from '@kith/core/ports'

/** The machine's clock, which can be put forward: timers that are due by then run at once. */
export type ShiftedClock = Clock & { readonly advance: (ms: number) => void; readonly shiftMs: () => number }

const timerMsMax = 2 ** 31 - 1

export const createShiftedClock = (startMs: number): ShiftedClock => {
  const beginMs = performance.now()
  const timers = new Set<{ readonly at: number; readonly run: () => void }>()
  let shiftMs = 0
  const monotonic = (): number => performance.now() - beginMs + shiftMs
  return {
    now: () => Math.floor(startMs + monotonic()),
    monotonic,
    after: (delayMs, run): Cancel => {
      const end = (): void => {
        clearTimeout(real)
        timers.delete(timer)
      }
      const timer = {
        at: monotonic() + delayMs,
        run: () => {
          end()
          run()
        },
      }
      const real = setTimeout(timer.run, Math.min(delayMs, timerMsMax))
      timers.add(timer)
      return end
    },
    soon: (run): Cancel => {
      const immediate = setImmediate(run)
      return () => clearImmediate(immediate)
    },
    advance: (ms) => {
      shiftMs += ms
      for (const timer of Array.from(timers)) if (timer.at <= monotonic() && timers.has(timer)) timer.run()
    },
    shiftMs: () => shiftMs,
  }
}
