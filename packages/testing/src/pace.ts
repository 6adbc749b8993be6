import type { Timeline } from './simulation/index.ts'

/** Lets virtual time run by itself, so that whoever awaits something in the world gets it. */
export type Pace = {
  /** The world's timeline: what is planned by it is also run. */
  readonly timeline: Timeline
  /** Lets `ms` milliseconds pass at once. */
  readonly pass: (ms: number) => Promise<void>
  readonly stop: () => Promise<void>
}

/**
 * How many times faster than a clock's virtual time runs while the test does something else. Waits of a second are over at once, and those of
 * hours, which nobody in a test waits for, do not keep the processor busy.
 */
const haste = 100

export const createPace = (timeline: Timeline): Pace => {
  /** What runs now, one after the other; `undefined` while the world waits. */
  let running: Promise<void> | undefined
  let cancelWait = (): void => {}
  let isOver = false

  const run = async (ms: () => number): Promise<void> => {
    cancelWait()
    const before = running
    const mine = (async () => {
      await before
      if (!isOver) await timeline.pass(ms())
    })()
    running = mine
    await mine
    if (running !== mine) return
    running = undefined
    wait()
  }
  const untilNext = (): number => (timeline.next() ?? timeline.now()) - timeline.now()
  const wait = (): void => {
    if (running || isOver || timeline.next() === undefined) return
    cancelWait()
    const realMs = untilNext() / haste
    const begin = (): void => void run(untilNext)
    if (realMs < 1) {
      const immediate = setImmediate(begin)
      cancelWait = () => clearImmediate(immediate)
    } else {
      const timer = setTimeout(begin, realMs)
      cancelWait = () => clearTimeout(timer)
    }
  }

  return {
    timeline: {
      ...timeline,
      after: (delayMs, what) => {
        const cancel = timeline.after(delayMs, what)
        wait()
        return cancel
      },
    },
    pass: (ms) => run(() => ms),
    stop: async () => {
      isOver = true
      cancelWait()
      await running
    },
  }
}
