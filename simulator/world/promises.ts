import { findLeaks } from './leaks.ts'
import { difference, showDevice } from './state.ts'
import type { SimDevice } from './device.ts'
import type { World } from './world.ts'

/** What holds after each step. Defects and what events throw are noted where they happen. */
export const checkAlways = async (world: World, isThorough: boolean): Promise<void> => {
  if (!isThorough) return
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
  for (const hub of hubs) hub.start()
  for (const device of devices) await timeline.until(device.start(), 5000)
  for (const [key, text] of world.texts) {
    world.texts.delete(key)
    await timeline.until(
      text.close().catch(() => {}),
      5000,
    )
  }
  const start = timeline.now()
  let shown: string[][] = []
  let settled: SimDevice[] = []
  for (;;) {
    await timeline.pass(pieceMs)
    const passed = timeline.now() - start
    if (passed < leastMs) continue
    settled = await homes(world)
    shown = await showAll(world, settled)
    if (shown.every((lines) => difference(shown[0] as string[], lines) === '') || passed > mostMs) break
  }
  for (const lines of shown.slice(0, 1)) world.trace.note(lines.join('\n'))
  for (const [n, lines] of shown.entries()) {
    const differs = difference(shown[0] as string[], lines)
    if (differs) world.violate('convergence', `${settled[0]?.name} and ${settled[n]?.name}:\n${differs}`)
  }
  await checkLedger(world, settled)
  if (world.violations.length === 0) await checkOuts(world, settled)
  await checkAlways(world, true)
}

/** Devices of those who are in, by the word of the founder's device. */
const homes = async (world: World): Promise<SimDevice[]> => {
  const here = world.devices.filter((device) => device.home() !== undefined)
  const [founder] = here
  const found = await world.timeline.until(founder?.home()?.members() ?? Promise.resolve([]), 1000)
  const members = new Set(found && 'value' in found ? found.value.map(({ address }) => address) : [])
  return here.filter((device) => members.has(device.address()))
}

const showAll = async (world: World, devices: readonly SimDevice[]): Promise<string[][]> => {
  const all: string[][] = []
  for (const device of devices) {
    const shown = await world.timeline.until(showDevice(device), 1000)
    all.push(shown && 'value' in shown ? shown.value : [`cannot be read: ${JSON.stringify(shown)}`])
  }
  return all
}

/** One after another: each moves virtual time a little. */
const readEach = async <T>(devices: readonly SimDevice[], read: (device: SimDevice) => Promise<T>): Promise<T[]> => {
  const all: T[] = []
  for (const device of devices) all.push(await read(device))
  return all
}

/** Who is out reads nothing that is written from now on, and what he wrote unseen shows nowhere; who is in reads all of it. */
const checkOuts = async (world: World, ins: readonly SimDevice[]): Promise<void> => {
  const { timeline, devices } = world
  const outs = devices.filter((device) => device.home() !== undefined && !ins.includes(device))
  const secrets: string[] = []
  for (const [n, device] of ins.entries()) {
    const title = `secret after all ${n}`
    const written = await timeline.until(device.home()?.tables.tasks.insert({ title }) ?? Promise.resolve(''), 60_000)
    if (written && 'value' in written) secrets.push(title)
    else if (device.person === 0) world.violate('members may write', `${device.name}: ${JSON.stringify(written)}`)
  }
  const titlesOf = async (device: SimDevice): Promise<Set<string>> => {
    const found = await timeline.until(
      device.home()?.query((q) => q.selectFrom('tasks').select(['id', 'title'])) ?? Promise.resolve([]),
      1000,
    )
    return new Set(found && 'value' in found ? found.value.flatMap(({ id, title }) => [id, title]) : [])
  }
  // A clock that was ahead once dates what comes after it ahead too: others wait for that (up to ten minutes here).
  for (let passed = 0; passed < 15 * 60_000; passed += 60_000) {
    await timeline.pass(60_000)
    const known = await readEach(ins, titlesOf)
    if (passed >= 60_000 && known.every((titles) => secrets.every((title) => titles.has(title)))) break
  }
  for (const device of ins) {
    const titles = await titlesOf(device)
    for (const title of secrets)
      if (!titles.has(title)) world.violate('members read on', `${device.name} lacks "${title}"`)
    for (const entry of world.ledger.everything()) {
      const isSeen = world.banished.get(entry.person)
      if (isSeen && !isSeen(entry) && titles.has(entry.id))
        world.violate('no unauthorised effect', `${device.name} shows ${entry.id} of removed person ${entry.person}`)
    }
  }
  for (const device of outs) {
    const titles = await titlesOf(device)
    for (const title of secrets)
      if (titles.has(title)) world.violate('who is out reads nothing', `${device.name} has "${title}"`)
  }
  if (outs.length > 0) world.count('world with somebody out')
}

/** Nothing acknowledged is lost. */
const checkLedger = async (world: World, devices: readonly SimDevice[]): Promise<void> => {
  for (const device of devices) {
    const found = await world.timeline.until(
      device.home()?.query((q) => q.selectFrom('tasks').select(['id', 'notes'])) ?? Promise.resolve([]),
      1000,
    )
    const rows = found && 'value' in found ? found.value : []
    const notes = new Map(rows.map(({ id, notes: text }) => [id, text]))
    for (const entry of world.ledger.rows())
      if (!notes.has(entry.id))
        world.violate('nothing lost', `${device.name} lacks row ${entry.id} of ${entry.device} at ${entry.atMs}`)
    for (const entry of world.ledger.chars())
      if (notes.has(entry.id) && !notes.get(entry.id)?.includes(entry.char))
        world.violate('nothing lost', `${device.name} lacks ${entry.char} of ${entry.device} in ${entry.id}`)
  }
}
