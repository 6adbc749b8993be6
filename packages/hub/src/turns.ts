/**
 * Work that may wait, so that those who are in do not wait for it: connections that come, proofs, pieces of what is pulled. It has a few
 * milliseconds of each turn of the event loop, first come first served; a put, a push or a signal on an open log is not held up by thousands
 * who come at once, nor by readers of everything.
 */
import type { Clock } from '@kith/core/ports'

export type Turns = {
  /** Runs `work` now if there is time left in this turn, else in a later one. Settles as `work` does. */
  readonly run: <Result>(work: () => Result | Promise<Result>) => Promise<Result>
}

/** Of each turn. A put waits for about three turns: two to be committed, one to be answered. */
const budgetMs = 4

/** `flyingMax`: how much of it may be under way at once, where it waits for something itself (a disk, a database). */
export function createTurns(clock: Pick<Clock, 'monotonic' | 'soon'>, flyingMax = Number.MAX_SAFE_INTEGER): Turns {
  /** In order; those before `next` have run. */
  let waiting: (() => void)[] = []
  let next = 0
  /** When this turn's work began; undefined before. */
  let since: number | undefined
  let flying = 0

  function begin(): void {
    since = clock.monotonic()
    clock.soon(end)
  }

  function end(): void {
    since = undefined
    if (next === waiting.length) {
      waiting = []
      next = 0
      return
    }
    // What lands goes on with it.
    if (flying >= flyingMax) return
    begin()
    while (next < waiting.length && mayRun()) {
      next += 1
      waiting[next - 1]!()
    }
  }

  function mayRun(): boolean {
    return flying < flyingMax && (since === undefined || clock.monotonic() - since < budgetMs)
  }

  /** What is thrown is rejected. */
  async function settle<Result>(work: () => Result | Promise<Result>): Promise<Result> {
    const result = work()
    if (!(result instanceof Promise)) return result
    flying += 1
    try {
      return await result
    } finally {
      flying -= 1
      if (since === undefined && next < waiting.length) begin()
    }
  }

  return {
    run(work) {
      if (next === waiting.length && mayRun()) {
        if (since === undefined) begin()
        return settle(work)
      }
      return new Promise((resolve) => waiting.push(() => resolve(settle(work))))
    },
  }
}
