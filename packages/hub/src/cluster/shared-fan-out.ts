/**
 * The fan-out between processes: what one commits goes through a transport to those of the others whose clients have the log open. The
 * transport may lose what it likes, for numbers tell: a follower that sees a gap reads the store, and what nobody was told of is found by
 * asking the store now and then, each second while the transport is down. The store is right; this only makes it fast.
 */
import type { Clock } from '@kith/core/ports'
import { createLocalFanOut, type FanOut, type FanOutEvent } from '../fan-out.ts'
import type { Heads } from '../store/hub-storage.ts'
import { StoreFailure } from '../store/entry-store.ts'
import { bytesToEvent, eventToBytes } from './event-bytes.ts'

/** Carries bytes to the other processes, at most once, in the order of each sender. Never waits; drops what it cannot send. */
export type Transport = {
  readonly isConnected: () => boolean
  readonly payloadBytesMax: () => number
  readonly publish: (logKey: string, bytes: Uint8Array) => void
  readonly subscribe: (logKey: string, listener: (bytes: Uint8Array) => void) => () => void
  readonly close: () => Promise<void>
}

export type SharedFanOut = FanOut & {
  /** To be called when the transport is back: something may have been missed. */
  readonly lookSoon: () => void
  readonly close: () => void
}

const lookMs = 1000
/** With a transport that works, the store is asked about a log shortly after somebody follows it, and then each quarter of a minute. */
const settleMs = 500
const looksBetween = 15
/** With very many logs open the looks are rarer: what they find is rare, and each log costs a look-up. */
const logsPerSecond = 2000

export function createSharedFanOut(transport: Transport | undefined, heads: Heads, clock: Clock): SharedFanOut {
  const local = createLocalFanOut()
  const logs = new Map<string, { subscribers: number; readonly unsubscribe: () => void }>()
  /** Subscribed to so short a time ago that the transport may not have known yet. */
  const fresh = new Map<string, number>()
  let looks = 0
  let isLooking = false
  let isClosed = false
  let cancel = clock.after(lookMs, tick)

  function hear(logKey: string, bytes: Uint8Array): void {
    const event = bytesToEvent(bytes)
    if (event !== undefined) local.publish(logKey, event)
  }

  function tick(): void {
    looks += 1
    void look().finally(() => {
      if (!isClosed) cancel = clock.after(lookMs, tick)
    })
  }

  async function look(): Promise<void> {
    if (isLooking) return
    isLooking = true
    try {
      const enough = Math.max(looksBetween, logs.size / logsPerSecond)
      const isAll = transport?.isConnected() !== true || looks >= enough
      if (isAll) looks = 0
      const now = clock.monotonic()
      const settled = [...fresh].filter(([, at]) => now - at >= settleMs).map(([key]) => key)
      for (const key of settled) fresh.delete(key)
      await tellHeads(isAll ? [...logs.keys()] : settled.filter((key) => logs.has(key)))
    } finally {
      isLooking = false
    }
  }

  async function tellHeads(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return
    try {
      for (const [key, lanes] of await heads(keys)) {
        lanes.forEach((last, lane) => {
          if (last > 0) local.publish(key, { kind: 'news', lane: lane as 0 | 1 | 2 | 3, last })
        })
      }
    } catch (cause) {
      // Whoever reads or writes is told; the next look tries again, and looks at all.
      if (!(cause instanceof StoreFailure)) throw cause
      looks = Number.POSITIVE_INFINITY
    }
  }

  return {
    subscribe(logKey, listener) {
      const leave = local.subscribe(logKey, listener)
      const log = logs.get(logKey) ?? {
        subscribers: 0,
        unsubscribe: transport?.subscribe(logKey, (bytes) => hear(logKey, bytes)) ?? (() => {}),
      }
      if (log.subscribers === 0) fresh.set(logKey, clock.monotonic())
      log.subscribers += 1
      logs.set(logKey, log)
      return () => {
        leave()
        log.subscribers -= 1
        if (log.subscribers > 0) return
        log.unsubscribe()
        logs.delete(logKey)
        fresh.delete(logKey)
      }
    },

    publish(logKey, event) {
      local.publish(logKey, event)
      if (transport?.isConnected() !== true) return
      const bytes = eventToBytes(event)
      if (bytes.length <= transport.payloadBytesMax()) transport.publish(logKey, bytes)
      else if (event.kind === 'entries') transport.publish(logKey, eventToBytes(toNews(event)))
    },

    lookSoon() {
      looks = Number.POSITIVE_INFINITY
      void look()
    },

    isConnected: () => transport?.isConnected() === true,

    close() {
      isClosed = true
      cancel()
    },
  }
}

/** Too large to send: the others read it from the store. */
const toNews = ({ lane, last }: FanOutEvent & { kind: 'entries' }): FanOutEvent => ({ kind: 'news', lane, last })
