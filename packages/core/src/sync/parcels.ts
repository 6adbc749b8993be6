import { KithError } from '../bytes/index.ts'
import type { Cancel, Clock, Crypto } from '../ports/index.ts'
import { createBackOff } from './back-off.ts'
import type { PutWish } from './hub-writer.ts'
import type { Parcel, SyncSource } from './source.ts'

/** Brings sealed entries to logs that are no space's own. */
export type Parcels = {
  readonly deliver: () => void
  readonly close: () => void
}

export type ParcelsOptions = {
  readonly hub: number
  readonly put: PutWish
  readonly source: SyncSource
  readonly crypto: Crypto
  readonly clock: Clock
  readonly refuse: (error: KithError) => void
  readonly settled: () => void
  readonly failed: (cause: unknown) => void
}

const firstRestMs = 1_000
const longestRestMs = 5 * 60_000

export const createParcels = (options: ParcelsOptions): Parcels => {
  const { hub, put, source, crypto, clock, refuse, settled, failed } = options
  const flying = new Set<number>()
  const rest = createBackOff(crypto, firstRestMs, longestRestMs)
  let cancelRest: Cancel | undefined
  let isClosed = false

  const send = async ({ policy, seed, lane, bytes }: Parcel): Promise<void> => {
    await put({ policy, rights: [{ right: 'write', seed }] }, lane, [bytes])
  }

  const deliver = (): void => {
    if (isClosed || cancelRest) return
    for (const parcel of source.parcels(hub)) {
      if (flying.has(parcel.n)) continue
      flying.add(parcel.n)
      send(parcel)
        .then(
          () => {
            if (isClosed) return
            source.parcelDelivered(hub, parcel.n)
            rest.reset()
            settled()
          },
          (cause) => {
            if (isClosed) return
            if (!(cause instanceof KithError)) throw cause
            refuse(cause)
            cancelRest ??= clock.after(rest.next(cause), () => {
              cancelRest = undefined
              deliver()
            })
          },
        )
        .catch(failed)
        .finally(() => flying.delete(parcel.n))
    }
  }

  return {
    deliver: () => {
      try {
        deliver()
      } catch (cause) {
        failed(cause)
      }
    },
    close: () => {
      isClosed = true
      cancelRest?.()
    },
  }
}
