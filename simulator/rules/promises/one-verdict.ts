import { toHex } from '@kith/core/bytes'
import { type Change, kinds } from '@kith/core/change'
import type { Membership } from '@kith/core/membership'
import { compare, evaluate, showMembership, split } from './evaluate.ts'
import { pastOf, references } from './past.ts'
import { judge, judgementToText } from '../scene/learn.ts'
import { nameOf } from '../scene/names.ts'
import type { Actor, Scene } from '../scene/scene.ts'
import type { Dice } from '@kith/testing/simulation'

/** What a device came to change by change is what the set gives from scratch, in any order. */
export const checkIncremental = (scene: Scene, actor: Actor, dice: Dice): void => {
  const [changes, contents] = split(actor.known)
  const fresh = evaluate(scene, actor.known, dice)
  const shown = (membership: Membership) => showMembership(scene, membership, changes, contents)
  compare(scene, 'a set has one verdict', `${actor.name} and from scratch`, shown(actor.membership), shown(fresh))
}

/** What a change's own past says of it is said by that past alone: no set that holds more says otherwise. */
export const checkPurity = (
  scene: Scene,
  { name, membership, known }: Pick<Actor, 'name' | 'membership' | 'known'>,
  dice: Dice,
): void => {
  for (let n = 0; n < 4 && known.length > 0; n += 1) {
    const change = dice.pick(known)
    const past = pastOf(scene, change)
    if (
      [...past].some((key) => !known.some(({ hash }) => toHex(hash) === key)) ||
      references(change).some((key) => !scene.byKey.has(key))
    )
      continue
    const alone = evaluate(scene, [...known.filter(({ hash }) => past.has(toHex(hash))), change], undefined)
    const [small, large] = [alone, membership].map((evaluator) =>
      change.header.kind >= kinds.data
        ? judgementToText(judge({ membership: evaluator }, change))
            .split(' ')
            .slice(0, 2)
            .join(' ')
        : verdictCode(evaluator, change),
    ) as [string, string]
    // Cuts that have come since may leave it outside; but what its own past forbids stays forbidden, for the same reason.
    const isLater = isVoid.test(large) && (/^(applied|allowed)/.test(small) || isVoid.test(small))
    if (small !== large && !isLater)
      scene.violate(
        'a verdict is of its own past',
        `${name}: ${nameOf(scene, change)} is ${large}, by its own past ${small}`,
      )
  }
}

/** Reasons that come from the set, not from the change. */
const isVoid = /outside|rests-on-void|bad-schema/

const verdictCode = (membership: Membership, { hash }: Change): string => {
  const verdict = membership.verdictOf(hash)
  return typeof verdict === 'object' ? verdict.code : String(verdict)
}
