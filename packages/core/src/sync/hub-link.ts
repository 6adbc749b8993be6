import { assert, KithError } from '../bytes/index.ts'
import type { Cancel, Platform } from '../ports/index.ts'
import { createResumeState, type Hello } from '../wire/index.ts'
import { createBackOff } from './back-off.ts'
import { connectHub, type HubConnection } from './hub-connection.ts'
import type { HubPurse } from './hub-payments.ts'
import { createHubWriter, type HubWriter, putOn } from './hub-writer.ts'
import { createOpenLogs, type OpenLogs } from './open-logs.ts'
import { createParcels, type Parcels } from './parcels.ts'
import type { SyncSource } from './source.ts'
import { createWaiters } from './waiters.ts'

/**
 * Keeps one hub and this device in step: connects, reconnects with patience. The life of one connection is one machine: whatever of it fails, all its logs,
 * waits and timers end together.
 */
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

/** Each epoch that comes while somebody waits costs a round. */
const roundsMax = 32

/** What ends with a connection. */
type Session = {
  readonly connection: HubConnection
  /** Where writing goes apart from reading. */
  readonly writer: HubWriter | undefined
  readonly parcels: Parcels
  readonly logs: OpenLogs
}

const sentOn = ({ connection, writer }: Session): number => connection.sentBytes() + (writer?.sentBytes() ?? 0)
const receivedOn = ({ connection, writer }: Session): number =>
  connection.receivedBytes() + (writer?.receivedBytes() ?? 0)

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
    ended.logs.close()
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
        entries: (event) => guard((on) => on.logs.entriesCame(event)),
        signal: (event) => guard((on) => on.logs.signalCame(event)),
        working: changed,
        lied: (error) => {
          if (made === session) made.logs.lied()
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
    const logs = createOpenLogs({
      hub: hub.n,
      connection,
      writer,
      source,
      clock,
      crypto,
      resume,
      rest: openRest,
      refuse,
      failed,
      // Only a hub that can be used is one to come back to at once.
      usable: () => {
        reconnect.reset()
        parcels.deliver()
      },
      settled,
      changed: waiters.wake,
    })
    const made: Session = { connection, writer, parcels, logs }
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
    state = 'connected'
    problem = undefined
    source.greeted(hub.n, { key: hello.hubKey, timeMs: hello.timeMs })
    on.logs.open()
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

  const synced = async (space: number): Promise<void> => {
    for (let round = 0; round < roundsMax; round += 1) {
      await waiters.until(() => session?.logs.caughtUp(space) !== undefined, space)
      const syncs = session?.logs.caughtUp(space)
      assert(syncs, 'logs that are caught up are there')
      await Promise.all(syncs.map((sync) => sync.pullNow()))
      // What came may have brought another epoch, and so other logs.
      session?.logs.openOne(space)
      const isSame = (): boolean => session?.logs.of(space) === syncs
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
        session.logs.openOne(space)
      } catch (cause) {
        failed(cause)
      }
      for (const sync of session?.logs.of(space) ?? []) sync.send('own')
    },
    wakeParcels: () => {
      if (state === 'connected') session?.parcels.deliver()
    },
    synced,
    parcelsDelivered: () => waiters.until(() => state === 'connected' && source.parcels(hub.n).length === 0),
    signal: (log, bytes, to) => {
      const on = session
      if (!on?.logs.isOpen(log)) return
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
    isCaughtUp: (space) => session?.logs.caughtUp(space) !== undefined,
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
