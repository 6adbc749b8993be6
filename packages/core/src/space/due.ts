import { KithError } from '../bytes/index.ts'
import type { Cancel } from '../ports/index.ts'
import { clockAheadMsMax } from '../limits/index.ts'
import type { Engine } from './engine.ts'

/** Wakes spaces whose changes waited for our clock to come near their time. */
export type DueWatch = {
  /** Something may wait now, or the clock was corrected. */
  readonly look: () => void
  readonly close: () => void
}

/** A clock may be set, and a computer may sleep: nothing is slept through for longer. */
const longestNapMs = 10 * 60_000

export const createDueWatch = (engine: Engine, retry: (space: number) => void): DueWatch => {
  const { statements, clock, platform } = engine
  let cancel: Cancel | undefined
  let isClosed = false

  const look = (): void => {
    if (isClosed) return
    cancel?.()
    cancel = undefined
    const rows = statements(
      'SELECT space, min(due) AS due FROM waiting WHERE due IS NOT NULL GROUP BY space ORDER BY due',
    ).all()
    const limitMs = clock.nowMs() + clockAheadMsMax
    const isDue = (row: (typeof rows)[number]): boolean => (row.due as number) <= limitMs
    const isRetried = rows.filter(isDue).every((row) => tryRetry(row.space as number))
    const next = rows.find((row) => !isDue(row))
    const napMs = isRetried ? (next ? (next.due as number) - limitMs : undefined) : longestNapMs
    if (napMs !== undefined) cancel = platform.clock.after(Math.min(napMs, longestNapMs), look)
  }

  /** A full disk has undone it: the changes wait on, and are tried again later. */
  const tryRetry = (space: number): boolean => {
    try {
      retry(space)
      return true
    } catch (cause) {
      if (!(cause instanceof KithError)) throw cause
      return false
    }
  }

  return {
    look,
    close: () => {
      isClosed = true
      cancel?.()
    },
  }
}
