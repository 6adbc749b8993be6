import { createKith, type Kith, KithError, type Space } from '@kith/core'
import type { Platform } from '@kith/core/ports'
import { createDisk, createSimulatedPlatform, type Disk, type Timeline, type Wires } from '@kith/testing/simulation'
import type { Trace } from '../shared/trace.ts'
import { type SimApp, simApp } from './app.ts'
import { startMs } from './clock.ts'
import { findDeviceKey } from './loot.ts'

/** One installation of one person: the production core on virtual time, a disk that survives it, and a clock that is off. */
export type SimDevice = {
  readonly name: string
  readonly person: number
  readonly disk: Disk
  /** Undefined while it is off or starting. */
  readonly kith: () => Kith | undefined
  /** The shared space, if it is here. */
  readonly home: () => Space<SimApp> | undefined
  readonly enter: (space: Space<SimApp>) => void
  /** Of its person; empty before the program has run once. */
  readonly address: () => string
  readonly isOn: () => boolean
  /** Starts the program on what the disk has. One that became its person's later has nothing at first: `first` gives it a person. */
  readonly start: (first?: (platform: Platform) => Promise<Kith>) => Promise<void>
  readonly crash: () => void
  /** Counts runs of the program: what was asked of an earlier one is never answered. */
  readonly life: () => number
  /** Milliseconds that its clock is ahead. */
  readonly setSkew: (ms: number) => void
  /** The version of the app that it has. */
  app: SimApp
  readonly close: () => void
}

export type DeviceOptions = {
  readonly name: string
  readonly person: number
  /** Not the first of its person. */
  readonly isLater: boolean
  readonly hubs: readonly string[]
  readonly seed: string
  readonly timeline: Timeline
  readonly wires: Wires
  readonly trace: Trace
  readonly spaceId: () => string | undefined
  readonly defect: (cause: unknown) => void
}

export const createSimDevice = (options: DeviceOptions): SimDevice => {
  const { name, person, isLater, seed, timeline, wires, trace, spaceId, defect } = options
  const disk = createDisk()
  let lives = 0
  let isOn = false
  let skewMs = 0
  let kith: Kith | undefined
  let home: Space<SimApp> | undefined
  let address = ''

  const platformOf = (life: number): Platform =>
    createSimulatedPlatform({
      device: name,
      timeline,
      wires,
      disk,
      seed: `${seed}/${name}/${life}`,
      now: () => startMs + timeline.now() + skewMs,
      isAlive: () => isOn && life === lives,
    })

  const crash = (): void => {
    if (!isOn) return
    isOn = false
    kith = undefined
    home = undefined
    disk.crash()
    wires.lose({ device: name })
    trace.note(`${timeline.now()} ${name} crashes`)
  }

  const enterKnown = async (life: number, opened: Kith): Promise<void> => {
    const id = spaceId()
    const known = id === undefined || home ? [] : await opened.spaces()
    if (id === undefined || !known.some((space) => space.id === id)) return
    const space = await openNewest(opened, device, id)
    if (life === lives && isOn) home ??= space
  }

  const device: SimDevice = {
    name,
    person,
    disk,
    app: simApp,
    kith: () => kith,
    home: () => home,
    enter: (space) => {
      home = space
    },
    address: () => address,
    isOn: () => isOn,
    life: () => lives,
    start: async (first) => {
      if (isOn || (isLater && !first && !findDeviceKey(disk))) return
      lives += 1
      isOn = true
      const life = lives
      trace.note(`${timeline.now()} ${name} starts`)
      try {
        const begin = first ?? ((platform) => createKith(platform, { hubs: options.hubs, name: `person ${person}` }))
        const opened = await begin(platformOf(life))
        if (life !== lives || !isOn) return
        kith = opened
        address = opened.address
        await enterKnown(life, opened)
        // Its person may enter the space on another device.
        opened.liveSpaces({}, () => void enterKnown(life, opened).catch(defect))
      } catch (cause) {
        if (life !== lives || !isOn) return
        if (first && cause instanceof KithError) crash()
        else defect(cause)
      }
    },
    crash,
    setSkew: (ms) => {
      skewMs = ms
    },
    close: () => {
      crash()
      disk.close()
    },
  }
  return device
}

/** A version that this person may not publish is not installed. */
const openNewest = async (kith: Kith, device: SimDevice, id: string): Promise<Space<SimApp>> => {
  try {
    return await kith.open(device.app, id)
  } catch (cause) {
    if (!(cause instanceof KithError)) throw cause
    device.app = simApp
    return kith.open(simApp, id)
  }
}
