import { equalBytes, KithError } from '../bytes/index.ts'
import type { Cancel, Clock, Crypto } from '../ports/index.ts'
import type { Lane } from '../wire/index.ts'
import type { HubConnection, HubEntries } from './hub-connection.ts'
import type { Cursor, Outgoing, SyncLog, SyncSpace } from './source.ts'

/** One space's log on one connection. */
export type LogSync = {
  /** The hub has opened the log. */
  readonly opened: (generation: Uint8Array) => void
  readonly entriesCame: (event: HubEntries) => void
  /** Sends what the hub lacks: at once what this device wrote; of others' only when the hub has shown all that it has. */
  readonly send: (whose: 'own' | 'all') => void
  /** Resolves when everything that the hub has now is here. */
  readonly pullNow: () => Promise<void>
  readonly isCaughtUp: () => boolean
  readonly close: () => void
}

export type LogSyncOptions = {
  readonly hub: number
  readonly connection: HubConnection
  readonly space: SyncSpace
  readonly log: SyncLog
  readonly crypto: Crypto
  readonly clock: Clock
  readonly refuse: (error: KithError) => void
  /** Something that callers wait for may have come about. */
  readonly settled: () => void
}

/** Membership comes before what it judges; packs before the tail that they shorten. */
const firstLane: Lane = 0
const laterLanes: readonly Lane[] = [1, 2]

/** Entries on their way at once: enough to keep a long line full, little enough that a lost connection costs little. */
const flyingBytesMax = 4 * 1024 * 1024
/** How long another's change may take to reach this hub by another way before we bring it: its author usually does. */
const bringOthersMs = 1_500
/** After a refusal (a full log, a full disk) the hub is left alone for a while. */
const refusedWaitMs = 15_000

