import { toHex } from '../../bytes/index.ts'
import type { PresenceMessage } from '../../keys/index.ts'
import {
  presenceClockMsMax,
  presenceExpiryMs,
  presenceSessionsMax,
  presenceSessionsPerDeviceMax,
} from '../../limits/index.ts'
import type { Cancel, Clock } from '../../ports/index.ts'

/** A session of another device, as it was heard last. */
export type HeardPeer = Pick<PresenceMessage, 'device' | 'session' | 'since'> & {
  readonly state: object
  /** Its time: nothing before it, and it no second time, is taken. */
  readonly time: number
  /** By the monotonic clock. */
  readonly heardAt: number
  readonly isGone: boolean
}

/** Others' sessions: within bounds, each message once, until they leave or fall silent. */
export type Peers = {
  /** Whether a message would be taken: it is not too old, not a replay, and there is room. Costs nothing. */
  readonly isNews: (message: PresenceMessage) => boolean
  /** Takes a message whose signature and author were checked; `state` is what its text says. */
  readonly take: (message: PresenceMessage, state: object) => void
  readonly present: () => HeardPeer[]
  readonly close: () => void
}

export type PeersInput = {
  readonly clock: Clock
  /** Milliseconds since 1970, as hubs have corrected them. */
  readonly nowMs: () => number
  readonly changed: () => void
}

export const createPeers = ({ clock, nowMs, changed }: PeersInput): Peers => {
  /** By device and session. Those that are gone stay until their messages are too old to be taken: else one replayed brought them back. */
  const sessions = new Map<string, HeardPeer>()
  let cancel: Cancel | undefined

  const keyOf = ({ device, session }: Pick<HeardPeer, 'device' | 'session'>): string => toHex(device) + toHex(session)
  const isTimely = (time: number): boolean => Math.abs(time - nowMs()) <= presenceClockMsMax
  const isPresent = ({ isGone }: HeardPeer): boolean => !isGone

  const forgetOld = (): void => {
    for (const [key, peer] of sessions) if (peer.isGone && !isTimely(peer.time)) sessions.delete(key)
  }
  const hasRoom = (device: Uint8Array): boolean => {
    forgetOld()
    if (sessions.size >= presenceSessionsMax) return false
    const prefix = toHex(device)
    let own = 0
    for (const key of sessions.keys()) if (key.startsWith(prefix)) own += 1
    return own < presenceSessionsPerDeviceMax
  }

  /** Looks after whoever has been silent longest when that has been too long. */
  const watch = (): void => {
    if (cancel) return
    const first = Math.min(...[...sessions.values()].filter(isPresent).map(({ heardAt }) => heardAt))
    if (first === Number.POSITIVE_INFINITY) return
    cancel = clock.after(first + presenceExpiryMs - clock.monotonic(), () => {
      cancel = undefined
      expire()
      watch()
    })
  }
  const expire = (): void => {
    const limit = clock.monotonic() - presenceExpiryMs
    const silent = [...sessions].filter(([, peer]) => isPresent(peer) && peer.heardAt <= limit)
    for (const [key, peer] of silent) sessions.set(key, { ...peer, isGone: true })
    if (silent.length > 0) changed()
  }

  return {
    isNews: (message) => {
      if (!isTimely(message.time)) return false
      const known = sessions.get(keyOf(message))
      return known ? message.time > known.time : hasRoom(message.device)
    },
    take: ({ type, device, session, since, time }, state) => {
      const key = keyOf({ device, session })
      const known = sessions.get(key)
      const isGone = type === 'gone'
      const wasPresent = known !== undefined && isPresent(known)
      // Views of a message are kept as copies.
      const kept = known ?? { device: device.slice(), session: session.slice(), since: Math.min(since, time) }
      const { device: by, session: one, since: from } = kept
      sessions.set(key, { device: by, session: one, since: from, state, time, heardAt: clock.monotonic(), isGone })
      watch()
      if (wasPresent || !isGone) changed()
    },
    present: () => [...sessions.values()].filter(isPresent),
    close: () => {
      cancel?.()
      cancel = () => {}
      sessions.clear()
    },
  }
}
