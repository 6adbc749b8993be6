/** What must hold of every set of changes, whoever wrote them. */
import { toHex } from '@kith/core/bytes'
import type { Change } from '@kith/core/change'
import { checkApps } from './apps.ts'
import { checkCuts, checkDenials, checkDeviceCuts, checkFounder } from './cuts.ts'
import { checkEpochs } from './epochs.ts'
import { compare, evaluate, showMembership, split } from './evaluate.ts'
import { checkInvites } from './invites.ts'
import { checkIncremental, checkPurity } from './one-verdict.ts'
import { checkRanks } from './ranks.ts'
import { checkUnsupported, checkWithdrawals } from './rules.ts'
import { checkShield } from './shield.ts'
import { learn } from '../scene/learn.ts'
import type { Actor, Scene } from '../scene/scene.ts'
import type { Dice } from '@kith/testing/simulation'

/** After all has come to all, in orders of their own. */
export const checkScene = (scene: Scene, dice: Dice): void => {
  const all = [...scene.changes, ...scene.contents]
  const [changes, contents] = split(all)
  const fresh = evaluate(scene, all, undefined)
  const shown = showMembership(scene, fresh, changes, contents)
  for (let n = 0; n < 2; n += 1)
    compare(
      scene,
      'a set has one verdict',
      `order ${n}`,
      shown,
      showMembership(scene, evaluate(scene, all, dice), changes, contents),
    )
  for (const [n, actor] of dice.shuffle(scene.actors).entries()) {
    // Each costs as much as all that it knows.
    if (n < 2) checkIncremental(scene, actor, dice)
    for (let lacking = lackingOf(scene, actor); lacking.length > 0; lacking = lackingOf(scene, actor))
      learn(scene, actor, dice.shuffle(lacking).slice(0, 1 + dice.roll(lacking.length)))
    checkDenials(scene, actor)
    compare(
      scene,
      'a set has one verdict',
      `${actor.name} at the end`,
      shown,
      showMembership(scene, actor.membership, changes, contents),
    )
  }
  const whole = { name: 'all', membership: fresh, known: all }
  checkAll(scene, whole, dice)
  scene.count(`members ${fresh.members().length}`)
}

const lackingOf = (scene: Scene, { knownKeys }: Actor): Change[] =>
  [...scene.changes, ...scene.contents].filter(({ hash }) => !knownKeys.has(toHex(hash)))

export const checkAll = (scene: Scene, at: Pick<Actor, 'name' | 'membership' | 'known'>, dice: Dice): void => {
  checkEpochs(scene, at)
  checkRanks(scene, at)
  checkCuts(scene, at)
  checkDeviceCuts(scene, at)
  checkFounder(scene, at)
  checkShield(scene, at)
  checkInvites(scene, at)
  checkApps(scene, at)
  checkWithdrawals(scene, at)
  checkUnsupported(scene, at)
  checkPurity(scene, at, dice)
}
