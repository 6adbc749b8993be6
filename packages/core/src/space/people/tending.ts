import { KithError } from '../../bytes/index.ts'
import type { Cancel, Clock } from '../../ports/index.ts'

/** Work that is looked for again whenever something came that it may follow from: one run at a time, with a rest before each. */
export type Tending = {
  /** Something may be to do. */
  readonly look: () => void
  /** Resolves when what was to do at the call is done; rejects with what stands in the way. */
  readonly done: () => Promise<void>
  /** What was asked for has not been looked at to its end. What failed, and is tried again later, has been. */
  readonly isDue: () => boolean
  readonly close: () => void
}

/** What comes together is looked at once. */
const restMs = 50
const firstAgainMs = 2_000
const lastAgainMs = 5 * 60_000

export const createTending = (clock: Clock, run: () => Promise<void>, settled: () => void): Tending => {
  let cancel: Cancel | undefined
  let isFresh = false
  let running: Promise<void> | undefined
  let isAsked = false
  let isClosed = false
  let againMs = firstAgainMs

  const start = (): Promise<void> => {
    cancel?.()
    cancel = undefined
    if (running) {
      isAsked = true
      return running.then(start, start)
    }
    isAsked = isFresh = false
    running = run().then(
      () => {
        againMs = firstAgainMs
        ended()
      },
      (cause) => {
        ended()
        // Nobody waits for it, usually: a hub that is down, a full disk. It is tried again.
        if (!isClosed) {
          cancel ??= clock.after(againMs, background)
          againMs = Math.min(againMs * 2, lastAgainMs)
        }
        throw cause
      },
    )
    return running
  }
  const ended = (): void => {
    running = undefined
    if (isClosed) return
    if (isAsked) later()
    else settled()
  }
  const background = (): void => {
    cancel = undefined
    if (isClosed) return
    start().catch((cause) => {
      if (!(cause instanceof KithError)) throw cause
    })
  }
  const later = (): void => {
    cancel?.()
    isFresh = true
    cancel = clock.after(restMs, background)
  }

  return {
    look: () => {
      if (isClosed) return
      if (running) isAsked = true
      else later()
    },
    done: start,
    isDue: () => running !== undefined || isFresh,
    close: () => {
      isClosed = true
      cancel?.()
    },
  }
}
