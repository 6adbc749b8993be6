import type { Channel, Connection as Served } from '@kith/hub'
import type { Connection, ConnectionEvents, Network } from '@kith/core/ports'
import type { Dice } from './dice.ts'
import type { Timeline } from './timeline.ts'

/** A hub as its clients meet it. */
export type WiredHub = {
  readonly name: string
  readonly url: string
  /** Undefined while the hub is down. */
  readonly accept: (device: string, channel: Channel) => Served | undefined
}

/** Is told all that goes over the wires. */
export type WireTrace = {
  readonly note: (what: string) => void
  readonly noteBytes: (what: string, bytes: Uint8Array) => void
}

/** All connections between devices and hubs. Each keeps the order of its messages, as WebSocket does; between connections there is none. */
export type Wires = {
  /** The network as one run of the program on a device has it. */
  readonly network: (device: string, isAlive: () => boolean) => Network
  readonly addHub: (hub: WiredHub) => void
  /** Nothing passes between the two until `heal`; a connection that waits too long dies, as at a router that forgets it. */
  readonly cut: (device: string, hub: string) => void
  readonly heal: (device: string, hub: string) => void
  readonly healAll: () => void
  /** Ends the connections of a device or a hub. What is on its way is lost on one side or on both. */
  readonly lose: (end: { device?: string; hub?: string }) => void
  /** Milliseconds that a message takes at most. */
  readonly setDelay: (mostMs: number) => void
}

type Way = {
  readonly queue: { at: number; frame: Uint8Array | 'end' }[]
  bytes: number
  isPumping: boolean
  lastAt: number
}

type Wire = {
  readonly device: string
  readonly hub: string
  readonly up: Way
  readonly down: Way
  isOver: boolean
  readonly end: (reason: string) => void
  readonly flush: () => void
}

const createWay = (): Way => ({ queue: [], bytes: 0, isPumping: false, lastAt: 0 })
const connectTimeoutMs = 10_000

export const createWires = (timeline: Timeline, dice: Dice, trace: WireTrace): Wires => {
  const hubs = new Map<string, WiredHub>()
  const wires = new Set<Wire>()
  const cuts = new Set<string>()
  let delayMs = 60
  const pair = (device: string, hub: string): string => `${device}|${hub}`
  const isCut = ({ device, hub }: Wire): boolean => cuts.has(pair(device, hub))
  const delay = (): number => dice.between(1, delayMs)

  /** Hands over what is due on one way, in order; stops where the pair is cut and goes on when that ends. */
  const pump = (wire: Wire, way: Way, deliver: (frame: Uint8Array | 'end') => void): void => {
    if (way.isPumping || way.queue.length === 0 || wire.isOver) return
    way.isPumping = true
    timeline.after(Math.max(0, (way.queue[0] as { at: number }).at - timeline.now()), () => {
      way.isPumping = false
      if (wire.isOver || isCut(wire)) return
      const next = way.queue.shift()
      if (next === undefined) return
      if (next.frame !== 'end') way.bytes -= next.frame.length
      deliver(next.frame)
      pump(wire, way, deliver)
    })
  }
  const enqueue = (way: Way, frame: Uint8Array | 'end'): void => {
    way.lastAt = Math.max(way.lastAt, timeline.now() + delay())
    // The sender may go on using its buffer, and one push goes to many.
    way.queue.push({ at: way.lastAt, frame: frame === 'end' ? frame : frame.slice() })
    if (frame !== 'end') way.bytes += frame.length
  }

  const connect = (device: string, isAlive: () => boolean, url: string, events: ConnectionEvents): Connection => {
    const hub = hubs.get(url)
    let served: Served | undefined
    /** The hub does not read while it has too much to do. */
    let isPaused = false
    const held: Uint8Array[] = []
    const deliverUp = (frame: Uint8Array | 'end'): void => {
      if (frame === 'end') return wire.end('closed by the client')
      trace.noteBytes(`${timeline.now()} ${device}>${wire.hub}`, frame)
      if (isPaused) held.push(frame)
      else served?.receive(frame)
    }
    const deliverDown = (frame: Uint8Array | 'end'): void => {
      if (frame === 'end') return wire.end('closed by the hub')
      trace.noteBytes(`${timeline.now()} ${wire.hub}>${device}`, frame)
      if (isAlive()) events.received(frame)
      if (wire.down.bytes === 0) served?.drained()
    }
    const wire: Wire = {
      device,
      hub: hub?.name ?? url,
      up: createWay(),
      down: createWay(),
      isOver: false,
      end: (reason) => {
        if (wire.isOver) return
        wire.isOver = true
        wires.delete(wire)
        trace.note(`${timeline.now()} ${device}|${wire.hub} ends: ${reason}`)
        served?.closed()
        if (isAlive()) events.closed(reason)
      },
      flush: () => {
        pump(wire, wire.up, deliverUp)
        pump(wire, wire.down, deliverDown)
      },
    }
    wires.add(wire)
    const open = (): void => {
      if (wire.isOver) return
      if (!isAlive()) return wire.end('the device is gone')
      if (isCut(wire)) {
        timeline.after(connectTimeoutMs, () => wire.end('the hub does not answer'))
        return
      }
      served = hub?.accept(device, {
        send: (frame) => {
          if (wire.isOver) return
          enqueue(wire.down, frame)
          wire.flush()
        },
        bufferedBytes: () => wire.down.bytes,
        pause: () => {
          isPaused = true
        },
        resume: () => {
          isPaused = false
          for (const frame of held.splice(0)) served?.receive(frame)
        },
        end: () => {
          if (wire.isOver) return
          enqueue(wire.down, 'end')
          wire.flush()
        },
      })
      if (served === undefined) return wire.end('the hub cannot be reached')
      events.opened()
    }
    timeline.after(delay(), open)
    return {
      send: (frame) => {
        if (wire.isOver || served === undefined) return
        enqueue(wire.up, frame)
        wire.flush()
      },
      bufferedBytes: () => wire.up.bytes,
      close: () => {
        if (wire.isOver) return
        if (served === undefined || !isAlive()) return void timeline.after(0, () => wire.end('closed'))
        enqueue(wire.up, 'end')
        wire.flush()
      },
    }
  }

  const healPair = (key: string): void => {
    if (!cuts.delete(key)) return
    for (const wire of wires) if (pair(wire.device, wire.hub) === key) wire.flush()
  }

  return {
    network: (device, isAlive) => ({ connect: (url, events) => connect(device, isAlive, url, events) }),
    addHub: (hub) => hubs.set(hub.url, hub),
    cut: (device, hub) => {
      cuts.add(pair(device, hub))
      for (const wire of wires) {
        if (wire.device !== device || wire.hub !== hub) continue
        // Some connections outlive a short break; most routers forget them sooner or later.
        timeline.after(dice.between(200, 90_000), () => {
          if (isCut(wire)) wire.end('the network is gone')
        })
      }
    },
    heal: (device, hub) => healPair(pair(device, hub)),
    healAll: () => {
      for (const key of cuts) healPair(key)
    },
    lose: ({ device, hub }) => {
      for (const wire of wires) {
        if ((device ?? wire.device) === wire.device && (hub ?? wire.hub) === wire.hub)
          wire.end('the connection was lost')
      }
    },
    setDelay: (mostMs) => {
      delayMs = mostMs
    },
  }
}
