import { createKith, type Kith } from '@kith/core'
import type { Platform } from '@kith/core/ports'
import { createDisk, createSimulatedPlatform, type SimulatedRun } from './simulation/index.ts'

/** One installation, whose program can end at any moment and be started again on what its disk has. */
export type WorldDevice = {
  readonly name: string
  /** The person as the running program has it. */
  readonly kith: () => Kith
  /** The power goes, and comes back: what was acknowledged is there again. */
  readonly restart: () => Promise<Kith>
  readonly close: () => void
}

export type WorldDeviceOptions = Pick<SimulatedRun, 'timeline' | 'wires' | 'seed' | 'now'> & {
  readonly name: string
  readonly hubs: readonly string[]
  /** How the program begins on an empty disk; a new person unless given. */
  readonly first?: (platform: Platform) => Promise<Kith>
}

export const startDevice = async (options: WorldDeviceOptions): Promise<WorldDevice> => {
  const { name, hubs, timeline, wires, seed, now, first } = options
  const disk = createDisk()
  let life = 0
  const begin = (open: (platform: Platform) => Promise<Kith>): Promise<Kith> => {
    life += 1
    const mine = life
    return open(
      createSimulatedPlatform({
        device: name,
        timeline,
        wires,
        disk,
        seed: `${seed}/${name}/${mine}`,
        now,
        isAlive: () => life === mine,
      }),
    )
  }
  const end = (): void => {
    life += 1
    disk.crash()
    wires.lose({ device: name })
  }
  const open = (platform: Platform): Promise<Kith> => createKith(platform, { hubs, name })
  let kith = await begin(first ?? open)
  return {
    name,
    kith: () => kith,
    restart: async () => {
      end()
      kith = await begin(open)
      return kith
    },
    close: () => {
      end()
      disk.close()
    },
  }
}
