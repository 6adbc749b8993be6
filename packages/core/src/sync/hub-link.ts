import { KithError, toHex } from '../bytes/index.ts'
import type { Cancel, Crypto, Platform } from '../ports/index.ts'
import { createResumeState, policyToLogId } from '../wire/index.ts'
import { connectHub, type HubConnection, type HubEntries } from './hub-connection.ts'
import { createLogSync, type LogSync } from './log-sync.ts'
import type { SyncSource, SyncSpace } from './source.ts'

/** Keeps one hub and this device in step: connects, reconnects with patience, and runs a `LogSync` for each space. */
export type HubLink = {
  /** A space is new, or has something to send. */
  readonly wake: (space: number) => void
  readonly wakeParcels: () => void
  /** Resolves when what is here is there and what was there is here. Rejects with the connection's end. */
  readonly synced: (space: number) => Promise<void>
  readonly parcelsDelivered: () => Promise<void>
  readonly status: () => LinkStatus
  readonly isCaughtUp: (space: number) => boolean
  readonly close: () => void
}

export type LinkStatus = {
  readonly state: 'connecting' | 'connected' | 'waiting to reconnect'
  readonly problem: KithError | undefined
  readonly refused: Readonly<Record<string, number>>
  readonly sentBytes: number
  readonly receivedBytes: number
}

export type HubLinkOptions = {
  /** A hub that comes back with another key has lost its database: it is another hub at the same place, and is healed. */
  readonly hub: { readonly n: number; readonly url: string }
  readonly platform: Pick<Platform, 'network' | 'clock' | 'crypto'>
  readonly source: SyncSource
  /** Something that `status` shows has changed. */
  readonly changed: () => void
}

/** First wait before a second try; doubles up to the longest. Each is shortened at random, so that clients of a hub that restarts do not come at once. */
const firstWaitMs = 100
const longestWaitMs = 30_000
/** Between signs of life on a quiet connection: below the 30–60 s after which home routers forget a connection. */
const pingMs = 25_000

