import { type LiveListener, liveToIterable, type RowsPatch, type Stop } from '@kith/core'
import type { ListenEvents } from '../port/messages.ts'
import { createRowsDecoder } from '../port/rows.ts'
import { rethrow } from './remote.ts'

type Listen = (events: ListenEvents<RowsPatch> & { restarted: () => void }) => { readonly stop: () => void }

/** A live query: with a listener what stops it, without one something to iterate over. */
export const startLive = (
  listen: Listen,
  listener: LiveListener<object> | undefined,
  failed: (error: unknown) => void = rethrow,
): Stop | AsyncIterable<object[]> => {
  const start = (tell: LiveListener<object>, fail: (error: unknown) => void): Stop => {
    const { decode, restarted } = createRowsDecoder()
    const event = (patch: RowsPatch): void => {
      const decoded = decode(patch)
      if (decoded) tell(decoded.rows, decoded.patch)
    }
    return listen({ event, failed: fail, restarted }).stop
  }
  return listener ? start(listener, failed) : liveToIterable(start)
}
