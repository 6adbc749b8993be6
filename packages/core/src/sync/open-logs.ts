import { KithError, toHex } from '../bytes/index.ts'
import type { Cancel, Clock, Crypto } from '../ports/index.ts'
import type { ResumeState } from '../wire/index.ts'
import type { BackOff } from './back-off.ts'
import type { HubConnection, HubEntries, OpenedHubLog, OpenWish } from './hub-connection.ts'
import { type HubWriter, toReadingWish } from './hub-writer.ts'
import { createLogSync, type LogSync, type LogSyncOptions } from './log-sync.ts'
import type { HubSignal, SyncLog, SyncSource, SyncSpace } from './source.ts'

/** The logs of all spaces on one connection to a hub: opened, kept in step, asked for again where the hub refused, let go when they are not needed. */
export type OpenLogs = {
  /** The hub answers: all are opened. */
  readonly open: () => void
  /** Of one space, those that are not open yet are opened, and those let go that are no longer needed; nothing before the hub answers. */
  readonly openOne: (space: number) => void
  /** Of one space, those that are or are being opened. */
  readonly of: (space: number) => readonly LogSync[]
  /** All logs of a space, as soon as each has shown what the hub has; undefined before. */
  readonly caughtUp: (space: number) => readonly LogSync[] | undefined
  readonly isOpen: (log: Uint8Array) => boolean
  readonly entriesCame: (event: HubEntries) => void
  readonly signalCame: (signal: Omit<HubSignal, 'hub'>) => void
  /** The hub sent what it was not asked for, or not as it was. */
  readonly lied: () => void
  readonly close: () => void
}

export type OpenLogsOptions = {
  readonly hub: number
  readonly connection: HubConnection
  /** Where writing goes apart from reading. */
  readonly writer: HubWriter | undefined
  readonly source: SyncSource
  readonly clock: Clock
  readonly crypto: Crypto
  readonly resume: ResumeState
  /** How long a log rests that the hub did not open. */
  readonly rest: BackOff
  readonly refuse: (error: KithError) => void
  readonly failed: (cause: unknown) => void
  /** A log has shown all that the hub has: the hub can be used. */
  readonly usable: () => void
  /** What somebody waits for in this space may be so now. */
  readonly settled: (space: number) => void
  /** This space has other logs on the connection than before. */
  readonly changed: (space: number) => void
}

type SpaceLogs = {
  readonly space: SyncSpace
  /** As the space gave them last. */
  readonly wanted: readonly SyncLog[]
  syncs: readonly LogSync[]
}

/** Spaces are read for so long at a stretch: somebody may be waiting for what he sees. */
const openingMs = 20

/** A log that is read in other lanes than before is opened anew. */
const nameOf = ({ id, lanes, mayWrite }: SyncLog): string => `${toHex(id)}/${lanes.join()}/${mayWrite}`

