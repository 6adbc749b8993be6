import { equalBytes, KithError } from '../bytes/index.ts'
import type { Cancel, Clock, Crypto } from '../ports/index.ts'
import type { Lane, NumberedEntry, StoredEntries } from '../wire/index.ts'
import { createBackOff } from './back-off.ts'
import { createCursorCheck } from './cursor-check.ts'
import type { HubConnection, HubEntries } from './hub-connection.ts'
import { createPullNow } from './pull-now.ts'
import { type Cursor, type Outgoing, type SyncLog, type SyncSpace, toPosition, type Whose } from './source.ts'

/** One log of a space on one connection. */
export type LogSync = {
  readonly log: SyncLog
  /** Local number of its space. */
  readonly space: number
  /** The hub has opened the log. */
  readonly opened: (generation: Uint8Array) => void
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

export type LogSyncOptions = {
  readonly hub: number
  readonly connection: HubConnection
  /** Puts to this log: on the connection, or apart from it. */
  readonly putEntries: (lane: Lane, entries: readonly Uint8Array[]) => Promise<StoredEntries>
  readonly space: SyncSpace
  readonly log: SyncLog
  readonly crypto: Crypto
  readonly clock: Clock
  readonly refuse: (error: KithError) => void
  /** Something that callers wait for may have come about. */
  readonly settled: () => void
  /** The connection has to be made anew: this side could not keep what came, or the hub is not what it was. */
  readonly failed: (cause: unknown) => void
}

/** Membership comes before what it judges; packs before the tail that they shorten. */
const membershipLane: Lane = 0

/** Entries on their way at once: enough to keep a long line full, little enough that a lost connection costs little. */
const flyingBytesMax = 4 * 1024 * 1024
/** How long another's change may take to reach this hub by another way before we bring it: its author usually does. */
const bringOthersMs = 1_500
/** A clock may be set, and a computer may sleep: no wait is longer. */
const longestNapMs = 60_000
/** After a refusal (a full log, a full disk) the hub is left alone: at first shortly, for a rate soon allows more. */
const firstRestMs = 1_000
const longestRestMs = 5 * 60_000

export const createLogSync = (options: LogSyncOptions): LogSync => {
  const { hub, connection, putEntries, space, log, crypto, clock, refuse, settled, failed } = options
  const { lanes } = log
  const laterLanes = lanes.filter((lane) => lane !== membershipLane)
  const caughtUp = new Set<Lane>()
  /** Lanes in which the hub has to show something again: their cursors stay. */
  const frozen = new Set<Lane>()
  const flying = new Set<number>()
  const cursorOf = (lane: Lane): Cursor | undefined => space.cursor(hub, log.id, lane)
  const pulls = createPullNow({ connection, log: log.id, lanes, cursor: cursorOf })
  const putRest = createBackOff(crypto, firstRestMs, longestRestMs)
  const pullRest = createBackOff(crypto, firstRestMs, longestRestMs)
  const timers = new Set<Cancel>()
  let flyingBytes = 0
  let generation: Uint8Array | undefined
  let mayTrustHub = false
  let isClosed = false
  let willBringOthers = false
  let isResting = false
  let wanted: Whose | undefined
  let isWaitingForDue = false

  /** All that others call comes through here: after `close` nothing runs, and failures of the disk end the connection. */
  const guard = (run: () => void): void => {
    if (isClosed) return
    try {
      run()
    } catch (cause) {
      failed(cause)
    }
  }
  const after = (delayMs: number, run: () => void): void => {
    const cancel = clock.after(delayMs, () => {
      timers.delete(cancel)
      guard(run)
    })
    timers.add(cancel)
  }
  const check = createCursorCheck({
    connection,
    log: log.id,
    lanes,
    cursor: cursorOf,
    differs: () => beginAnew(),
    refused: refuse,
    replay: (event) => entriesCame(event, false),
    guard,
  })
  const isCaughtUp = (): boolean => caughtUp.size === lanes.length

  const opened = (named: Uint8Array): void => {
    generation = named
    const compared = space.comparedIn(hub, log.id)
    const cursors = lanes.flatMap((lane) => cursorOf(lane) ?? [])
    // A comparison that was cut short goes on where it was: all its cursors are of this generation.
    const isCutShort = cursors.length > 0 && cursors.every((cursor) => equalBytes(cursor.generation, named))
    mayTrustHub = compared !== undefined && equalBytes(compared, named)
    if (!mayTrustHub && !isCutShort) space.lost(hub, log.id, named)
    check.start()
    follow(lanes.includes(membershipLane) ? [membershipLane] : lanes)
    if (mayTrustHub) send('own')
  }

  /** The hub's numbers are not those that we know: cursors mean nothing, and it has to show what it has. */
  const beginAnew = (): never => {
    if (generation) space.lost(hub, log.id, generation)
    throw otherGeneration()
  }

  const follow = (some: readonly Lane[]): void => {
    const wishes = some.map((lane) => ({ log: log.id, lane, follow: true, ...toPosition(cursorOf(lane)) }))
    connection.pull(wishes).then(
      (results) =>
        guard(() => {
          const errors = results.filter((result) => result instanceof KithError)
          if (errors.length === 0) return
          if (errors.some(({ details }) => details['why'] === 'other-generation')) {
            // A cursor past its end: an older copy of its database.
            return beginAnew()
          }
          for (const error of errors) refuse(error)
          const refusedLanes = some.filter((_, index) => results[index] instanceof KithError)
          after(pullRest.next(errors[0]), () => follow(refusedLanes))
        }),
      (cause) => guard(() => failed(cause)),
    )
  }

  const entriesCame = (event: HubEntries, isPartial: boolean): void => {
    const { lane, entries } = event
    if (!lanes.includes(lane) || check.takes(event)) return
    if (generation && !equalBytes(event.generation, generation)) throw otherGeneration()
    if (isPartial) frozen.add(lane)
    const last = entries.at(-1)
    if (last) {
      const bytes = entries.map((entry) => entry.bytes)
      const refused = space.receive(hub, log.id, lane, bytes, cursorBehind(lane, event.generation, last))
      for (const error of refused) refuse(error)
      // What it notifies may have closed us.
      if (isClosed) return
      if (isCaughtUp()) bringOthersSoon()
    }
    if (!event.caughtUp) return
    pulls.ended(event.request, lane)
    if (!caughtUp.has(lane)) caughtUpWith(lane)
    settled()
  }

  const caughtUpWith = (lane: Lane): void => {
    caughtUp.add(lane)
    pullRest.reset()
    if (lane === membershipLane && laterLanes.length > 0) follow(laterLanes)
    if (!isCaughtUp()) return
    // Noted each time, for it also says when the log was last read to its end.
    if (generation) space.compared(hub, log.id, generation)
    mayTrustHub = true
    send('all')
    sendWhenDue()
  }

  /** A cursor only goes forward: what is replayed changes nothing, and what was not what it claims to be is asked for again. */
  const cursorBehind = (lane: Lane, named: Uint8Array, { n, id }: NumberedEntry): Cursor | undefined => {
    const before = cursorOf(lane)
    const isBehind = before !== undefined && equalBytes(before.generation, named) && n <= before.n
    return mustStay(lane) || isBehind ? undefined : { generation: named, n, id }
  }
  const mustStay = (lane: Lane): boolean => frozen.has(lane) || !check.isDone(lane)

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

  const send = (whose: Whose): void => {
    if (isClosed || !log.mayWrite || !generation) return
    if (!mayTrustHub || isResting) {
      if (wanted !== 'all') wanted = whose
      return
    }
    for (;;) {
      if (flyingBytes >= flyingBytesMax) return
      const batch = space.outgoing(hub, log.id, flying, whose)
      for (const lane of lanes) {
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
          if (generation && !equalBytes(stored.generation, generation)) throw otherGeneration()
          putRest.reset()
          for (const [index, outgoing] of batch.entries()) {
            space.delivered(hub, log.id, outgoing, cursorAfter(outgoing, stored.generation, stored.numbers[index]))
          }
          settled()
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

  /** Of an entry of ours: only where it follows directly on what is here, for others' may lie between. */
  const cursorAfter = ({ lane, entry }: Outgoing, named: Uint8Array, n: number | undefined): Cursor | undefined => {
    const before = cursorOf(lane)
    if (n === undefined || mustStay(lane)) return undefined
    const follows = before === undefined ? n === 1 : equalBytes(before.generation, named) && n === before.n + 1
    return follows ? { generation: named, n, id: crypto.sha256(entry) } : undefined
  }

  const rest = (cause: KithError, whose: Whose): void => {
    if (wanted !== 'all') wanted = whose
    if (isResting) return
    isResting = true
    after(putRest.next(cause), () => {
      isResting = false
      const again = wanted ?? whose
      wanted = undefined
      send(again)
    })
  }

  return {
    log,
    space: space.n,
    isOpen: () => generation !== undefined && !isClosed,
    opened: (named) => guard(() => opened(named)),
    entriesCame: (event, isPartial) => guard(() => entriesCame(event, isPartial)),
    send: (whose) =>
      guard(() => {
        send(whose)
        // It may be another's, which came from another hub or log.
        if (whose === 'own' && log.mayWrite && isCaughtUp()) bringOthersSoon()
      }),
    pullNow: pulls.pull,
    isCaughtUp,
    isDelivered: () => !log.mayWrite || space.pending(hub, log.id) === 0,
    close: () => {
      isClosed = true
      for (const cancel of timers) cancel()
      timers.clear()
      pulls.close()
    },
  }
}

const otherGeneration = (): KithError =>
  new KithError('hub-refused', 'The hub has begun anew, and may have lost entries. They are compared and healed.', {
    why: 'other-generation',
  })
