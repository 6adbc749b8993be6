import { equalBytes, KithError } from '../bytes/index.ts'
import type { Lane } from '../wire/index.ts'
import { createBackOff } from './back-off.ts'
import { type LaneReading, otherGeneration } from './lane-reading.ts'
import type { LogContext } from './log-context.ts'
import type { Outgoing, Whose } from './source.ts'

/** What goes to one log of a hub. */
export type LogSending = {
  readonly send: (whose: Whose) => void
  /** The hub has shown all that it has: what it lacks is known from now on. */
  readonly mayTrustHub: () => void
  /** What others wrote is sent when they had the time to bring it themselves. */
  readonly bringOthersSoon: () => void
  /** The same for what waits until a time of its own. */
  readonly sendWhenDue: () => void
}

export type LogSendingOptions = LogContext & {
  readonly cursorAfter: LaneReading['cursorAfter']
  /** The hub has something durably that it lacked. */
  readonly delivered: (lane: Lane) => void
}

/** Entries on their way at once: enough to keep a long line full, little enough that a lost connection costs little. */
const flyingBytesMax = 4 * 1024 * 1024
/** How long another's change may take to reach this hub by another way before we bring it: its author usually does. */
const bringOthersMs = 1_500
/** A clock may be set, and a computer may sleep: no wait is longer. */
const longestNapMs = 60_000
/** After a refusal (a full log, a full disk) the hub is left alone: at first shortly, for a rate soon allows more. */
const firstRestMs = 1_000
const longestRestMs = 5 * 60_000

export const createLogSending = (options: LogSendingOptions): LogSending => {
  const { hub, putEntries, space, log, crypto, generation, isClosed, guard, after, refuse, delivered } = options
  const flying = new Set<number>()
  const rests = createBackOff(crypto, firstRestMs, longestRestMs)
  let flyingBytes = 0
  let mayTrustHub = false
  let willBringOthers = false
  let isResting = false
  let wanted: Whose | undefined
  let isWaitingForDue = false

  const send = (whose: Whose): void => {
    if (isClosed() || !log.mayWrite || !generation()) return
    if (!mayTrustHub || isResting) {
      if (wanted !== 'all') wanted = whose
      return
    }
    for (;;) {
      if (flyingBytes >= flyingBytesMax) return
      const batch = space.outgoing(hub, log.id, flying, whose)
      for (const lane of log.lanes) {
        const entries = batch.entries.filter((outgoing) => outgoing.lane === lane)
        if (entries.length > 0) put(lane, entries, whose)
      }
      if (batch.isAll || batch.entries.length === 0) return
    }
  }

  const put = (lane: Lane, batch: readonly Outgoing[], whose: Whose): void => {
    const bytes = batch.reduce((sum, { entry }) => sum + entry.length, 0)
    flyingBytes += bytes
    for (const { segments } of batch) for (const number of segments) flying.add(number)
    const landed = (): void => {
      flyingBytes -= bytes
      for (const { segments } of batch) for (const number of segments) flying.delete(number)
    }
    const entries = batch.map(({ entry }) => entry)
    putEntries(lane, entries).then(
      (stored) =>
        guard(() => {
          landed()
          const named = generation()
          if (named && !equalBytes(stored.generation, named)) throw otherGeneration()
          rests.reset()
          for (const [index, outgoing] of batch.entries()) {
            const n = stored.numbers[index] as number
            const cursor = options.cursorAfter(lane, stored.generation, n, outgoing.entry)
            space.delivered(hub, log.id, outgoing, n, cursor)
          }
          delivered(lane)
          send(whose)
        }),
      (cause) =>
        guard(() => {
          landed()
          if (!(cause instanceof KithError)) throw cause
          refuse(cause)
          rest(cause, whose)
        }),
    )
  }

  const rest = (cause: KithError, whose: Whose): void => {
    if (wanted !== 'all') wanted = whose
    if (isResting) return
    isResting = true
    after(rests.next(cause), () => {
      isResting = false
      const again = wanted ?? whose
      wanted = undefined
      send(again)
    })
  }

  const bringOthersSoon = (): void => {
    if (willBringOthers) return
    willBringOthers = true
    // Spread over members, so that usually one of them does it.
    after(bringOthersMs * (1 + (crypto.randomBytes(1)[0] as number) / 128), () => {
      willBringOthers = false
      send('all')
      sendWhenDue()
    })
  }

  /** What waits for others to bring it: looked at again when that time is over. */
  const sendWhenDue = (): void => {
    const waitMs = log.mayWrite ? space.dueInMs(hub, log.id) : undefined
    if (waitMs === undefined || isWaitingForDue) return
    isWaitingForDue = true
    after(Math.min(waitMs, longestNapMs), () => {
      isWaitingForDue = false
      send('all')
      sendWhenDue()
    })
  }

  return {
    send,
    mayTrustHub: () => {
      mayTrustHub = true
    },
    bringOthersSoon,
    sendWhenDue,
  }
}