export const createOpenLogs = (options: OpenLogsOptions): OpenLogs => {
  const { hub, connection, writer, source, clock, crypto, resume, rest, refuse, failed } = options
  const spaces = new Map<number, SpaceLogs>()
  /** By log id in hexadecimal. */
  const logs = new Map<string, LogSync>()
  /** Logs that the hub did not open, with the timers after which it is asked again. */
  const resting = new Map<string, Cancel>()
  let state: 'waiting' | 'open' | 'closed' = 'waiting'
  let lies = 0

  /**
   * A space may have to be read from the disk to open its logs: of hundreds a part at a time, so that whoever asks for rows meanwhile has them, and the hub
   * answers for the first while the others are read. Who comes back has read them, and shows what the hub's tickets are for at once.
   */
  const openAll = (asked: readonly SyncSpace[] = source.spaces()): void => {
    const endMs = clock.monotonic() + (resume.tickets.length > 0 ? Number.POSITIVE_INFINITY : openingMs)
    const fresh: LogSync[] = []
    let done = 0
    for (const space of asked) {
      fresh.push(...refresh(space))
      done += 1
      if (clock.monotonic() >= endMs) break
    }
    openFresh(fresh)
    const left = asked.slice(done)
    if (left.length > 0) clock.soon(() => openSafely(left))
  }

  const openSafely = (asked?: readonly SyncSpace[]): void => {
    if (state !== 'open') return
    try {
      openAll(asked)
    } catch (cause) {
      failed(cause)
    }
  }

  /** Returns what has to be opened. */
  const refresh = (space: SyncSpace): LogSync[] => {
    const wanted = space.logs(hub)
    const known = spaces.get(space.n)
    if (known?.wanted === wanted && known.syncs.length === wanted.length) return []
    const before = new Map(known?.syncs.map((sync) => [nameOf(sync.log), sync]))
    const fresh: LogSync[] = []
    const syncs = wanted.flatMap((log) => {
      const name = nameOf(log)
      const kept = before.get(name)
      before.delete(name)
      if (kept) return [kept]
      if (resting.has(toHex(log.id))) return []
      const sync = createSync(space, log)
      fresh.push(sync)
      return [sync]
    })
    for (const sync of before.values()) letGo(sync)
    for (const sync of fresh) logs.set(toHex(sync.log.id), sync)
    spaces.set(space.n, { space, wanted, syncs })
    options.changed(space.n)
    return fresh
  }

  const openFresh = (fresh: readonly LogSync[]): void => {
    if (fresh.length === 0) return
    const toWish = writer ? toReadingWish : (wish: OpenWish): OpenWish => wish
    connection.open(fresh.map((sync) => ({ ...toWish(sync.log.wish), known: sync.known() }))).then(
      (results) => {
        if (state === 'closed') return
        for (const [index, result] of results.entries()) {
          const sync = fresh[index] as LogSync
          if (logs.get(toHex(sync.log.id)) !== sync) continue
          if (result instanceof KithError) notOpened(sync, result)
          else opened(sync, result)
        }
      },
      (cause) => state !== 'closed' && failed(cause),
    )
  }

  const opened = (sync: LogSync, { generation, standing }: OpenedHubLog): void => {
    sync.opened(generation, standing)
    if (sync.isOpen()) source.logOpened(sync.space, sync.log.id)
  }

  const notOpened = (sync: LogSync, cause: KithError): void => {
    refuse(cause)
    letGo(sync)
    for (const known of spaces.values()) {
      if (known.syncs.includes(sync)) known.syncs = known.syncs.filter((other) => other !== sync)
    }
    options.changed(sync.space)
    const name = toHex(sync.log.id)
    const cancel = clock.after(rest.next(cause), () => {
      resting.delete(name)
      openSafely()
    })
    resting.set(name, cancel)
  }

  const createSync = (space: SyncSpace, log: SyncLog): LogSync => {
    const putEntries: LogSyncOptions['putEntries'] = (lane, entries, covers = []) =>
      writer ? writer.put(log.wish, lane, entries, covers) : connection.put(log.id, lane, entries, { covers })
    const settled = (): void => {
      if (sync.isCaughtUp()) {
        rest.reset()
        options.usable()
      }
      options.settled(space.n)
    }
    const common = { hub, connection, putEntries, space, log, crypto, clock, refuse, failed }
    const sync: LogSync = createLogSync({ ...common, settled })
    return sync
  }

  const letGo = (sync: LogSync): void => {
    sync.close()
    const name = toHex(sync.log.id)
    if (logs.get(name) === sync) logs.delete(name)
  }

  return {
    open: () => {
      state = 'open'
      openAll()
    },
    openOne: (n) => {
      if (state !== 'open') return
      const space = spaces.get(n)?.space ?? source.spaces().find((other) => other.n === n)
      if (space) openFresh(refresh(space))
    },
    of: (space) => spaces.get(space)?.syncs ?? [],
    caughtUp: (space) => {
      const known = spaces.get(space)
      const isWhole = known !== undefined && known.syncs.length > 0 && known.syncs.length === known.wanted.length
      return isWhole && known.syncs.every((sync) => sync.isCaughtUp()) ? known.syncs : undefined
    },
    isOpen: (log) => logs.get(toHex(log))?.isOpen() === true,
    entriesCame: (event) => {
      const isPartial = lies > 0
      lies = 0
      logs.get(toHex(event.log))?.entriesCame(event, isPartial)
    },
    signalCame: ({ log, from, bytes }) => {
      const sync = logs.get(toHex(log))
      if (sync?.isOpen()) source.signalled(sync.space, { hub, log, from, bytes })
    },
    lied: () => {
      lies += 1
    },
    close: () => {
      state = 'closed'
      for (const log of logs.values()) log.close()
      for (const cancel of resting.values()) cancel()
    },
  }
}
