import { toBase32 } from '@kith/core/bytes'
import type { Step } from '../../shared/script.ts'
import { createMeddler, meddlings } from '../meddling.ts'
import { type Acts, chosen, type World } from '../world.ts'

/** The first hub may break and lose everything, but it is honest; the second may be anything. */
const honest = 0

const cut = (world: World, { who, what }: Step): void => {
  const [device, hub] = [chosen(world.devices, who), chosen(world.hubs, what)]
  if (device && hub) world.wires.cut(device.name, hub.name)
}

const isolate = (world: World, { who }: Step): void => {
  const device = chosen(world.devices, who)
  if (device) for (const hub of world.hubs) world.wires.cut(device.name, hub.name)
}

const heal = (world: World, { who }: Step): void => {
  const device = chosen(world.devices, who)
  if (device) for (const hub of world.hubs) world.wires.heal(device.name, hub.name)
}

const crash = (world: World, { who }: Step): void => {
  chosen(world.devices, who)?.crash()
}

const start = (world: World, { who }: Step): void => {
  void chosen(
    world.devices.filter((device) => !device.isOn()),
    who,
  )?.start()
}

const restart = (world: World, { who }: Step): void => {
  const device = chosen(world.devices, who)
  device?.crash()
  void device?.start()
}

const backup = (world: World, { who }: Step): void => {
  const device = chosen(world.devices, who)
  const copy = device?.disk.copy()
  if (device && copy) world.backups.set(device, { copy, atMs: world.timeline.now() })
}

/** An old backup: what was written since, and had reached nobody, is gone; the device's chains fork. */
const restoreBackup = (world: World, { who }: Step): void => {
  const device = chosen([...world.backups.keys()], who)
  const backup = device && world.backups.get(device)
  if (!device || !backup) return
  device.crash()
  device.disk.restore(backup.copy)
  world.count('restored backup')
  const others = world.devices.filter((other) => other !== device)
  world.ledger.lostDisk(device.name, backup.atMs, (id) => others.some((other) => hasRow(other.disk.read, id)))
  void device.start()
}

const hasRow = (read: (sql: string) => Record<string, unknown>[], id: string): boolean => {
  const [table] = read("SELECT 1 FROM sqlite_schema WHERE name = 'org.example.simulation/tasks'")
  if (!table) return false
  return read('SELECT id FROM "org.example.simulation/tasks"').some((row) => toBase32(row['id'] as Uint8Array) === id)
}

const jump = (world: World, { who, how }: Step): void => {
  chosen(world.devices, who)?.setSkew((how % 1_200_001) - 600_000)
}

const lose = (world: World, { who }: Step): void => {
  const device = chosen(world.devices, who)
  if (device) world.wires.lose({ device: device.name })
}

const slow = (world: World, { how }: Step): void => world.wires.setDelay([20, 60, 300, 3000][how % 4] as number)

const crashHub = (world: World, { who }: Step): void => {
  const hub = chosen(world.hubs, who)
  hub?.crash()
  if (hub) world.wires.lose({ hub: hub.name })
}

const startHub = (world: World, { who }: Step): void => chosen(world.hubs, who)?.start()

const wipeHub = (world: World, { who }: Step): void => {
  const hub = chosen(world.hubs, who)
  hub?.wipe()
  if (hub) world.wires.lose({ hub: hub.name })
  world.count('hub wiped')
}

const meddle = (world: World, { who, what, how }: Step): void => {
  const hub = chosen(world.hubs.slice(honest + 1), who)
  const victim = chosen(world.devices, what)
  if (!hub || !victim) return
  const meddling = chosen([undefined, ...meddlings], how)
  hub.meddler = meddling && createMeddler(meddling, world.dice, victim.name)
  if (meddling) world.count(`hub ${meddling}s`)
}

const forkHub = (world: World, { who, what }: Step): void => {
  const hub = chosen(world.hubs.slice(honest + 1), who)
  if (!hub) return
  hub.fork(new Set(world.devices.filter((_, n) => (n + what) % 2 === 0).map(({ name }) => name)))
  world.wires.lose({ hub: hub.name })
  world.count('hub forks')
}

const forgetHub = (world: World, { who, how }: Step): void => {
  const hub = chosen(world.hubs.slice(honest + 1), who)
  hub?.forget((at) => (at * 7 + how) % 5 === 0)
  if (hub) world.count('hub forgets')
}

export const faults: Acts = {
  cut: { weight: 4, act: cut },
  isolate: { weight: 3, act: isolate },
  heal: { weight: 6, act: heal },
  crash: { weight: 2, act: crash },
  start: { weight: 4, act: start },
  restart: { weight: 4, act: restart },
  backup: { weight: 3, act: backup },
  restoreBackup: { weight: 1, act: restoreBackup },
  jump: { weight: 2, act: jump },
  lose: { weight: 2, act: lose },
  slow: { weight: 2, act: slow },
  crashHub: { weight: 1, act: crashHub },
  startHub: { weight: 3, act: startHub },
  wipeHub: { weight: 1, act: wipeHub },
  meddle: { weight: 3, act: meddle },
  forkHub: { weight: 1, act: forkHub },
  forgetHub: { weight: 1, act: forgetHub },
}
