import { toHex } from '@kith/core/bytes'
import { kinds, sortHeads } from '@kith/core/change'
import { encodeRemoval, type Rank, rankNumbers } from '@kith/core/membership'
import { type Act, isAtLeast, isRivalled, knownHeads, rankOf, unique } from './act.ts'
import type { Actor, Scene } from '../scene/scene.ts'
import { write } from '../scene/write.ts'
import type { Dice } from '@kith/testing/simulation'

const someBelow = (actor: Actor, dice: Dice) => {
  const rank = rankOf(actor)
  if (!isAtLeast(rank, 'admin')) return undefined
  const below = actor.membership.members().filter((member) => rankNumbers[member.rank] < rankNumbers[rank as Rank])
  return below.length === 0 ? undefined : dice.pick(below)
}

const devicesOf = ({ actors }: Scene, person: Uint8Array): Uint8Array[] =>
  actors.filter((actor) => toHex(actor.person.id) === toHex(person)).map(({ device }) => device)

export const remove: Act = (scene, actor, dice) => {
  const target = someBelow(actor, dice)
  if (!target) return
  const { membership, content } = actor
  const { grants, invites } = membership.rightsOf(target.person)
  const isDemotion = dice.chance(0.3) && target.rank !== 'reader'
  // Invites of one's own rank are not one's to end: the owner's program does.
  const ranksOf = new Map(membership.invites().map(({ hash, rank }) => [toHex(hash), rank]))
  const ended = invites.filter(
    (hash) => rankNumbers[ranksOf.get(toHex(hash)) ?? 'owner'] < rankNumbers[rankOf(actor) as Rank],
  )
  const lower = target.rank === 'writer' ? 'reader' : 'writer'
  const body = encodeRemoval({
    salt: scene.crypto.random(16),
    grants: sortHeads(isDemotion ? grants : [...grants, ...ended]),
    cut: unique([
      ...knownHeads(actor, devicesOf(scene, target.person)),
      ...(isDemotion ? [] : ended.flatMap((hash) => membership.joinsOf(hash))),
    ]),
    replacement: isDemotion ? { person: target.person, tag: target.tag, rank: lower, role: lower } : undefined,
  })
  const seen = new Set(actor.knownKeys)
  const removal = write(scene, actor, kinds.removal, body, {
    deps: { membership: membership.heads().slice(0, 64), content: content.frontier() },
  })
  scene.count(isDemotion ? 'demotion' : 'removal')
  const verdict = membership.verdictOf(removal.hash)
  if (verdict === 'applied') scene.removals.push({ removal, by: actor, seen })
  else if (!isRivalled(scene, actor)) scene.violate('admins may remove', `${actor.name}: ${JSON.stringify(verdict)}`)
}

export const leave: Act = (scene, actor) => {
  const me = actor.membership.member(actor.person.id)
  if (!me || actor.person.n === 0) return
  const { grants } = actor.membership.rightsOf(actor.person.id)
  write(
    scene,
    actor,
    kinds.removal,
    encodeRemoval({ salt: scene.crypto.random(16), grants, cut: [], replacement: undefined }),
  )
  scene.count('leave')
}

/** The recovery key, the only thing above owners: for one who must go. */
export const recover: Act = (scene, actor, dice) => {
  const [owner] = scene.actors
  if (!owner || actor !== owner) return
  const others = actor.membership
    .members()
    .filter(({ rank, person }) => rank === 'owner' && toHex(person) !== toHex(owner.person.id))
  if (others.length === 0) return
  const target = dice.pick(others)
  const body = encodeRemoval({
    salt: scene.crypto.random(16),
    grants: target.grants,
    cut: knownHeads(actor, devicesOf(scene, target.person)),
    replacement: undefined,
  })
  const seen = new Set(actor.knownKeys)
  const before = actor.own.membership.splice(0)
  const removal = write(scene, actor, kinds.removal, body, {
    device: owner.person.recovery.signing,
    grant: scene.space,
    admission: scene.space,
    seq: 0,
    prev: new Uint8Array(0),
    deps: { membership: actor.membership.heads().slice(0, 64), content: actor.content.frontier() },
  })
  actor.own.membership.splice(0, 1, ...before)
  if (actor.membership.verdictOf(removal.hash) === 'applied') scene.removals.push({ removal, by: actor, seen })
  scene.count('recovery removal')
}
