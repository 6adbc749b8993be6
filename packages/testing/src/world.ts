import type { Kith } from '@kith/core'
import { startDevice, type WorldDevice } from './device.ts'
import { createWorldHub } from './hub.ts'
import { createPace } from './pace.ts'
import { createDice, createTimeline, createWires } from './simulation/index.ts'
import { createTraffic } from './traffic.ts'

/** A device called Alice is `world.devices.alice`. */
export type DeviceKey<Name extends string> = Uncapitalize<Name>

export type WorldOptions<Name extends string> = {
  /** One device each of as many persons, who are called so. */
  readonly devices: readonly Name[]
  /** Decides keys, delays and all other chance; the same unless given, so that a test that failed fails again. */
  readonly seed?: string
  /** What clocks show at the beginning; now unless given. */
  readonly startsAt?: Date
}

/** Devices, a hub and the wires between them, in this process and in memory: the production code on virtual time. */
export type World<Name extends string> = {
  readonly devices: { readonly [N in Name as DeviceKey<N>]: Kith }
  /**
   * Lets time pass until everybody has everything: whoever is not cut off is connected, has sent what it wrote and received what others sent.
   *
   * @throws Error after ten minutes of virtual time, with who still waits for what.
   */
  readonly settle: () => Promise<void>
  /** Cuts devices off from the hub until `heal`; all of them if none is named. */
  readonly partition: (...names: readonly Name[]) => void
  /** Joins them again; all of them if none is named. */
  readonly heal: (...names: readonly Name[]) => void
  /**
   * The device loses its power in the middle of what it does, and starts again. What it had opened before is gone: use what this gives, and
   * `open` spaces again.
   */
  readonly restart: (name: Name) => Promise<Kith>
  /** The hub ends as if killed, and starts again on its storage by `startHub`. */
  readonly stopHub: () => void
  readonly startHub: () => void
  /** Lets so many milliseconds pass on all clocks, at once. */
  readonly pass: (ms: number) => Promise<void>
  /** What the clocks show. */
  readonly now: () => Date
  /** Ends it; rejects if something failed in it that no test caused. */
  readonly close: () => Promise<void>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

/** So long nothing may be on its way for a world to be at rest: reconnecting and bringing things takes less. */
const quietMs = 3_000
const settleMsMax = 10 * 60_000

/**
 * Makes a world and starts its devices.
 *
 * @throws Error if two devices would have one name.
 */
export const createWorld = async <const Name extends string>(options: WorldOptions<Name>): Promise<World<Name>> => {
  const { seed = 'world', startsAt = new Date() } = options
  const defects: unknown[] = []
  const defect = (cause: unknown): void => void defects.push(cause)
  const pace = createPace(createTimeline(defect))
  const { timeline } = pace
  const traffic = createTraffic()
  const wires = createWires(timeline, createDice(`${seed}/wires`), traffic)
  const nowMs = (): number => startsAt.getTime() + timeline.now()
  const hub = createWorldHub({ seed: `${seed}/hub`, timeline, now: nowMs, defect })
  wires.addHub(hub)
  const devices = new Map<Name, WorldDevice>()
  const isCutOff = new Set<Name>()

  const deviceOf = (name: Name): WorldDevice => {
    const device = devices.get(name)
    if (!device) throw new Error(`There is no device called ${name}; there are ${[...devices.keys()].join(', ')}.`)
    return device
  }
  const checkDefects = (): void => {
    if (defects.length > 0) throw new AggregateError(defects, 'Something failed in the world.')
  }

  /** What those who can reach the hub still wait for, in words. */
  const waiting = async (): Promise<string[]> => {
    const lines: string[] = []
    for (const [name, device] of devices) {
      if (isCutOff.has(name) || !hub.isUp()) continue
      const { hubs, pending } = await device.kith().status()
      if (!hubs.some(({ state }) => state === 'connected')) lines.push(`${name} is not connected`)
      else if (pending > 0) lines.push(`${name} has ${pending} to send`)
    }
    return lines
  }
  const settle = async (): Promise<void> => {
    const endMs = timeline.now() + settleMsMax
    for (;;) {
      const before = traffic.count()
      await pace.pass(quietMs)
      checkDefects()
      const lines = await waiting()
      if (lines.length === 0 && traffic.count() === before) return
      if (timeline.now() > endMs) throw new Error(`The world did not settle: ${lines.join('; ') || 'it never rests'}.`)
    }
  }

  const close = async (): Promise<void> => {
    // In order, and not by a power cut: what a test has begun and not awaited ends too.
    for (const device of devices.values()) await device.kith().close()
    await pace.stop()
    for (const device of devices.values()) device.close()
    hub.close()
    checkDefects()
  }
  const named = (names: readonly Name[]): readonly Name[] => {
    for (const name of names) deviceOf(name)
    return names.length === 0 ? [...devices.keys()] : names
  }

  try {
    for (const name of options.devices) {
      if (devices.has(name)) throw new Error(`Two devices are called ${name}.`)
      devices.set(name, await startDevice({ name, hubs: [hub.url], timeline, wires, seed, now: nowMs }))
    }
  } catch (cause) {
    await close()
    throw cause
  }
  const kiths = {}
  for (const [name, device] of devices)
    Object.defineProperty(kiths, `${name[0]?.toLowerCase()}${name.slice(1)}`, { get: device.kith, enumerable: true })

  return {
    devices: kiths as World<Name>['devices'],
    settle,
    partition: (...names) => {
      for (const name of named(names)) {
        isCutOff.add(name)
        wires.cut(name, hub.name)
        wires.lose({ device: name })
      }
    },
    heal: (...names) => {
      for (const name of named(names)) {
        isCutOff.delete(name)
        wires.heal(name, hub.name)
      }
    },
    restart: (name) => deviceOf(name).restart(),
    stopHub: () => {
      hub.stop()
      wires.lose({ hub: hub.name })
    },
    startHub: hub.start,
    pass: pace.pass,
    now: () => new Date(nowMs()),
    close,
    [Symbol.asyncDispose]: close,
  }
}
