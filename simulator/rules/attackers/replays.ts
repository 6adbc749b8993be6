import { equalBytes } from '@kith/core/bytes'
import { kindToChain, kinds } from '@kith/core/change'
import { backdate } from './stance.ts'
import type { Act } from '../honest/act.ts'
import { write } from '../scene/write.ts'

/** What somebody else said once, word for word under its own name: a removal, a grant, a share, a record, content. */
export const replay: Act = (scene, actor, dice) => {
  const theirs = actor.known.filter(
    ({ header, body }) =>
      body !== undefined &&
      header.kind !== kinds.genesis &&
      equalBytes(header.space, scene.space) &&
      !equalBytes(header.device, actor.device),
  )
  if (theirs.length === 0) return
  const { header, body } = dice.pick(theirs)
  const { epoch, schema, grant, deps } = header
  const isContent = kindToChain(header.kind) === 'content'
  const names = {
    ...(isContent ? { epoch, schema } : {}),
    ...(header.kind === kinds.join || dice.chance(0.3) ? { grant } : {}),
    ...(dice.chance(0.5) ? { deps } : {}),
  }
  const chain = isContent ? actor.own.content : actor.own.membership
  const patch = dice.chance(0.3) ? { ...backdate(scene, actor, dice, chain), ...names } : names
  write(scene, actor, header.kind, body as Uint8Array, patch)
}
