import type { KithError } from '../bytes/index.ts'

/** Callers who wait for a condition that only events can bring about. */
export type Waiters = {
  /** `about`: the number of the one space that it hangs on; none: anything may bring it about. */
  readonly until: (isDone: () => boolean, about?: number) => Promise<void>
  /** Something has happened, to this space where one is named: conditions are looked at again. With hundreds of spaces, not each by each. */
  readonly wake: (about?: number) => void
  readonly fail: (reason: KithError) => void
}

type Waiter = { readonly run: () => void; readonly reject: (reason: Error) => void }

export const createWaiters = (): Waiters => {
  const waiting = new Map<number | undefined, Set<Waiter>>()
  const of = (about: number | undefined): Set<Waiter> => {
    let waiters = waiting.get(about)
    if (!waiters) waiting.set(about, (waiters = new Set()))
    return waiters
  }
  return {
    until: (isDone, about) =>
      new Promise((resolve, reject) => {
        const waiter = {
          run: () => {
            if (!isDone()) return
            of(about).delete(waiter)
            resolve()
          },
          reject,
        }
        of(about).add(waiter)
        waiter.run()
      }),
    wake: (about) => {
      const woken = about === undefined ? waiting.values() : [of(about), of(undefined)]
      for (const waiters of woken) for (const waiter of waiters) waiter.run()
    },
    fail: (reason) => {
      const failed = [...waiting.values()].flatMap((waiters) => [...waiters])
      waiting.clear()
      for (const { reject } of failed) reject(reason)
    },
  }
}
