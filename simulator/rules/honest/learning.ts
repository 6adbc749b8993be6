import { toHex } from '@kith/core/bytes'
import { kinds } from '@kith/core/change'
import { encodeMerge } from '@kith/core/membership'
import { type Act, rankOf } from './act.ts'
import { learn } from '../scene/learn.ts'
import { write } from '../scene/write.ts'

/** Some of what it lacks arrives, in any order. */
export const deliver: Act = (scene, actor, dice) => {
  const lacking = [...scene.changes, ...scene.contents].filter(({ hash }) => !actor.knownKeys.has(toHex(hash)))
  if (lacking.length === 0) return
  learn(scene, actor, dice.shuffle(lacking).slice(0, 1 + dice.roll(lacking.length)))
}

/** Everything that another device has arrives. */
export const meet: Act = (scene, actor, dice) => learn(scene, actor, dice.pick(scene.actors).known)

export const merge: Act = (scene, actor) => {
  if (!rankOf(actor)) return
  const heads = actor.membership.heads()
  if (heads.length > 1) write(scene, actor, kinds.merge, encodeMerge({ salt: scene.crypto.random(16), heads }))
}
