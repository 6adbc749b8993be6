import { KithError, liveToIterable, type Peer, type Presence, type Stop } from '@kith/core'
import type { Listening } from '../port/caller.ts'
import type { ListenEvents } from '../port/messages.ts'
import { createRowsDecoder } from '../port/rows.ts'
import type { createPresenceSession, PresenceEvent } from '../worker/presence-session.ts'

type Follow = (
  events: ListenEvents<PresenceEvent> & { readonly restarted: () => void },
  session: Uint8Array,
) => Listening<ReturnType<typeof createPresenceSession>>

/** This tab in a space, whichever worker runs the engine: the others see one and the same. */
export const openRemotePresence = async (follow: Follow): Promise<Presence> => {
  const { decode, restarted } = createRowsDecoder()
  const listeners = new Set<(others: Peer[]) => void>()
  const { promise: started, resolve, reject } = Promise.withResolvers<string>()
  let others: Peer[] = []
  let state: Record<string, unknown> = {}
  let isStarted = false
  let isClosed = false

  const listening = follow(
    {
      restarted,
      failed: reject,
      event: (event) => {
        if (event.type === 'start') {
          // The worker that took over knows nothing of what was shown.
          if (isStarted) listening.session.call('set', state).catch(() => {})
          isStarted = true
          return resolve(event.id)
        }
        const decoded = decode(event.patch)
        if (!decoded) return
        others = decoded.rows as Peer[]
        for (const listener of listeners) listener([...others])
      },
    },
    crypto.getRandomValues(new Uint8Array(16)),
  )
  // A page that ends has no time to wait for an answer. The worker may have none either: then the others wait until we are silent for long.
  const leave = (): void => {
    listening.session.call('close').catch(() => {})
  }
  addEventListener('pagehide', leave)
  const id = await started.catch((cause: unknown) => {
    listening.stop()
    throw cause
  })
  const live = (listener: (others: Peer[]) => void): Stop => {
    // At once and not now, as in Node: what listens is not set up yet.
    queueMicrotask(() => {
      if (listeners.has(listener)) listener([...others])
    })
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  return {
    id,
    set: async (part) => {
      if (isClosed) throw new KithError('closed', 'This presence was closed.')
      await listening.session.call('set', part)
      state = { ...state, ...part }
    },
    others: async () => (isClosed ? [] : [...others]),
    live: ((listener?: (others: Peer[]) => void) =>
      listener ? live(listener) : liveToIterable<Peer>(live)) as Presence['live'],
    close: async () => {
      if (isClosed) return
      isClosed = true
      removeEventListener('pagehide', leave)
      listeners.clear()
      await listening.session.call('close')
      listening.stop()
    },
  }
}
