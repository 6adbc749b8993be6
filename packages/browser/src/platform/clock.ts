import type { Clock } from '@kith/core/ports'

/**
 * The computer's clock and the worker's timers. `soon` is a message to ourselves: browsers hold nested `setTimeout(0)` back for 4 ms
 * (HTML §8.6), which would be the cost of each group commit.
 */
export const createBrowserClock = (): Clock & { readonly close: () => void } => {
  const { port1, port2 } = new MessageChannel()
  const waiting = new Set<() => void>()
  const queue: (() => void)[] = []
  port1.addEventListener('message', () => {
    const run = queue.shift()
    if (run && waiting.delete(run)) run()
  })
  port1.start()
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    after: (delayMs, run) => {
      const timer = setTimeout(run, delayMs)
      return () => clearTimeout(timer)
    },
    soon: (run) => {
      // An entry of its own: the same function may be waiting twice.
      const once = (): void => run()
      waiting.add(once)
      queue.push(once)
      port2.postMessage(undefined)
      return () => waiting.delete(once)
    },
    close: () => {
      waiting.clear()
      port1.close()
      port2.close()
    },
  }
}
