import { toHex } from '@kith/core/bytes'
import { kinds } from '@kith/core/change'
import { backdate } from './stance.ts'
import { contentNames } from './targets.ts'
import type { Act } from '../honest/act.ts'
import { saltedBody } from '../scene/bodies.ts'
import { write } from '../scene/write.ts'

/** A removed member writes as if he were still in, on a fork of his chain. */
export const backdatedContent: Act = (scene, actor, dice) => {
  write(scene, actor, kinds.data, saltedBody(scene), {
    ...contentNames(scene, actor, dice),
    ...backdate(scene, actor, dice, actor.own.content),
  })
}

/** Two histories of one device. */
export const forkedChain: Act = (scene, actor, dice) => {
  const { content } = actor.own
  const at = content.length > 0 ? dice.pick(content) : undefined
  const epoch = actor.membership.epochInUse()
  const schema = actor.membership.newestSchemas()[0]
  if (!epoch || !schema) return
  write(scene, actor, kinds.data, saltedBody(scene), {
    epoch: epoch.hash,
    schema: schema.hash,
    seq: at?.header.seq ?? 0,
    prev: at?.header.prev ?? new Uint8Array(0),
  })
}

/** Under keys that were superseded long ago. */
export const oldKeys: Act = (scene, actor, dice) => {
  write(scene, actor, kinds.data, saltedBody(scene), contentNames(scene, actor, dice))
}

/** An older version of the app, or one that has seen the newer rules and writes by the older: for it they are the rules still. */
export const oldRules: Act = (scene, actor, dice) => {
  const epoch = actor.membership.epochInUse()
  if (!epoch) return
  const { schema = scene.space } = contentNames(scene, actor, dice)
  const isUnaware = dice.chance(0.5)
  const heads = actor.membership.heads().filter((head) => isUnaware && toHex(head) !== toHex(schema))
  write(scene, actor, kinds.data, saltedBody(scene), {
    epoch: epoch.hash,
    schema,
    ...(isUnaware ? { deps: { membership: heads.slice(0, 1), content: actor.content.frontier() } } : {}),
  })
}
