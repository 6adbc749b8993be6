import type { Cancel, Clock } from '../ports/index.ts'

/** What a commit changed: local numbers of spaces, and in each the ids of tables; '' stands for members, names and settings. */
export type Changes = ReadonlyMap<number, ReadonlySet<string>>

/** Tells live queries what has changed, at most once a frame. */
export type Notifier = {
  readonly touch: (space: number, tables: Iterable<string>) => void
  readonly listen: (listener: (changes: Changes) => void) => () => void
  /** The same without waiting for a frame: before `touch` returns. */
  readonly listenAtOnce: (listener: (changes: Changes) => void) => () => void
  readonly close: () => void
}

/** One frame of a 60 Hz display: nobody sees more often. */
const frameMs = 16

export const createNotifier = (clock: Clock): Notifier => {
  const listeners = new Set<(changes: Changes) => void>()
  const immediate = new Set<(changes: Changes) => void>()
  let pending = new Map<number, Set<string>>()
  let cancel: Cancel | undefined
  let lastMs = Number.NEGATIVE_INFINITY

  const tell = (): void => {
    cancel = undefined
    lastMs = clock.monotonic()
    const changes = pending
    pending = new Map()
    for (const listener of [...listeners]) listener(changes)
  }

  return {
    touch: (space, tables) => {
      for (const listener of immediate) listener(new Map([[space, new Set(tables)]]))
      const known = pending.get(space)
      if (known) for (const table of tables) known.add(table)
      else pending.set(space, new Set(tables))
      if (cancel) return
      // The first change after a quiet time shows at once; those that follow share a frame.
      const wait = lastMs + frameMs - clock.monotonic()
      cancel = wait <= 0 ? clock.soon(tell) : clock.after(wait, tell)
    },
    listen: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    listenAtOnce: (listener) => {
      immediate.add(listener)
      return () => immediate.delete(listener)
    },
    close: () => {
      cancel?.()
      listeners.clear()
    },
  }
}
