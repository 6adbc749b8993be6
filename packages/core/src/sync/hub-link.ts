// The life of one connection is one machine: whatever of it fails, all its logs, waits and timers end together.
import { assert, KithError, toHex } from '../bytes/index.ts'
import type { Cancel, Platform } from '../ports/index.ts'
import { createResumeState, type Hello } from '../wire/index.ts'
import { createBackOff } from './back-off.ts'
import { connectHub, type HubConnection, type HubEntries, type OpenedHubLog, type OpenWish } from './hub-connection.ts'
import type { HubPurse } from './hub-payments.ts'
import { createHubWriter, type HubWriter, putOn, toReadingWish } from './hub-writer.ts'
import { createLogSync, type LogSync, type LogSyncOptions } from './log-sync.ts'
import { createParcels, type Parcels } from './parcels.ts'
import type { HubSignal, SyncLog, SyncSource, SyncSpace } from './source.ts'
import { createWaiters } from './waiters.ts'

/** Keeps one hub and this device in step: connects, reconnects with patience, and runs a `LogSync` for each log of each space. */
export type HubLink = {
  /** A space is new, has something to send, or has other logs than before. */
  readonly wake: (space: number) => void
  readonly wakeParcels: () => void
  /** Resolves when what is here is there and what was there is here. Rejects with the connection's end. */
  readonly synced: (space: number) => Promise<void>
  readonly parcelsDelivered: () => Promise<void>
  /** To those who have the log open there, or to one of them; lost where the hub cannot be reached or refuses it. */
  readonly signal: (log: Uint8Array, bytes: Uint8Array, to?: Uint8Array) => void
  readonly status: () => LinkStatus
  readonly isCaughtUp: (space: number) => boolean
  /** What came since the last commit was undone: it has to come again, from the cursors on the disk. */
  readonly undone: () => void
  readonly close: () => void
}

export type LinkStatus = {
  readonly state: 'connecting' | 'connected' | 'waiting to reconnect'
  readonly problem: KithError | undefined
  readonly refused: Readonly<Record<string, number>>
  readonly sentBytes: number
  readonly receivedBytes: number
  readonly roundTripMs: number | undefined
  readonly workingMs: number | undefined
}

/** What a person does so that a hub learns less from connections; each costs some (docs/security/leaks.md). */
export type Isolation = {
  /** Each space has a connection of its own: they do not show which spaces are one person's. */
  readonly connectionPerSpace?: boolean
  /**
   * What is written goes over a connection that is made for it, and the one that reads does not show that it may write: a hub cannot tell from
   * connections which of those who read a log wrote to it.
   */
  readonly readingApart?: boolean
  /**
   * Every connection to a hub is carried by another: by the first of these that is not the hub itself. That hub sees the network address and which hub is used, the other one what it
   * keeps and no address of ours. They have to carry (`kith hub --forward`). What none of them can carry is not reached: nothing ever goes directly.
   */
  readonly through?: readonly string[] | undefined
  /** Keys of hubs by URL, in base64url, as `kith hub` prints them: a hub is reached through another only by its key. Those of hubs that this device was connected to before are known. */
  readonly hubKeys?: Readonly<Record<string, string>> | undefined
}

export type HubLinkOptions = {
  /** A hub that comes back with another key has lost its database: it is another hub at the same place, and is healed. */
  readonly hub: { readonly n: number; readonly url: string }
  readonly platform: Pick<Platform, 'network' | 'clock' | 'crypto'>
  readonly source: SyncSource
  readonly purse?: HubPurse | undefined
  readonly isolation?: Isolation
  /** Something that `status` shows has changed. */
  readonly changed: () => void
}

const firstWaitMs = 100
const longestWaitMs = 30_000
/** A hub that refuses to open a log is asked again for that log after so long. */
const firstRestMs = 1_000
const longestRestMs = 5 * 60_000
/** Between signs of life on a quiet connection: below the 30–60 s after which home routers forget a connection. */
const pingMs = 25_000
/** After trouble of our own (a full disk, a transaction that was undone) the hub is not spared, only our processor. */
const longestOwnWaitMs = 5_000
/** Such trouble that does not come back for so long is over. */
const ownTroubleMs = 60_000

/** Spaces are read for so long at a stretch: somebody may be waiting for what he sees. */
const openingMs = 20
/** Each epoch that comes while somebody waits costs a round. */
const roundsMax = 32

/** A log that is read in other lanes than before is opened anew. */
const nameOf = ({ id, lanes, mayWrite }: SyncLog): string => `${toHex(id)}/${lanes.join()}/${mayWrite}`

