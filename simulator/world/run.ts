import { createDice } from '@kith/testing/simulation'
import type { Outcome, Script, Step } from '../shared/script.ts'
import { createTrace } from '../shared/trace.ts'
import { giveAccount } from './account.ts'
import { simApp } from './app.ts'
import { checkAtRest, checkAlways } from './promises.ts'
import { contacts } from './steps/contacts.ts'
import { devices } from './steps/devices.ts'
import { faults } from './steps/faults.ts'
import { hostile } from './steps/hostile.ts'
import { people } from './steps/people.ts'
import { writing } from './steps/writing.ts'
import { type Acts, createWorld, type World } from './world.ts'

const acts: Acts = { ...writing, ...faults, ...people, ...devices, ...hostile, ...contacts }

/** The story that a seed tells: people come together first, then anything happens. */
export const growWorldScript = (seed: string, length: number): Script => {
  const dice = createDice(`${seed}/steps`)
  const names = Object.keys(acts)
  const total = names.reduce((sum, name) => sum + (acts[name]?.weight ?? 0), 0)
  const draw = (): string => {
    let at = (dice.roll(1_000_000) / 1_000_000) * total
    for (const name of names) {
      at -= acts[name]?.weight ?? 0
      if (at < 0) return name
    }
    return names[0] as string
  }
  const steps = Array.from({ length }, (_, n): Step => {
    const isEarly = n < 4
    return {
      do: isEarly ? 'join' : draw(),
      who: dice.roll(1000),
      what: isEarly ? 0 : dice.roll(10_000),
      how: dice.roll(2_000_000),
      // Mostly quick, so that things overlap; sometimes long enough for all of it to settle.
      ms: isEarly ? 3000 : dice.chance(0.1) ? dice.roll(40_000) : dice.chance(0.5) ? dice.roll(30) : dice.roll(1500),
    }
  })
  return { level: 'world', seed, steps }
}

/** How often all bytes of the hubs are looked through: it is dear. */
const leaksEverySteps = 25

export const runWorld = async (script: Script, show?: (line: string) => void): Promise<Outcome> => {
  const trace = createTrace(show)
  const world = createWorld(script.seed, trace)
  const unhandled = (cause: unknown): void =>
    world.violate('no defect', `unhandled: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`)
  process.on('unhandledRejection', unhandled)
  try {
    await begin(world)
    for (const step of script.steps) {
      trace.note(`${world.timeline.now()} step ${world.step} ${step.do}`)
      await acts[step.do]?.act(world, step)
      await world.timeline.pass(step.ms)
      world.step += 1
      if (world.step % leaksEverySteps === 0) checkAlways(world)
      if (world.violations.length > 0) break
    }
    if (world.violations.length === 0) await checkAtRest(world)
    if (show && world.violations.length > 0) for (const line of giveAccount(world)) show(line)
    world.counts['events'] = world.timeline.events()
    return { hash: trace.hash(), violations: world.violations, counts: world.counts }
  } finally {
    process.off('unhandledRejection', unhandled)
    for (const device of world.devices) device.close()
    for (const hub of world.hubs) hub.close()
  }
}

const begin = async (world: World): Promise<void> => {
  for (const device of world.devices) {
    await world.timeline.until(device.start(), 1000)
    const phrase = await device.kith()?.recoveryPhrase()
    if (phrase !== undefined) world.phrases.set(device.person, phrase)
  }
  const [founder] = world.devices
  const kith = founder?.kith()
  if (!founder || !kith) return
  const made = await world.timeline.until(kith.createSpace(simApp, { name: 'planted home' }), 1000)
  if (!made || !('value' in made)) return world.violate('no defect', 'no space was made')
  world.spaceId = made.value.id
  world.planted.push('planted home', 'org.example.simulation', 'person 0', ...world.phrases.values())
  founder.enter(made.value)
  await world.timeline.pass(2000)
}
