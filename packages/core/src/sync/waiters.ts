import type { KithError } from '../bytes/index.ts'

/** Callers who wait for a condition that only events can bring about. */
export type Waiters = {
  /** `about`: the number of the one space that it hangs on; none: anything may bring it about. */
  readonly until: (isDone: () => boolean, about?: number) => Promise<void>
  /** Something has happened, to this space where one is named: conditions are looked at again. With hundreds of spaces, not each by each. */
  readonly wake: (about?: number) => void
  readonly fail: (reason: KithError) => void
}

type Waiter = {
  readonly about: number | undefined
  readonly run: () => void
  readonly reject: (reason: Error) => void
}

export const createWaiters = (): Waiters => {
  const waiting = new Set<Waiter>()
  return {
    until: (isDone, about) =>
      new Promise((resolve, reject) => {
        const waiter: Waiter = {
          about,
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
    wake: (about) => {
      for (const waiter of waiting)
        if (about === undefined || waiter.about === undefined || waiter.about === about) waiter.run()
    },
    fail: (reason) => {
      const failed = [...waiting]
      waiting.clear()
      for (const { reject } of failed) reject(reason)
    },
  }
}
