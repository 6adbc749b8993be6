import type { KithError } from '../bytes/index.ts'

/** Callers who wait for a condition that only events can bring about. */
export type Waiters = {
  readonly until: (isDone: () => boolean) => Promise<void>
  /** Something has happened: conditions are looked at again. */
  readonly wake: () => void
  readonly fail: (reason: KithError) => void
}

export const createWaiters = (): Waiters => {
  const waiting = new Set<{ readonly run: () => void; readonly reject: (reason: Error) => void }>()
  return {
    until: (isDone) =>
      new Promise((resolve, reject) => {
        const waiter = {
          run: () => {
            if (!isDone()) return
            waiting.delete(waiter)
            resolve()
          },
          reject,
        }
        waiting.add(waiter)
        waiter.run()
      }),
    wake: () => {
      for (const waiter of waiting) waiter.run()
    },
    fail: (reason) => {
      const failed = [...waiting]
      waiting.clear()
      for (const { reject } of failed) reject(reason)
    },
  }
}
