import type { Platform } from '@kith/core/ports'
import { createTimelineClock } from './clock.ts'
import { compression } from './compression.ts'
import { createSeededCrypto } from './crypto.ts'
import type { Disk } from './disk.ts'
import type { Timeline } from './timeline.ts'
import type { Wires } from './wires.ts'

export type SimulatedRun = {
  readonly device: string
  readonly timeline: Timeline
  readonly wires: Wires
  readonly disk: Disk
  /** Decides all randomness; another one for each run of the program. */
  readonly seed: string
  /** What the device's clock shows, in milliseconds. */
  readonly now: () => number
  /** Whether this run goes on: nothing that a dead one does has an effect. */
  readonly isAlive: () => boolean
}

/** The platform of one run of the program on one device: virtual time, seeded chance, wires, and a disk that outlives the run. */
export const createSimulatedPlatform = ({
  device,
  timeline,
  wires,
  disk,
  seed,
  now,
  isAlive,
}: SimulatedRun): Platform => ({
  clock: createTimelineClock(timeline, now, isAlive),
  crypto: createSeededCrypto(seed),
  compression,
  network: wires.network(device, isAlive),
  openDatabase: () => disk.open(isAlive),
})
