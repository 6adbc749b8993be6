import { equalBytes, KithError } from '../bytes/index.ts'
import { type OpenWish, connectHub, type HubConnection, type HubEntries } from '../sync/index.ts'
import type { Engine } from './engine.ts'

/** A connection of its own that reads the membership lane of logs, once each: what somebody needs who is no member yet. */
export type LogReader = {
  /** @throws KithError `hub-unreachable`, `hub-refused`, `too-large`. */
  readonly read: (wish: OpenWish) => Promise<Uint8Array[]>
  readonly close: () => void
}

/** How long one hub may take for all that a joiner needs before the next is asked. */
const readMs = 15_000
/** The membership of thousands; what a hub sends beyond is not kept in memory. */
const readBytesMax = 64 * 1024 * 1024

type Reading = {
  readonly log: Uint8Array
  readonly entries: Uint8Array[]
  readonly done: PromiseWithResolvers<void>
  bytes: number
}

/** @throws KithError `bad-link`, `insecure-url`. */
export const createLogReader = (engine: Engine, url: string): LogReader => {
  const { network, clock, crypto } = engine.platform
  let reading: Reading | undefined
  let ended: KithError | undefined

  const end = (cause: KithError): void => {
    ended ??= cause
    cancel()
    reading?.done.reject(ended)
    connection.close()
  }
  const entriesCame = ({ log, entries, caughtUp }: HubEntries): void => {
    if (!reading || !equalBytes(reading.log, log)) return
    for (const { bytes } of entries) {
      reading.entries.push(bytes.slice())
      reading.bytes += bytes.length
    }
    if (reading.bytes > readBytesMax) end(new KithError('too-large', 'The hub sends more than a membership can be.'))
    else if (caughtUp) reading.done.resolve()
  }

  const connection: HubConnection = connectHub({
    url,
    network,
    clock,
    crypto,
    events: { opened: () => {}, entries: entriesCame, signal: () => {}, closed: end },
  })
  const cancel = clock.after(readMs, () =>
    end(new KithError('hub-unreachable', 'The hub took too long to answer. Try again later.', { readMs })),
  )

  const read = async (wish: OpenWish): Promise<Uint8Array[]> => {
    const [log] = await connection.open([wish])
    if (!log || log instanceof KithError) throw log ?? new KithError('hub-refused', 'The hub did not open the log.')
    const mine: Reading = { log: log.log, entries: [], done: Promise.withResolvers<void>(), bytes: 0 }
    mine.done.promise.catch(() => {})
    reading = mine
    const [accepted] = await connection.pull([{ log: log.log, lane: 0 }])
    if (accepted instanceof KithError) throw accepted
    await mine.done.promise
    return mine.entries
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
