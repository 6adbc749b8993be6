import type { OpenText } from '@kith/core'
import { createDice, createTimeline, createWires, type Dice, type Timeline, type Wires } from '@kith/testing/simulation'
import type { Step, Violation } from '../shared/script.ts'
import type { Trace } from '../shared/trace.ts'
import type { Thief } from './attackers/thief.ts'
import { createSimDevice, type SimDevice } from './device.ts'
import { createSimHub, type SimHub } from './hub.ts'
import { createLedger, type Ledger } from './ledger.ts'

/** Everything of one simulated world. */
export type World = {
  readonly seed: string
  readonly timeline: Timeline
  readonly trace: Trace
  /** For what happens while it runs; what is chosen beforehand stands in the steps. */
  readonly dice: Dice
  readonly wires: Wires
  readonly hubs: readonly SimHub[]
  readonly devices: readonly SimDevice[]
  /** A further device of a person, with nothing on its disk. */
  readonly addDevice: (person: number) => SimDevice
  /** What each person wrote down on the first day. */
  readonly phrases: Map<number, string>
  /** Those who have keys that they should not have, or use theirs as they should not. */
  readonly thieves: Thief[]
  /** Hashes of what they made: nobody is promised that it reaches everybody. */
  readonly forged: Set<string>
  readonly ledger: Ledger
  /** The shared space, once it was made. */
  spaceId: string | undefined
  /** Texts that no hub may ever have. */
  readonly planted: string[]
  readonly backups: Map<SimDevice, { readonly copy: Uint8Array; readonly atMs: number }>
  readonly texts: Map<string, OpenText>
  readonly violations: Violation[]
  readonly counts: Record<string, number>
  /** Steps done so far. */
  step: number
  readonly violate: (promise: string, detail: string) => void
  readonly count: (what: string) => void
}

/** What a step does to a world. Long work goes on beside the steps that follow. */
export type Act = (world: World, step: Step) => void | Promise<void>
export type Acts = Readonly<Record<string, { readonly weight: number; readonly act: Act }>>

export const createWorld = (seed: string, trace: Trace): World => {
  const shape = createDice(`${seed}/shape`)
  const violations: Violation[] = []
  const counts: Record<string, number> = {}
  const violate = (promise: string, detail: string): void => {
    if (violations.length < 20) violations.push({ promise, detail, step: world.step })
  }
  const defect = (cause: unknown): void =>
    violate('no defect', cause instanceof Error ? (cause.stack ?? cause.message) : String(cause))
  const timeline = createTimeline(defect)
  const dice = createDice(`${seed}/dice`)
  const wires = createWires(timeline, createDice(`${seed}/wires`), trace)
  const hubs = Array.from({ length: shape.between(1, 2) }, (_, n) =>
    createSimHub(`hub${n}`, `${seed}/hub${n}`, timeline, defect),
  )
  for (const hub of hubs) wires.addHub(hub)
  const makeDevice = (name: string, person: number, isLater: boolean): SimDevice =>
    createSimDevice({
      name,
      person,
      isLater,
      hubs: hubs.map(({ url }) => url),
      seed,
      timeline,
      wires,
      trace,
      spaceId: () => world.spaceId,
      defect,
    })
  const devices = Array.from({ length: shape.between(2, 4) }, (_, person) => {
    const device = makeDevice(`device${person}`, person, false)
    device.setSkew(shape.chance(0.5) ? 0 : shape.between(-600_000, 600_000))
    return device
  })
  const world: World = {
    seed,
    timeline,
    trace,
    dice,
    wires,
    hubs,
    devices,
    addDevice: (person) => {
      const device = makeDevice(`device${person}-${devices.length}`, person, true)
      devices.push(device)
      return device
    },
    phrases: new Map(),
    thieves: [],
    forged: new Set(),
    ledger: createLedger(),
    spaceId: undefined,
    planted: [],
    backups: new Map(),
    texts: new Map(),
    violations,
    counts,
    step: 0,
    violate,
    count: (what) => {
      counts[what] = (counts[what] ?? 0) + 1
    },
  }
  return world
}

/** Devices that are on and have the shared space. */
export const devicesAtHome = ({ devices }: World): SimDevice[] =>
  devices.filter((device) => device.home() !== undefined)

/** One of a list by a number of a step. */
export const chosen = <T>(list: readonly T[], by: number): T | undefined => list[by % Math.max(1, list.length)]
