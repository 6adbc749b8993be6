import type { Cancel } from '@kith/core/ports'

/** Virtual time: events in the order of their time, and of their making where that is the same. Nothing waits for a real clock. */
export type Timeline = {
  /** Virtual milliseconds since the start. */
  readonly now: () => number
  readonly after: (delayMs: number, run: () => void) => Cancel
  /** Runs all events of the next `ms` milliseconds, each with the promises that it settles. */
  readonly pass: (ms: number) => Promise<void>
  /** Runs events until a promise is settled or `limitMs` have passed; undefined then. */
  readonly until: <T>(promise: Promise<T>, limitMs: number) => Promise<Settled<Awaited<T>> | undefined>
  /** Work of another thread: until it has ended no event runs, so that it takes no virtual time. It must not wait for an event. */
  readonly outside: <T>(work: Promise<T>) => Promise<T>
  /** When the next event is due; undefined where nothing is planned. */
  readonly next: () => number | undefined
  readonly events: () => number
}

export type Settled<T> = { readonly value: T } | { readonly error: unknown }

type Event = { readonly at: number; readonly n: number; run: (() => void) | undefined }

/** `failed` is told what an event throws: a defect of what is simulated. */
export const createTimeline = (failed: (cause: unknown) => void): Timeline => {
  const heap: Event[] = []
  let now = 0
  let made = 0
  let done = 0
  const working = new Set<Promise<unknown>>()

  const isBefore = (left: Event, right: Event): boolean =>
    left.at < right.at || (left.at === right.at && left.n < right.n)
  const push = (event: Event): void => {
    let at = heap.push(event) - 1
    while (at > 0) {
      const up = (at - 1) >> 1
      if (!isBefore(event, heap[up] as Event)) break
      heap[at] = heap[up] as Event
      at = up
    }
    heap[at] = event
  }
  const pop = (): Event | undefined => {
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      let down = 2 * at + 1
      if (down >= heap.length) break
      if (down + 1 < heap.length && isBefore(heap[down + 1] as Event, heap[down] as Event)) down += 1
      if (!isBefore(heap[down] as Event, last)) break
      heap[at] = heap[down] as Event
      at = down
    }
    heap[at] = last
    return first
  }

  /** Promises settle in microtasks, all of which run before an immediate. */
  const settle = async (): Promise<void> => {
    do {
      await Promise.allSettled(working)
      await new Promise((resolve) => setImmediate(resolve))
    } while (working.size > 0)
  }

  const step = async (endMs: number): Promise<boolean> => {
    for (;;) {
      const next = heap[0]
      if (next === undefined || next.at > endMs) return false
      pop()
      if (next.run === undefined) continue
      now = Math.max(now, next.at)
      done += 1
      const { run } = next
      next.run = undefined
      try {
        run()
      } catch (cause) {
        failed(cause)
      }
      await settle()
      return true
    }
  }

  return {
    now: () => now,
    after: (delayMs, run) => {
      const event: Event = { at: now + Math.max(0, delayMs), n: (made += 1), run }
      push(event)
      return () => {
        event.run = undefined
      }
    },
    pass: async (ms) => {
      const end = now + ms
      await settle()
      while (await step(end));
      now = end
    },
    until: async (promise, limitMs) => {
      const settling: { end?: Settled<Awaited<typeof promise>> } = {}
      promise.then(
        (value) => (settling.end = { value: value as Awaited<typeof promise> }),
        (error: unknown) => (settling.end = { error }),
      )
      const end = now + limitMs
      await settle()
      while (settling.end === undefined && (await step(end)));
      if (settling.end === undefined) now = end
      return settling.end
    },
    outside: (work) => {
      working.add(work)
      return work.finally(() => working.delete(work))
    },
    next: () => {
      while (heap[0] && heap[0].run === undefined) pop()
      return heap[0]?.at
    },
    events: () => done,
  }
}
