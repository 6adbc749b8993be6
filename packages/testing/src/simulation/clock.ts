import type { Clock } from '@kith/core/ports'
import type { Timeline } from './timeline.ts'

/** A clock on virtual time, for one run of a program: what that run had planned does not happen once it is gone. `now`: milliseconds on the wall. */
export const createTimelineClock = (timeline: Timeline, now: () => number, isAlive: () => boolean): Clock => {
  const after = (delayMs: number, run: () => void) =>
    timeline.after(delayMs, () => {
      if (isAlive()) run()
    })
  return { now: () => Math.floor(now()), monotonic: timeline.now, after, soon: (run) => after(0, run) }
}
