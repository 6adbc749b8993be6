import { equalBytes, KithError } from '../bytes/index.ts'
import { type Cursor, connectHub, type OpenWish, type HubConnection, type HubEntries } from '../sync/index.ts'
import type { Engine } from './engine.ts'

/** A connection of its own that reads the membership lane of logs, once each: what somebody needs who is no member yet. */
export type LogReader = {
  /** @throws KithError `hub-unreachable`, `hub-refused`, `too-large`. */
  readonly read: (wish: OpenWish) => Promise<ReadLog>
  readonly close: () => void
}

export type ReadLog = {
  readonly log: Uint8Array
  readonly entries: readonly Uint8Array[]
  /** Behind the last of them. */
  readonly cursor: Cursor | undefined
  /** Why another hub that was asked too did not answer: it may have more. */
  readonly problem: KithError | undefined
}

/** How long one hub may be silent, and how long it may take for all that a joiner needs, before the next is asked. */
const silenceMs = 15_000
const readMs = 120_000
/** The membership of thousands, in all logs together; what a hub sends beyond is not kept in memory. */
const readBytesMax = 64 * 1024 * 1024

type Reading = {
  readonly log: Uint8Array
  readonly entries: Uint8Array[]
  readonly done: PromiseWithResolvers<void>
  cursor: Cursor | undefined
}

/** @throws KithError `bad-link`, `insecure-url`. */
export const createLogReader = (engine: Pick<Engine, 'platform'>, url: string): LogReader => {
  const { network, clock, crypto } = engine.platform
  let reading: Reading | undefined
  let bytesRead = 0
  let ended: KithError | undefined

  const end = (cause: KithError): void => {
    ended ??= cause
    cancel()
    cancelSilence()
    reading?.done.reject(ended)
    connection.close()
  }
  const entriesCame = ({ log, generation, entries, caughtUp }: HubEntries): void => {
    if (!reading || !equalBytes(reading.log, log)) return
    listen()
    for (const { bytes, n, id } of entries) {
      reading.entries.push(bytes.slice())
      reading.cursor = { generation: generation.slice(), n, id: id.slice() }
      bytesRead += bytes.length
    }
    if (bytesRead > readBytesMax) end(new KithError('too-large', 'The hub sends more than a membership can be.'))
    else if (caughtUp) reading.done.resolve()
  }

  const connection: HubConnection = connectHub({
    url,
    network,
    clock,
    crypto,
    events: { opened: () => {}, entries: entriesCame, signal: () => {}, closed: end },
  })
  const tooLong = (): void =>
    end(new KithError('hub-unreachable', 'The hub took too long to answer. Try again later.', { silenceMs, readMs }))
  const cancel = clock.after(readMs, tooLong)
  let cancelSilence = clock.after(silenceMs, tooLong)
  const listen = (): void => {
    cancelSilence()
    cancelSilence = clock.after(silenceMs, tooLong)
  }

  const read = async (wish: OpenWish): Promise<ReadLog> => {
    listen()
    const [log] = await connection.open([wish])
    if (!log || log instanceof KithError) throw log ?? new KithError('hub-refused', 'The hub did not open the log.')
    const mine: Reading = { log: log.log, entries: [], done: Promise.withResolvers<void>(), cursor: undefined }
    mine.done.promise.catch(() => {})
    reading = mine
    const [accepted] = await connection.pull([{ log: log.log, lane: 0 }])
    if (accepted instanceof KithError) throw accepted
    await mine.done.promise
    return { log: log.log, entries: mine.entries, cursor: mine.cursor, problem: undefined }
  }

  return {
    read: async (wish) => {
      try {
        if (ended) throw ended
        return await read(wish)
      } catch (cause) {
        // The first end says why; what else fails then only follows from it.
        throw ended ?? cause
      }
    },
    close: () => end(new KithError('closed', 'The connection to the hub was closed.')),
  }
}

/**
 * Reads at all of these hubs side by side, each log as they have it together: one may have lost what another has. It has no cursors.
 *
 * @throws KithError where no hub answers: of one of them.
 */
export const createHubsReader = (platform: Engine['platform'], urls: readonly string[]): LogReader => {
  let problem: KithError | undefined
  /** One hub that is gone, or whose address cannot be used, keeps nobody from the others. */
  const passOver = (cause: unknown): [] => {
    if (!(cause instanceof KithError)) throw cause
    problem = cause
    return []
  }
  const open = (url: string): LogReader[] => {
    try {
      return [createLogReader({ platform }, url)]
    } catch (cause) {
      return passOver(cause)
    }
  }
  const readers = [...new Set(urls)].flatMap(open)
  return {
    read: async (wish) => {
      const answers = await Promise.all(readers.map(({ read }) => read(wish).then((answer) => [answer], passOver)))
      const [first, ...others] = answers.flat()
      if (!first) throw problem ?? new KithError('hub-unreachable', 'No hub is named. The recovery sheet names yours.')
      const entries = [first, ...others].flatMap((answer) => answer.entries)
      return { log: first.log, entries, cursor: undefined, problem }
    },
    close: () => {
      for (const { close } of readers) close()
    },
  }
}
