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
  for (;;) {
    await timeline.pass(pieceMs)
    const passed = timeline.now() - start
    if (passed < leastMs) continue
    shown = await showAll(world, homes(world))
    if (shown.every((lines) => difference(shown[0] as string[], lines) === '') || passed > mostMs) break
  }
  for (const lines of shown.slice(0, 1)) world.trace.note(lines.join('\n'))
  const settled = homes(world)
  for (const [n, lines] of shown.entries()) {
    const differs = difference(shown[0] as string[], lines)
    if (differs) world.violate('convergence', `${settled[0]?.name} and ${settled[n]?.name}:\n${differs}`)
  }
  await checkLedger(world, settled)
  await checkAlways(world, true)
}

const homes = ({ devices }: World): SimDevice[] => devices.filter((device) => device.home() !== undefined)

const showAll = async (world: World, devices: readonly SimDevice[]): Promise<string[][]> => {
  const all: string[][] = []
  for (const device of devices) {
    const shown = await world.timeline.until(showDevice(device), 1000)
    all.push(shown && 'value' in shown ? shown.value : [`cannot be read: ${JSON.stringify(shown)}`])
  }
  return all
}

/** Nothing acknowledged is lost. */
const checkLedger = async (world: World, devices: readonly SimDevice[]): Promise<void> => {
  for (const device of devices) {
    const found = await world.timeline.until(
      device.home()?.query((q) => q.selectFrom('tasks').select(['id', 'notes'])) ?? Promise.resolve([]),
      1000,
    )
    const rows = found && 'value' in found ? found.value : []
    const notes = new Map(rows.map(({ id, notes: text }) => [id, text as unknown as string]))
    for (const entry of world.ledger.rows())
      if (!notes.has(entry.id))
        world.violate('nothing lost', `${device.name} lacks row ${entry.id} of ${entry.device} at ${entry.atMs}`)
    for (const entry of world.ledger.chars())
      if (notes.has(entry.id) && !notes.get(entry.id)?.includes(entry.char))
        world.violate('nothing lost', `${device.name} lacks ${entry.char} of ${entry.device} in ${entry.id}`)
  }
}