export const createLogSync = (options: LogSyncOptions): LogSync => {
  const { hub, connection, space, log, crypto, clock, refuse, settled } = options
  const caughtUp = new Set<Lane>()
  const flying = new Set<number>()
  /** Pulls that somebody waits for, and those that ended before their number was known. */
  const answers = new Map<string, { resolve: () => void; reject: (error: KithError) => void }>()
  const ended = new Set<string>()
  let pulling = 0
  let flyingBytes = 0
  let generation: Uint8Array | undefined
  let mayTrustHub = false
  let isClosed = false
  let cancelOthers: Cancel | undefined
  let cancelRefused: Cancel | undefined
  let wanted: 'own' | 'all' | undefined

  const isCaughtUp = (): boolean => caughtUp.size === 1 + laterLanes.length

  const follow = (lanes: readonly Lane[]): void => {
    const wishes = lanes.map((lane) => {
      const cursor = space.cursor(hub, lane)
      return { log: log.id, lane, follow: true, ...(cursor ? { generation: cursor.generation, n: cursor.n } : {}) }
    })
    connection.pull(wishes).then(
      (results) => {
        for (const result of results) if (result instanceof KithError) refuse(result)
      },
      () => {},
    )
  }

  const opened: LogSync['opened'] = (named) => {
    generation = named
    const cursors = [firstLane, ...laterLanes].map((lane) => space.cursor(hub, lane))
    const isKnown = cursors.every((cursor) => cursor === undefined || equalBytes(cursor.generation, named))
    // Another generation: the hub may have lost anything, so cursors mean nothing and it has to show what it has.
    if (!isKnown || cursors.every((cursor) => cursor === undefined)) space.lost(hub)
    mayTrustHub = isKnown
    follow([firstLane])
    if (mayTrustHub) send('own')
  }

  const entriesCame: LogSync['entriesCame'] = (event) => {
    const last = event.entries.at(-1)
    if (last) {
      const cursor: Cursor = { generation: event.generation, n: last.n }
      const bytes = event.entries.map((entry) => entry.bytes)
      for (const error of space.receive(hub, event.lane, bytes, cursor)) refuse(error)
      if (isCaughtUp()) bringOthersSoon()
    }
    if (!event.caughtUp) return
    if (event.request > 0 && pulling > 0) {
      const key = `${event.request}/${event.lane}`
      const answer = answers.get(key)
      if (answer) answer.resolve()
      else ended.add(key)
    }
    if (caughtUp.has(event.lane)) return settled()
    caughtUp.add(event.lane)
    if (event.lane === firstLane) follow(laterLanes)
    if (isCaughtUp()) {
      mayTrustHub = true
      send('all')
    }
    settled()
  }

  const bringOthersSoon = (): void => {
    if (cancelOthers || isClosed) return
    // Spread over members, so that usually one of them does it.
    const wait = bringOthersMs * (1 + (crypto.randomBytes(1)[0] as number) / 128)
    cancelOthers = clock.after(wait, () => {
      cancelOthers = undefined
      send('all')
    })
  }

  const send = (whose: 'own' | 'all'): void => {
    if (isClosed || !log.mayWrite || !generation) return
    if (!mayTrustHub || cancelRefused) {
      wanted = whose === 'all' ? 'all' : (wanted ?? 'own')
      return
    }
    while (flyingBytes < flyingBytesMax) {
      const batch = space.outgoing(hub, flying, whose)
      if (batch.length === 0) return
      for (const lane of [firstLane, ...laterLanes]) {
        const entries = batch.filter((outgoing) => outgoing.lane === lane)
        if (entries.length > 0) put(lane, entries, whose)
      }
    }
  }

  const put = (lane: Lane, batch: readonly Outgoing[], whose: 'own' | 'all'): void => {
    const bytes = batch.reduce((sum, { entry }) => sum + entry.length, 0)
    flyingBytes += bytes
    for (const { segments } of batch) for (const number of segments) flying.add(number)
    const landed = (): void => {
      flyingBytes -= bytes
      for (const { segments } of batch) for (const number of segments) flying.delete(number)
    }
    connection
      .put(
        log.id,
        lane,
        batch.map(({ entry }) => entry),
      )
      .then(
        (stored) => {
          landed()
          for (const [index, outgoing] of batch.entries()) {
            const n = stored.numbers[index]
            const before = space.cursor(hub, lane)
            const follows =
              n !== undefined &&
              (before === undefined ? n === 1 : equalBytes(before.generation, stored.generation) && n === before.n + 1)
            space.delivered(
              hub,
              outgoing,
              follows && n !== undefined ? { generation: stored.generation, n } : undefined,
            )
          }
          settled()
          send(whose)
        },
        (cause) => {
          landed()
          if (isClosed || !(cause instanceof KithError)) return
          refuse(cause)
          cancelRefused ??= clock.after(refusedWaitMs, () => {
            cancelRefused = undefined
            send(wanted ?? whose)
          })
        },
      )
  }

  const pullNow = async (): Promise<void> => {
    const lanes = [firstLane, ...laterLanes]
    const wishes = lanes.map((lane) => {
      const cursor = space.cursor(hub, lane)
      return { log: log.id, lane, ...(cursor ? { generation: cursor.generation, n: cursor.n } : {}) }
    })
    pulling += 1
    try {
      const results = await connection.pull(wishes)
      const came = results.map((result, index): Promise<void> | undefined => {
        if (result instanceof KithError) throw result
        const key = `${result.request}/${lanes[index]}`
        if (!result.news || ended.delete(key)) return undefined
        return new Promise<void>((resolve, reject) => answers.set(key, { resolve, reject })).finally(() =>
          answers.delete(key),
        )
      })
      await Promise.all(came)
    } finally {
      pulling -= 1
      if (pulling === 0) ended.clear()
    }
  }

  return {
    opened,
    entriesCame,
    send,
    pullNow,
    isCaughtUp,
    close: () => {
      isClosed = true
      cancelOthers?.()
      cancelRefused?.()
      for (const answer of answers.values()) answer.reject(new KithError('closed', 'The connection to the hub ended.'))
    },
  }
}
