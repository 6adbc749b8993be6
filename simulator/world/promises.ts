import { type Annals, readAnnals } from './annals.ts'
import type { SimDevice } from './device.ts'
import { findLeaks } from './leaks.ts'
import { type Broken, findDifferences, findEffects, findLost, type View, viewAll } from './views.ts'
import type { World } from './world.ts'

/** What holds after each step. Defects and what events throw are noted where they happen. */
export const checkAlways = (world: World): void => {
  for (const leak of findLeaks(world.hubs, world.devices, world.planted)) world.violate('blind hub', leak)
}

const pieceMs = 30_000
/** Over the five minutes for which a change from a clock that is ahead waits, twice: clocks differ by up to 20. */
const leastMs = 6 * 60_000
const mostMs = 40 * 60_000

/** When faults end, everything comes to rest: and then all of it is the same everywhere, and nothing that was promised is missing. */
export const checkAtRest = async (world: World): Promise<void> => {
  const { timeline, wires, hubs, devices } = world
  wires.healAll()
  wires.setDelay(60)
  for (const hub of hubs) {
    hub.giveRoom()
    wires.lose({ hub: hub.name })
  }
  for (const device of devices) await timeline.until(device.start(), 5000)
  for (const [key, text] of world.texts) {
    world.texts.delete(key)
    await timeline.until(
      text.close().catch(() => {}),
      5000,
    )
  }
  const start = timeline.now()
  let ins: SimDevice[] = []
  let views: View[] = []
  let broken: Broken[] = []
  for (;;) {
    await timeline.pass(pieceMs)
    const passed = timeline.now() - start
    if (passed < leastMs) continue
    ins = await findIns(world)
    views = await viewAll(
      world,
      ins.filter((device) => device.home()),
    )
    broken = findBroken(world, ins, views)
    if (passed > mostMs || broken.length === 0) break
  }
  for (const { shown } of views.slice(0, 1)) world.trace.note(shown.join('\n'))
  for (const { promise, detail } of broken) world.violate(promise, detail)
  const homes = views.map(({ device }) => device)
  if (world.violations.length === 0) await checkSecrets(world, homes)
  checkAlways(world)
}

const findBroken = (world: World, ins: readonly SimDevice[], views: readonly View[]): Broken[] => {
  const annals = annalsOf(world)
  const without = ins.filter((device) => device.home() === undefined && !isListCut(device))
  return [
    ...without.map(({ name }) => ({ promise: 'devices have the spaces of their person', detail: name })),
    ...findDifferences(annals, world.forged, views),
    ...findLost(annals, world.ledger, world.forged, views),
    ...findEffects(annals, views),
  ]
}

/**
 * The list of a person's spaces is content like any other: of a device that was revoked it holds what the revoking one had seen. A hub that lost everything just then
 * leaves little of it.
 */
const isListCut = ({ disk }: SimDevice): boolean =>
  disk.read(`SELECT 1 FROM held JOIN space ON space.n = held.space
    WHERE space.app = 'org.kith.home' AND held.code = 'outside-device-cut'`).length > 0

const annalsOf = ({ devices, spaceId }: World): Annals => readAnnals(devices, spaceId ?? '')

/** Devices of those who are in, by the word of one of the founder's, and that their persons have not ended. */
const findIns = async (world: World): Promise<SimDevice[]> => {
  const { isRevoked } = annalsOf(world)
  const live = world.devices.filter((device) => device.kith() && !isRevoked(device))
  const founder = live.find((device) => device.person === 0 && device.home())
  const found = await world.timeline.until(founder?.home()?.members() ?? Promise.resolve([]), 1000)
  const members = new Set(found && 'value' in found ? found.value.map(({ address }) => address) : [])
  return live.filter((device) => members.has(device.address()))
}

/** Who is out reads nothing that is written from now on; who is in reads all of it. */
const checkSecrets = async (world: World, ins: readonly SimDevice[]): Promise<void> => {
  const { timeline, devices } = world
  const outs = devices.filter((device) => device.home() !== undefined && !ins.includes(device))
  const secrets: string[] = []
  for (const [n, device] of ins.entries()) {
    const title = `secret after all ${n}`
    const written = await timeline.until(device.home()?.tables.tasks.insert({ title }) ?? Promise.resolve(''), 60_000)
    if (written && 'value' in written) secrets.push(title)
    else if (device.person === 0) world.violate('members may write', `${device.name}: ${JSON.stringify(written)}`)
  }
  const lackingOf = async (device: SimDevice): Promise<string[]> => {
    const query = device.home()?.query((q) => q.selectFrom('tasks').select('title')) ?? Promise.resolve([])
    const found = await timeline.until(query, 1000)
    const titles = new Set(found && 'value' in found ? found.value.map(({ title }) => title) : [])
    return secrets.filter((title) => !titles.has(title))
  }
  // A clock that was ahead once dates what comes after it ahead too: others wait for that (up to ten minutes here).
  for (let passed = 0, lacking = 1; passed < 15 * 60_000 && lacking > 0; passed += 60_000) {
    await timeline.pass(60_000)
    lacking = 0
    for (const device of ins) lacking += (await lackingOf(device)).length
  }
  for (const device of ins)
    for (const title of await lackingOf(device)) world.violate('members read on', `${device.name} lacks "${title}"`)
  for (const device of outs) {
    const lacking = await lackingOf(device)
    if (lacking.length < secrets.length) world.violate('who is out reads nothing', `${device.name} reads on`)
  }
  if (outs.length > 0) world.count('world with somebody out')
}