/** What ends with a connection. */
type Session = {
  readonly connection: HubConnection
  /** Where writing goes apart from reading. */
  readonly writer: HubWriter | undefined
  readonly parcels: Parcels
  readonly spaces: Map<number, SpaceLogs>
  /** By log id in hexadecimal. */
  readonly logs: Map<string, LogSync>
  /** Logs that the hub did not open, with the timers after which it is asked again. */
  readonly resting: Map<string, Cancel>
  isOpen: boolean
  lies: number
}

const sentOn = ({ connection, writer }: Session): number => connection.sentBytes() + (writer?.sentBytes() ?? 0)
const receivedOn = ({ connection, writer }: Session): number =>
  connection.receivedBytes() + (writer?.receivedBytes() ?? 0)

type SpaceLogs = {
  readonly space: SyncSpace
  /** As the space gave them last. */
  readonly wanted: readonly SyncLog[]
  syncs: readonly LogSync[]
}

export const createHubLink = (options: HubLinkOptions): HubLink => {
  const { hub, platform, source, isolation, purse, changed } = options
  const { network, clock, crypto } = platform
  const resume = createResumeState(crypto.randomBytes(32))
  const reconnect = createBackOff(crypto, firstWaitMs, longestWaitMs)
  const ownTrouble = createBackOff(crypto, firstWaitMs, longestOwnWaitMs)
  const openRest = createBackOff(crypto, firstRestMs, longestRestMs)
  const waiters = createWaiters()
  const refused: Record<string, number> = {}
  let session: Session | undefined
  let state: LinkStatus['state'] = 'connecting'
  let problem: KithError | undefined
  /** For the reconnect, or the next ping. */
  let cancelTimer: Cancel | undefined
  let isClosed = false
  let sentBefore = 0
  let receivedBefore = 0
  let troubledAt = Number.NEGATIVE_INFINITY

  const settled = (space?: number): void => {
    waiters.wake(space)
    changed()
  }

  const refuse = (error: KithError): void => {
    refused[error.code] = (refused[error.code] ?? 0) + 1
    problem = error
    changed()
  }

  /** Ends the connection for a reason on this side; what it brought and is not on the disk comes again with the next. */
  const failed = (cause: unknown): void => {
    if (!(cause instanceof KithError)) throw cause
    if (isClosed) return
    if (session) restart(cause)
    else problem = cause
    changed()
  }

  const restart = (cause: KithError | undefined): void => {
    const ended = session
    session = undefined
    if (!ended) return
    const isHubs = cause?.code === 'hub-refused' || cause?.code === 'hub-unreachable'
    if (!isHubs && clock.monotonic() - troubledAt > ownTroubleMs) ownTrouble.reset()
    if (!isHubs) troubledAt = clock.monotonic()
    endSession(ended, cause ?? new KithError('closed', 'The connection to the hub is made anew.'))
    problem = cause
    state = 'waiting to reconnect'
    connectAfter((isHubs ? reconnect : ownTrouble).next(cause))
  }

  const endSession = (ended: Session, reason: KithError): void => {
    ended.isOpen = false
    for (const log of ended.logs.values()) log.close()
    for (const cancel of ended.resting.values()) cancel()
    ended.parcels.close()
    ended.connection.close()
    ended.writer?.close()
    sentBefore += sentOn(ended)
    receivedBefore += receivedOn(ended)
    waiters.fail(reason)
  }

  const connectAfter = (delayMs: number): void => {
    cancelTimer?.()
    cancelTimer = isClosed ? undefined : clock.after(delayMs, connect)
  }

  const connect = (): void => {
    if (isClosed) return
    state = 'connecting'
    try {
      session = startSession()
    } catch (cause) {
      // A URL that can never work: said in `status`, not tried again.
      if (!(cause instanceof KithError)) throw cause
      problem = cause
      state = 'waiting to reconnect'
    }
    changed()
  }

  const startSession = (): Session => {
    /** Events of a connection that was given up are of no interest. */
    const guard = (run: (on: Session) => void): void => {
      const on = session
      if (!on || on !== made) return
      try {
        run(on)
      } catch (cause) {
        failed(cause)
      }
    }
    const connection = connectHub({
      url: hub.url,
      network,
      clock,
      crypto,
      resume,
      purse,
      events: {
        opened: (hello) => guard((on) => greeted(on, hello)),
        entries: (event) => guard((on) => entriesCame(on, event)),
        signal: (event) => guard((on) => signalCame(on, event)),
        working: changed,
        lied: (error) => {
          if (made === session) made.lies += 1
          refuse(error)
        },
        closed: (reason) => guard((on) => lost(on, reason)),
      },
    })
    const writer = isolation?.readingApart
      ? createHubWriter({ url: hub.url, network, clock, crypto, purse })
      : undefined
    const put = writer?.put ?? putOn(connection, crypto)
    const parcels = createParcels({ hub: hub.n, put, source, crypto, clock, refuse, settled, failed })
    const made: Session = {
      connection,
      writer,
      parcels,
      spaces: new Map(),
      logs: new Map(),
      resting: new Map(),
      isOpen: false,
      lies: 0,
    }
    return made
  }

  const lost = (on: Session, reason: KithError): void => {
    session = undefined
    endSession(on, reason)
    problem = reason
    state = 'waiting to reconnect'
    connectAfter(reconnect.next(reason))
    changed()
  }

  const greeted = (on: Session, hello: Hello): void => {
    on.isOpen = true
    state = 'connected'
    problem = undefined
    source.greeted(hub.n, { key: hello.hubKey, timeMs: hello.timeMs })
    openAll(on)
    on.parcels.deliver()
    schedulePing(on)
    changed()
  }

  const schedulePing = (on: Session): void => {
    cancelTimer?.()
    cancelTimer = clock.after(pingMs, () => {
      if (session !== on) return
      on.connection.pull([]).catch(() => {})
      schedulePing(on)
    })
  }

  /**
   * Opens the logs that are not open yet, and lets those go that are no longer needed. A space may have to be read from the disk for it: of
   * hundreds a part at a time, so that whoever asks for rows meanwhile has them, and the hub answers for the first while the others are read. Who comes
   * back has read them, and shows what the hub's tickets are for at once.
   */
  const openAll = (on: Session, spaces: readonly SyncSpace[] = source.spaces()): void => {
    if (!on.isOpen) return
    const endMs = clock.monotonic() + (resume.tickets.length > 0 ? Number.POSITIVE_INFINITY : openingMs)
    const fresh: LogSync[] = []
    let done = 0
    for (const space of spaces) {
      fresh.push(...refresh(on, space))
      done += 1
      if (clock.monotonic() >= endMs) break
    }
    open(on, fresh)
    const left = spaces.slice(done)
    if (left.length > 0) clock.soon(() => openSafely(on, left))
  }

  const openOne = (on: Session, number: number): void => {
    if (!on.isOpen) return
    const space = on.spaces.get(number)?.space ?? source.spaces().find(({ n }) => n === number)
    if (space) open(on, refresh(on, space))
  }

  /** Returns what has to be opened. */
  const refresh = (on: Session, space: SyncSpace): LogSync[] => {
    const wanted = space.logs(hub.n)
    const known = on.spaces.get(space.n)
    if (known?.wanted === wanted && known.syncs.length === wanted.length) return []
    const before = new Map(known?.syncs.map((sync) => [nameOf(sync.log), sync]))
    const fresh: LogSync[] = []
    const syncs = wanted.flatMap((log) => {
      const name = nameOf(log)
      const kept = before.get(name)
      before.delete(name)
      if (kept) return [kept]
      if (on.resting.has(toHex(log.id))) return []
      const sync = createSync(on, space, log)
      fresh.push(sync)
      return [sync]
    })
    for (const sync of before.values()) letGo(on, sync)
    for (const sync of fresh) on.logs.set(toHex(sync.log.id), sync)
    on.spaces.set(space.n, { space, wanted, syncs })
    waiters.wake(space.n)
    return fresh
  }

  const open = (on: Session, fresh: readonly LogSync[]): void => {
    if (fresh.length === 0) return
    const toWish = on.writer ? toReadingWish : (wish: OpenWish): OpenWish => wish
    on.connection.open(fresh.map((sync) => ({ ...toWish(sync.log.wish), known: sync.known() }))).then(
      (results) => {
        if (session !== on) return
        for (const [index, result] of results.entries()) {
          const sync = fresh[index] as LogSync
          if (on.logs.get(toHex(sync.log.id)) !== sync) continue
          if (result instanceof KithError) notOpened(on, sync, result)
          else openedOn(sync, result)
        }
      },
      (cause) => session === on && failed(cause),
    )
  }

  const openedOn = (sync: LogSync, { generation, standing }: OpenedHubLog): void => {
    sync.opened(generation, standing)
    if (sync.isOpen()) source.logOpened(sync.space, sync.log.id)
  }

  const createSync = (on: Session, space: SyncSpace, log: SyncLog): LogSync => {
    const caughtUp = (): void => {
      if (sync.isCaughtUp()) {
        // Only a hub that can be used is one to come back to at once.
        reconnect.reset()
        openRest.reset()
        on.parcels.deliver()
      }
      settled(space.n)
    }
    const { connection, writer } = on
    const putEntries: LogSyncOptions['putEntries'] = (lane, entries, covers = []) =>
      writer ? writer.put(log.wish, lane, entries, covers) : connection.put(log.id, lane, entries, { covers })
    const common = { hub: hub.n, connection, putEntries, space, log, crypto, clock, refuse, failed }
    const sync: LogSync = createLogSync({ ...common, settled: caughtUp })
    return sync
  }

  const notOpened = (on: Session, sync: LogSync, cause: KithError): void => {
    refuse(cause)
    letGo(on, sync)
    for (const known of on.spaces.values()) {
      if (known.syncs.includes(sync)) known.syncs = known.syncs.filter((other) => other !== sync)
    }
    waiters.wake(sync.space)
    const name = toHex(sync.log.id)
    const cancel = clock.after(openRest.next(cause), () => {
      on.resting.delete(name)
      openSafely(on)
    })
    on.resting.set(name, cancel)
  }

  const letGo = (on: Session, sync: LogSync): void => {
    sync.close()
    const name = toHex(sync.log.id)
    if (on.logs.get(name) === sync) on.logs.delete(name)
  }

  const openSafely = (on: Session, spaces?: readonly SyncSpace[]): void => {
    try {
      if (session === on) openAll(on, spaces)
    } catch (cause) {
      failed(cause)
    }
  }

  const entriesCame = (on: Session, event: HubEntries): void => {
    const isPartial = on.lies > 0
    on.lies = 0
    on.logs.get(toHex(event.log))?.entriesCame(event, isPartial)
  }

  const signalCame = (on: Session, { log, from, bytes }: Omit<HubSignal, 'hub'>): void => {
    const sync = on.logs.get(toHex(log))
    if (sync?.isOpen()) source.signalled(sync.space, { hub: hub.n, log, from, bytes })
  }

  /** All logs of a space, as soon as each has shown what the hub has; undefined before. */
  const caughtUpLogs = (space: number): readonly LogSync[] | undefined => {
    const known = session?.spaces.get(space)
    const isWhole = known !== undefined && known.syncs.length > 0 && known.syncs.length === known.wanted.length
    return isWhole && known.syncs.every((sync) => sync.isCaughtUp()) ? known.syncs : undefined
  }

  const synced = async (space: number): Promise<void> => {
    for (let round = 0; round < roundsMax; round += 1) {
      await waiters.until(() => caughtUpLogs(space) !== undefined, space)
      const syncs = caughtUpLogs(space)
      assert(syncs, 'logs that are caught up are there')
      await Promise.all(syncs.map((sync) => sync.pullNow()))
      // What came may have brought another epoch, and so other logs.
      if (session?.isOpen) openOne(session, space)
      const isSame = (): boolean => session?.spaces.get(space)?.syncs === syncs
      if (!isSame()) continue
      for (const sync of syncs) sync.send('all')
      await waiters.until(() => !isSame() || syncs.every((sync) => sync.isDelivered()), space)
      if (isSame()) return
    }
    throw new KithError('closed', 'The logs of the space change all the time.')
  }

  // A turn later: who opens a person asks for rows first, and has them before the socket is made.
  cancelTimer = clock.soon(connect)

  return {
    wake: (space) => {
      if (!session) return
      try {
        openOne(session, space)
      } catch (cause) {
        failed(cause)
      }
      for (const sync of session?.spaces.get(space)?.syncs ?? []) sync.send('own')
    },
    wakeParcels: () => {
      if (session?.isOpen) session.parcels.deliver()
    },
    synced,
    parcelsDelivered: () => waiters.until(() => state === 'connected' && source.parcels(hub.n).length === 0),
    signal: (log, bytes, to) => {
      const on = session
      if (!on?.logs.get(toHex(log))?.isOpen()) return
      // What nobody keeps is not worth a second try: whoever signals says again what still holds.
      on.connection.signal(log, bytes, to).catch((cause: unknown) => {
        if (!(cause instanceof KithError)) throw cause
      })
    },
    status: () => ({
      state,
      problem,
      refused,
      sentBytes: sentBefore + (session ? sentOn(session) : 0),
      receivedBytes: receivedBefore + (session ? receivedOn(session) : 0),
      roundTripMs: session?.connection.roundTripMs(),
      workingMs: session?.connection.workingMs(),
    }),
    isCaughtUp: (space) => caughtUpLogs(space) !== undefined,
    undone: () => restart(undefined),
    close: () => {
      isClosed = true
      cancelTimer?.()
      const ended = session
      session = undefined
      const reason = new KithError('closed', 'This person was closed.')
      if (ended) endSession(ended, reason)
      waiters.fail(reason)
    },
  }
}
