import { createMembership } from '@kith/core/membership'
import { createDice } from '@kith/testing/simulation'
import type { Outcome, Script, Step } from '../shared/script.ts'
import { createTrace } from '../shared/trace.ts'
import { hostile } from './attackers/index.ts'
import type { Acts } from './honest/act.ts'
import { honest } from './honest/index.ts'
import { checkAll, checkScene } from './promises/index.ts'
import { checkDenials } from './promises/cuts.ts'
import { checkEpochs } from './promises/epochs.ts'
import { checkIncremental } from './promises/one-verdict.ts'
import { checkSingles } from './promises/single-changes.ts'
import { createScene } from './scene/begin.ts'
import type { CreateMembership } from './scene/scene.ts'
import { nameOf } from './scene/names.ts'

const acts: Acts = { ...honest, ...hostile }

/** Most stories need people with rights who know of each other: these come first. */
const opening = ['grant', 'grant', 'grant', 'grant', 'invite', 'meet', 'meet', 'meet', 'content', 'meet', 'content']

/** The story that a seed tells: honest devices do what programs do, others whatever comes to mind. */
export const growRulesScript = (seed: string, length: number): Script => {
  const dice = createDice(`${seed}/steps`)
  const draw = (from: Acts): string => {
    const names = Object.keys(from)
    const total = names.reduce((sum, name) => sum + (from[name]?.weight ?? 0), 0)
    let at = (dice.roll(1_000_000) / 1_000_000) * total
    for (const name of names) {
      at -= from[name]?.weight ?? 0
      if (at < 0) return name
    }
    return names[0] as string
  }
  const hostility = dice.pick([0, 0.25, 0.5])
  const steps = Array.from({ length }, (_, n): Step => {
    const name = opening[n] ?? draw(dice.chance(hostility) ? hostile : honest)
    return {
      do: name,
      who: n < opening.length && name !== 'meet' && name !== 'content' ? 0 : dice.roll(1000),
      what: dice.roll(1_000_000),
      how: 0,
      ms: 0,
    }
  })
  return { level: 'rules', seed, steps }
}

/** How often one device is looked at closely. */
const looksEverySteps = 16

export const runRules = async (
  script: Script,
  show?: (line: string) => void,
  create: CreateMembership = createMembership,
): Promise<Outcome> => {
  const trace = createTrace(show)
  const scene = createScene(script.seed, create)
  try {
    for (const step of script.steps) {
      const found = acts[step.do]
      const isHostile = found !== undefined && hostile[step.do] === found
      const able = scene.actors.filter((actor) => !isHostile || actor.isHostile || step.do === 'steal')
      const actor = able[step.who % Math.max(1, able.length)]
      const dice = createDice(`${script.seed}/${step.do}/${step.what}`)
      const before = scene.changes.length + scene.contents.length
      if (actor && found) {
        found.act(scene, actor, dice)
        scene.count(step.do)
        checkDenials(scene, actor)
        checkEpochs(scene, actor)
        if (scene.step % looksEverySteps === 0) checkIncremental(scene, actor, dice)
        if (scene.step % (2 * looksEverySteps) === 0) {
          checkAll(scene, actor, dice)
          checkSingles(scene, actor, dice)
        }
      }
      const fresh = [...scene.changes, ...scene.contents].slice(
        -(scene.changes.length + scene.contents.length - before) || Infinity,
      )
      trace.note(`${scene.step} ${step.do} ${actor?.name} ${fresh.map((change) => nameOf(scene, change)).join()}`)
      scene.step += 1
      if (scene.violations.length > 0) break
    }
    if (scene.violations.length === 0) {
      const dice = createDice(`${script.seed}/end`)
      checkScene(scene, dice)
      for (const actor of scene.actors.slice(0, 1)) checkSingles(scene, actor, dice)
    }
  } catch (cause) {
    scene.violate('no defect', cause instanceof Error ? (cause.stack ?? cause.message) : String(cause))
  }
  for (const change of [...scene.changes, ...scene.contents]) trace.noteBytes('', change.hash)
  return { hash: trace.hash(), violations: scene.violations, counts: scene.counts }
}
