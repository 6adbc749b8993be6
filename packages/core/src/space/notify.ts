import type { TouchedRows } from '../database/index.ts'
import type { Cancel, Clock } from '../ports/index.ts'

/** What a commit changed: local numbers of spaces, and in each the ids of tables; '' stands for members, names and settings. */
export type Changes = ReadonlyMap<number, ReadonlySet<string>>

/** Tells live queries what has changed, at most once a frame. */
export type Notifier = {
  readonly touch: (space: number, tables: Iterable<string>) => void
  readonly listen: (listener: FrameListener) => () => void
  /** The same without waiting for a frame: before `touch` returns. */
  readonly listenAtOnce: (listener: (changes: Changes) => void) => () => void
  readonly close: () => void
}

/** `touched`: which rows were written since the last frame, in tables that are watched; undefined where that is not known. */
export type FrameListener = (changes: Changes, touched: TouchedRows | undefined) => void

/** One frame of a 60 Hz display: nobody sees more often. */
const frameMs = 16
/** Changes that may be told at once after a quiet time: the answer to an edit need not wait for the edit's own frame. */
const burst = 4

export const createNotifier = (
  clock: Clock,
  takeTouched: () => TouchedRows | undefined = () => undefined,
): Notifier => {
  const listeners = new Set<FrameListener>()
  const immediate = new Set<(changes: Changes) => void>()
  let pending = new Map<number, Set<string>>()
  let cancel: Cancel | undefined
  /** When listeners were told, the last few times. */
  const told: number[] = []

  const tell = (): void => {
    cancel = undefined
    told.push(clock.monotonic())
    if (told.length > burst) told.shift()
    const changes = pending
    pending = new Map()
    const touched = takeTouched()
    for (const listener of listeners) listener(changes, touched)
  }

  return {
    touch: (space, tables) => {
      for (const listener of immediate) listener(new Map([[space, new Set(tables)]]))
      const known = pending.get(space)
      if (known) for (const table of tables) known.add(table)
      else pending.set(space, new Set(tables))
      if (cancel) return
      // On average once a frame, but not by waiting for one when there was nothing to see before.
      const wait = told.length < burst ? 0 : (told[0] as number) + burst * frameMs - clock.monotonic()
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

/** Stands for what concerns no one space. */
export const everySpace = 0

/** Listens to several. */
export const joinNotifiers = (...notifiers: readonly Pick<Notifier, 'listen'>[]): Pick<Notifier, 'listen'> => ({
  listen: (listener) => {
    const stops = notifiers.map(({ listen }) => listen(listener))
    return () => {
      for (const stop of stops) stop()
    }
  },
})
