import { toHex } from '@kith/core/bytes'
import { kinds, sortHeads } from '@kith/core/change'
import { encodeRemoval } from '@kith/core/membership'
import { backdate } from './stance.ts'
import { grantsTo, ranks, somebody } from './targets.ts'
import { type Act, knownHeads, unique } from '../honest/act.ts'
import { write } from '../scene/write.ts'

/** A removed admin backdates removals with empty or trimmed cuts, so as to void what others did. */
export const hostileRemoval: Act = (scene, actor, dice) => {
  const target = somebody(scene, dice)
  const members = [...actor.membership.members(), ...scene.actors.flatMap(({ membership }) => membership.members())]
  const grants = members
    .filter(({ person }) => toHex(person) === toHex(target.person.id))
    .flatMap(({ grants: all }) => all)
  const invites = actor.membership.invites().map(({ hash }) => hash)
  const named =
    dice.chance(0.2) && invites.length > 0 ? [dice.pick(invites)] : grants.length > 0 ? [dice.pick(grants)] : []
  if (named.length === 0) return
  const heads = knownHeads(actor, [target.device])
  const cut = dice.chance(0.6) ? [] : heads.filter(() => dice.chance(0.5))
  const patch = backdate(scene, actor, dice, actor.own.membership)
  // Sometimes it ends what it claims not to have seen.
  const deps = {
    membership: unique([...(patch.deps?.membership ?? []), ...(dice.chance(0.8) ? named : [])]),
    content: [],
  }
  const rank = dice.pick(ranks)
  const replacement = dice.chance(0.2)
    ? { person: target.person.id, tag: target.person.tag, rank, role: rank }
    : undefined
  const body = encodeRemoval({ salt: scene.crypto.random(16), grants: sortHeads(named), cut, replacement })
  write(scene, actor, kinds.removal, body, dice.chance(0.7) ? { ...patch, deps } : {})
}

/** A removed admin, under the best right that he ever had and with no word of what came after, ends somebody and all that he did. */
export const revenge: Act = (scene, actor, dice) => {
  const target = somebody(scene, dice)
  const [own, theirs] = [actor, target].map((one) => grantsTo(scene, one))
  if (!own?.length || !theirs?.length || target.person === actor.person) return
  const [grant, ended] = [dice.pick(own), dice.pick(theirs)]
  const body = encodeRemoval({ salt: scene.crypto.random(16), grants: [ended], cut: [], replacement: undefined })
  const chain = actor.own.membership
  const at = chain.length > 0 && dice.chance(0.5) ? dice.pick(chain) : undefined
  write(scene, actor, kinds.removal, body, {
    grant,
    deps: { membership: unique([grant, ended]), content: [] },
    seq: at ? at.header.seq + 1 : 0,
    prev: at?.hash ?? new Uint8Array(0),
  })
}
