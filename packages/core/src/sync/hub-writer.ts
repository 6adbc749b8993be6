import { KithError, toHex } from '../bytes/index.ts'
import type { Signing } from '../ports/index.ts'
import { type Lane, policyToLogId, type StoredEntries } from '../wire/index.ts'
import { connectHub, type HubConnection, type HubConnectionOptions, type OpenWish } from './hub-connection.ts'

/** Opens a log with the rights of `wish`, and appends to it. Rejects with 'hub-refused' and the connection's end. */
export type PutWish = (
  wish: OpenWish,
  lane: Lane,
  entries: readonly Uint8Array[],
  covers?: readonly Uint8Array[],
) => Promise<StoredEntries>

/**
 * Writing apart from reading: each log is written to on a connection that was made for that, opens nothing else, shows no ticket and no key
 * but the log's, and ends when all is stored.
 */
export type HubWriter = {
  readonly put: PutWish
  readonly sentBytes: () => number
  readonly receivedBytes: () => number
  readonly close: () => void
}

type Trip = { readonly connection: HubConnection; readonly opened: Promise<void>; flying: number }

export const createHubWriter = (options: Omit<HubConnectionOptions, 'events' | 'resume'>): HubWriter => {
  /** By log id in hexadecimal. */
  const trips = new Map<string, Trip>()
  let [sentBytes, receivedBytes] = [0, 0]
  let isClosed = false

  const start = (wish: OpenWish): Trip => {
    if (isClosed) throw new KithError('closed', 'The connection to the hub ended.')
    const events = { opened: () => {}, entries: () => {}, signal: () => {}, closed: () => {} }
    const connection = connectHub({ ...options, events })
    const rights = wish.rights.filter(({ right }) => right === 'write')
    return { connection, opened: open(connection, { ...wish, rights }), flying: 0 }
  }
  const end = (name: string, trip: Trip): void => {
    if (trips.get(name) === trip) trips.delete(name)
    sentBytes += trip.connection.sentBytes()
    receivedBytes += trip.connection.receivedBytes()
    trip.connection.close()
  }

  return {
    put: async (wish, lane, entries, covers = []) => {
      const log = policyToLogId(wish.policy, options.crypto)
      const name = toHex(log)
      const trip = trips.get(name) ?? start(wish)
      trips.set(name, trip)
      trip.flying += 1
      try {
        await trip.opened
        return await trip.connection.put(log, lane, entries, { covers })
      } finally {
        trip.flying -= 1
        if (trip.flying === 0) end(name, trip)
      }
    },
    sentBytes: () => sentBytes,
    receivedBytes: () => receivedBytes,
    close: () => {
      isClosed = true
      for (const { connection } of trips.values()) connection.close()
    },
  }
}

/** All on one connection. */
export const putOn =
  (connection: HubConnection, crypto: Signing): PutWish =>
  async (wish, lane, entries) => {
    await open(connection, wish)
    return connection.put(policyToLogId(wish.policy, crypto), lane, entries)
  }

/** What a connection shows of a log that others write to. */
export const toReadingWish = (wish: OpenWish): OpenWish => ({
  ...wish,
  rights: wish.rights.filter(({ right }) => right === 'read'),
})

const open = async (connection: HubConnection, wish: OpenWish): Promise<void> => {
  const [opened] = await connection.open([wish])
  if (opened instanceof KithError) throw opened
}
