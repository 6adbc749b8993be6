import type { Lane } from '@kith/core/wire'

/** What passes from one connection of a hub to the others of a log. Plain data, so that it can cross processes. */
export type FanOutEvent =
  | {
      readonly kind: 'entries'
      readonly lane: Lane
      /** Numbers of the first and last entry in the frame; those between are all in it. */
      readonly first: number
      readonly last: number
      /** An `entries` message with request 0, the same bytes for every follower. */
      readonly frame: Uint8Array
      /** The connection that put them: it gets no echo. */
      readonly from: string
    }
  | {
      /** The store has numbers of the lane up to `last`: whoever lacks some finds them there. */
      readonly kind: 'news'
      readonly lane: Lane
      readonly last: number
    }
  | {
      readonly kind: 'signal'
      /** A listener's name in hexadecimal; undefined for all. */
      readonly to: string | undefined
      readonly frame: Uint8Array
      readonly from: string
    }

type Listener = (event: FanOutEvent) => void

export type FanOut = {
  /** `logKey` is a log's id in hexadecimal. Returns what ends the subscription. */
  readonly subscribe: (logKey: string, listener: Listener) => () => void
  /** Reaches the subscribers of now, in the order of publishing; at most once. Followers find what they missed in the store. */
  readonly publish: (logKey: string, event: FanOutEvent) => void
  /** Whether what passes between processes does so at once; absent where there is one process. */
  readonly isConnected?: () => boolean
}

/** The default: everybody is in this process, and is called at once. */
export function createLocalFanOut(): FanOut {
  /** Most logs have one subscriber, which needs no set. */
  const subscribers = new Map<string, Listener | Set<Listener>>()
  return {
    subscribe(logKey, listener) {
      const before = subscribers.get(logKey)
      if (before === undefined) subscribers.set(logKey, listener)
      else if (before instanceof Set) before.add(listener)
      else subscribers.set(logKey, new Set([before, listener]))
      return () => {
        const now = subscribers.get(logKey)
        if (now instanceof Set) {
          now.delete(listener)
          if (now.size === 0) subscribers.delete(logKey)
        } else if (now === listener) subscribers.delete(logKey)
      }
    },
    publish(logKey, event) {
      const now = subscribers.get(logKey)
      if (now instanceof Set) for (const listener of now) listener(event)
      else now?.(event)
    },
  }
}
