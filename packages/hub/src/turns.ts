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

export function createTurns(clock: Pick<Clock, 'monotonic' | 'soon'>): Turns {
  /** In order; those before `next` have run. */
  let waiting: (() => void)[] = []
  let next = 0
  /** When this turn's work began; undefined before. */
  let since: number | undefined

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
    begin()
    while (next < waiting.length && hasTime()) {
      next += 1
      waiting[next - 1]!()
    }
  }

  function hasTime(): boolean {
    return since === undefined || clock.monotonic() - since < budgetMs
  }

  return {
    run(work) {
      if (next === waiting.length && hasTime()) {
        if (since === undefined) begin()
        return settle(work)
      }
      return new Promise((resolve) => waiting.push(() => resolve(settle(work))))
    },
  }
}

/** What is thrown is rejected. */
async function settle<Result>(work: () => Result | Promise<Result>): Promise<Result> {
  return work()
}
