import { equalBytes, KithError } from '../bytes/index.ts'
import { packLane, type StoredEntries } from '../wire/index.ts'
import { createBackOff } from './back-off.ts'
import { type LaneReading, otherGeneration } from './lane-reading.ts'
import type { LogContext } from './log-context.ts'
import type { Outgoing } from './source.ts'

/** Joins what lies in small entries on a log into packs, when there is much of it: any member does, and needs no trust. */
export type LogPacking = {
  /** The log has more entries than before, or was read to its end. */
  readonly look: () => void
}

export type LogPackingOptions = LogContext & {
  readonly cursorAfter: LaneReading['cursorAfter']
  readonly isReady: () => boolean
}

/** So long is waited at least, and at most ten times as long: spread over members, so that usually one of them does it. */
const leastWaitMs = 2_000
const firstRestMs = 60_000
const longestRestMs = 60 * 60_000

export const createLogPacking = (options: LogPackingOptions): LogPacking => {
  const { hub, putEntries, space, log, crypto, generation, isReady, guard, after, refuse } = options
  const rests = createBackOff(crypto, firstRestMs, longestRestMs)
  let isBusy = false

  const look = (): void => {
    if (isBusy || !isReady() || !space.packs?.isDue(hub, log.id)) return
    isBusy = true
    after(leastWaitMs * (1 + ((crypto.randomBytes(1)[0] as number) / 255) * 9), pack)
  }

  const pack = (): void => {
    const work = isReady() ? space.packs?.pack(hub, log.id) : undefined
    if (!work || !log.mayWrite) {
      isBusy = false
      return
    }
    // What they hold is at the hub before anybody is told so: whoever reads the claim finds it.
    const put = async (entries: readonly Uint8Array[], covers?: readonly Uint8Array[]): Promise<void> => {
      if (entries.length === 0) return
      const stored = await putEntries(packLane, entries, covers)
      guard(() => noteStored(entries, stored))
    }
    const putAll = async (): Promise<void> => {
      await put(work.entries)
      await put([work.claim], work.covers)
    }
    putAll().then(
      () =>
        guard(() => {
          rests.reset()
          space.packs?.packed(hub, log.id, work)
          // There may be more of it than is packed at once.
          pack()
        }),
      (cause) =>
        guard(() => {
          if (!(cause instanceof KithError)) throw cause
          refuse(cause)
          after(rests.next(cause), () => {
            isBusy = false
            look()
          })
        }),
    )
  }

  /** So that we are not sent our own packs again. */
  const noteStored = (entries: readonly Uint8Array[], { generation: named, numbers }: StoredEntries): void => {
    const known = generation()
    if (known && !equalBytes(named, known)) throw otherGeneration()
    for (const [index, entry] of entries.entries()) {
      const n = numbers[index] as number
      const outgoing: Outgoing = { lane: packLane, entry, segments: [] }
      space.delivered(hub, log.id, outgoing, n, options.cursorAfter(packLane, named, n, entry))
    }
  }

  return { look }
}