export const createHubLink = ({ hub, platform, source, changed }: HubLinkOptions): HubLink => {
  const { network, clock, crypto } = platform
  const resume = createResumeState(crypto.randomBytes(32))
  const refused: Record<string, number> = {}
  let connection: HubConnection | undefined
  let state: LinkStatus['state'] = 'connecting'
  let problem: KithError | undefined
  let logs = new Map<number, LogSync>()
  let logsById = new Map<string, LogSync>()
  let waitMs = firstWaitMs
  let cancelTimer: Cancel | undefined
  let isClosed = false
  let sentBefore = 0
  let receivedBefore = 0
  const waiters = new Set<{ run: () => void; reject: (error: KithError) => void }>()

  const refuse = (error: KithError): void => {
    refused[error.code] = (refused[error.code] ?? 0) + 1
    problem = error
    changed()
  }

  const connect = (): void => {
    if (isClosed) return
    state = 'connecting'
    try {
      const made: HubConnection = connectHub({
        url: hub.url,
        network,
        clock,
        crypto,
        resume,
        events: {
          opened: (hello) => {
            state = 'connected'
            problem = undefined
            waitMs = firstWaitMs
            source.greeted(hub.n, { key: hello.hubKey, timeMs: hello.timeMs })
            openAll(source.spaces())
            deliverParcels(made)
            schedulePing(made)
            changed()
          },
          entries: (event) => entriesCame(event),
          signal: () => {},
          lied: refuse,
          closed: (reason) => disconnected(reason, made),
        },
      })
      connection = made
    } catch (cause) {
      // A URL that can never work: said in `status`, not tried again.
      problem =
        cause instanceof KithError
          ? cause
          : new KithError('hub-unreachable', 'The address of the hub is malformed.', {}, cause)
      state = 'waiting to reconnect'
      changed()
    }
  }

  const disconnected = (reason: KithError, ended: HubConnection): void => {
    sentBefore += ended.sentBytes()
    receivedBefore += ended.receivedBytes()
    connection = undefined
    for (const log of logs.values()) log.close()
    logs = new Map()
    logsById = new Map()
    problem = reason
    state = 'waiting to reconnect'
    for (const waiter of [...waiters]) waiter.reject(reason)
    if (isClosed) return
    cancelTimer?.()
    cancelTimer = clock.after(shorten(crypto, waitMs), connect)
    waitMs = Math.min(waitMs * 2, longestWaitMs)
    changed()
  }

  const schedulePing = (on: HubConnection): void => {
    cancelTimer?.()
    cancelTimer = clock.after(pingMs, () => {
      if (connection !== on) return
      on.pull([]).catch(() => {})
      schedulePing(on)
    })
  }

  const openAll = (spaces: readonly SyncSpace[]): void => {
    const on = connection
    if (!on || state !== 'connected') return
    const fresh = spaces.flatMap((space) => {
      const log = logs.has(space.n) ? undefined : space.log()
      return log ? [{ space, log }] : []
    })
    if (fresh.length === 0) return
    for (const { space, log } of fresh) {
      const sync = createLogSync({
        hub: hub.n,
        connection: on,
        space,
        log,
        crypto,
        clock,
        refuse,
        settled: wakeWaiters,
      })
      logs.set(space.n, sync)
      logsById.set(toHex(log.id), sync)
    }
    on.open(fresh.map(({ log }) => log.wish)).then(
      (results) => {
        for (const [index, result] of results.entries()) {
          const space = fresh[index]?.space as SyncSpace
          if (result instanceof KithError) {
            refuse(result)
            logs.delete(space.n)
          } else logs.get(space.n)?.opened(result.generation)
        }
      },
      () => {},
    )
  }

  const entriesCame = (event: HubEntries): void => logsById.get(toHex(event.log))?.entriesCame(event)

  const deliverParcels = (on: HubConnection): void => {
    for (const parcel of source.parcels(hub.n)) {
      const log = policyToLogId(parcel.policy, crypto)
      on.open([{ policy: parcel.policy, rights: [{ right: 'write', seed: parcel.seed }] }])
        .then(([result]) => {
          if (result instanceof KithError) throw result
          return on.put(log, parcel.lane, [parcel.bytes])
        })
        .then(() => {
          source.parcelDelivered(hub.n, parcel.n)
          wakeWaiters()
        })
        .catch((cause) => {
          if (cause instanceof KithError && cause.code !== 'closed' && connection === on) refuse(cause)
        })
    }
  }

  const wakeWaiters = (): void => {
    for (const waiter of [...waiters]) waiter.run()
    changed()
  }

  /** Waits for a condition that only this link's events can bring about. */
  const until = (isDone: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const waiter = {
        run: () => {
          if (!isDone()) return
          waiters.delete(waiter)
          resolve()
        },
        reject: (error: KithError) => {
          waiters.delete(waiter)
          reject(error)
        },
      }
      waiters.add(waiter)
      waiter.run()
    })

  connect()

  return {
    wake: (space) => {
      const known = logs.get(space)
      if (known) known.send('own')
      else openAll(source.spaces())
    },
    wakeParcels: () => {
      if (connection && state === 'connected') deliverParcels(connection)
    },
    synced: async (space) => {
      await until(() => logs.get(space)?.isCaughtUp() === true)
      await logs.get(space)?.pullNow()
      logs.get(space)?.send('all')
      const found = source.spaces().find(({ n }) => n === space)
      await until(() => found !== undefined && found.pending(hub.n) === 0)
    },
    parcelsDelivered: () => until(() => state === 'connected' && source.parcels(hub.n).length === 0),
    status: () => ({
      state,
      problem,
      refused,
      sentBytes: sentBefore + (connection?.sentBytes() ?? 0),
      receivedBytes: receivedBefore + (connection?.receivedBytes() ?? 0),
    }),
    isCaughtUp: (space) => logs.get(space)?.isCaughtUp() === true,
    close: () => {
      isClosed = true
      cancelTimer?.()
      connection?.close()
    },
  }
}

/** Between half and all of `ms`. */
const shorten = (crypto: Crypto, ms: number): number => (ms / 2) * (1 + (crypto.randomBytes(1)[0] as number) / 255)
