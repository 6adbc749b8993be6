import { equalBytes } from '../bytes/index.ts'
import type { Cancel, Clock } from '../ports/index.ts'
import { membershipLane, tailLane } from '../wire/index.ts'
import type { HubConnection, HubEntries, KnownLanes, OpenedHubLog } from './hub-connection.ts'
import { createLaneReading } from './lane-reading.ts'
import type { LogContext } from './log-context.ts'
import { createLogPacking } from './log-packing.ts'
import { createLogSending } from './log-sending.ts'
import type { SyncLog, Whose } from './source.ts'

/** One log of a space on one connection. */
export type LogSync = {
  readonly log: SyncLog
  /** Local number of its space. */
  readonly space: number
  /** What the hub may follow from: all that is here, if the hub was compared and nothing is unread. */
  readonly known: () => KnownLanes | undefined
  /** The hub has opened the log, and said how it stands to what is known. */
  readonly opened: (generation: Uint8Array, standing: OpenedHubLog['standing']) => void
  readonly isOpen: () => boolean
  /** `isPartial`: the hub sent entries with them that are not what they claim to be. */
  readonly entriesCame: (event: HubEntries, isPartial: boolean) => void
  /** Sends what the hub lacks: at once what this device wrote; of others' only when the hub has shown all that it has. */
  readonly send: (whose: Whose) => void
  /** Resolves when everything that the hub has now is here. */
  readonly pullNow: () => Promise<void>
  readonly isCaughtUp: () => boolean
  /** Whether the hub has all of ours that it may be given. */
  readonly isDelivered: () => boolean
  readonly close: () => void
}

export type LogSyncOptions = Pick<LogContext, 'hub' | 'space' | 'log' | 'crypto' | 'putEntries' | 'refuse'> & {
  readonly connection: HubConnection
  readonly clock: Clock
  /** Something that callers wait for may have come about. */
  readonly settled: () => void
  /** The connection has to be made anew: this side could not keep what came, or the hub is not what it was. */
  readonly failed: (cause: unknown) => void
}

export const createLogSync = (options: LogSyncOptions): LogSync => {
  const { hub, space, log, clock, settled, failed } = options
  const timers = new Set<Cancel>()
  let generation: Uint8Array | undefined
  let isClosed = false

  /** All that others call comes through here: after `close` nothing runs, and failures of the disk end the connection. */
  const guard = (run: () => void): void => {
    if (isClosed) return
    try {
      run()
    } catch (cause) {
      failed(cause)
    }
  }
  const after = (delayMs: number, run: () => void): Cancel => {
    const cancel = clock.after(delayMs, () => {
      timers.delete(cancel)
      guard(run)
    })
    timers.add(cancel)
    return cancel
  }

  const common = { ...options, generation: () => generation, isClosed: () => isClosed, guard, after }
  const reading = createLaneReading({
    ...common,
    took: (lane) => {
      if (!reading.isCaughtUp()) return
      sending.bringOthersSoon()
      if (lane !== membershipLane) packing.look()
    },
    caughtUp: () => {
      // Noted each time, for it also says when the log was last read to its end.
      if (generation) space.compared(hub, log.id, generation)
      sending.mayTrustHub()
      sending.send('all')
      sending.sendWhenDue()
      packing.look()
    },
  })
  const sending = createLogSending({
    ...common,
    cursorAfter: reading.cursorAfter,
    delivered: (lane) => {
      settled()
      if (lane === tailLane) packing.look()
    },
  })
  const packing = createLogPacking({
    ...common,
    cursorAfter: reading.cursorAfter,
    isReady: () => !isClosed && reading.isCaughtUp(),
  })

  const opened = (named: Uint8Array, standing: OpenedHubLog['standing']): void => {
    generation = named
    const compared = space.comparedIn(hub, log.id)
    const cursors = log.lanes.flatMap((lane) => space.cursor(hub, log.id, lane) ?? [])
    // A comparison that was cut short goes on where it was: all its cursors are of this generation.
    const isCutShort =
      standing !== 'other' && cursors.length > 0 && cursors.every((cursor) => equalBytes(cursor.generation, named))
    const isCompared = standing !== 'other' && compared !== undefined && equalBytes(compared, named)
    if (isCompared) sending.mayTrustHub()
    else if (!isCutShort) space.lost(hub, log.id, named)
    if (isCompared && standing === 'same') reading.follows()
    else reading.start()
    if (isCompared) sending.send('own')
  }

  return {
    log,
    space: space.n,
    isOpen: () => generation !== undefined && !isClosed,
    known: () => {
      const compared = space.comparedIn(hub, log.id)
      return compared && reading.known(compared)
    },
    opened: (named, standing) => guard(() => opened(named, standing)),
    entriesCame: (event, isPartial) => guard(() => reading.entriesCame(event, isPartial)),
    send: (whose) =>
      guard(() => {
        sending.send(whose)
        // It may be another's, which came from another hub or log.
        if (whose === 'own' && log.mayWrite && reading.isCaughtUp()) sending.bringOthersSoon()
      }),
    pullNow: reading.pullNow,
    isCaughtUp: reading.isCaughtUp,
    isDelivered: () => !log.mayWrite || space.pending(hub, log.id) === 0,
    close: () => {
      isClosed = true
      for (const cancel of timers) cancel()
      timers.clear()
      reading.close()
    },
  }
}
