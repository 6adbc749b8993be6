import { toHex } from '@kith/core/bytes'
import { type Change, type Header, kinds, sortHeads } from '@kith/core/change'
import { encodeGrant, encodeJoin, encodeRemoval, joinToSign, type Rank, rankNumbers } from '@kith/core/membership'
import { type Act, isAtLeast, rankOf } from './act.ts'
import type { Actor, Scene } from '../scene/scene.ts'
import { write } from '../scene/write.ts'
import type { Dice } from '@kith/testing/simulation'

const mayGrant = (giver: Rank | undefined, rank: Rank): boolean =>
  isAtLeast(giver, 'owner') || (isAtLeast(giver, 'admin') && !isAtLeast(rank, 'admin'))

/** Admins twice: most of what can go wrong is between them. */
const ranks = ['reader', 'writer', 'writer', 'admin', 'admin', 'owner'] as const

export const grant: Act = (scene, actor, dice) => {
  const rank = dice.pick(ranks)
  if (!mayGrant(rankOf(actor), rank)) return
  const { n, id, tag } = dice.pick(scene.actors).person
  if (n === actor.person.n) return
  const body = encodeGrant({ type: 'person', salt: scene.crypto.random(16), person: id, tag, rank, role: rank })
  write(scene, actor, kinds.grant, body, { deps: withPerson(actor, id) })
}

/** A grant's past must show who it is for. */
const withPerson = ({ membership }: Actor, person: Uint8Array): Header['deps'] => {
  const heads = [...membership.heads().slice(0, 60), ...membership.personHeads(person)]
  return { membership: sortHeads([...new Map(heads.map((head) => [toHex(head), head])).values()]), content: [] }
}

export const invite: Act = (scene, actor, dice) => {
  const rank = dice.pick(['reader', 'writer'] as const)
  if (!isAtLeast(rankOf(actor), 'admin')) return
  makeInvite(scene, actor, rank, dice)
}

export const makeInvite = (scene: Scene, actor: Actor, rank: Rank, dice: Dice): Change => {
  const { crypto } = scene
  const key = crypto.createKey()
  const body = encodeGrant({
    type: 'invite',
    salt: crypto.random(16),
    inviteKey: key,
    sealing: crypto.createKey(),
    rank,
    role: rank,
    uses: dice.pick([1, 1, 2, null]),
    expires: dice.chance(0.35) ? scene.nowMs + 12_000 : null,
    policy: { write: crypto.createKey(), read: crypto.createKey(), admin: undefined },
    epoch: actor.membership.epochInUse()?.hash ?? crypto.random(32),
    sealedSecret: new Uint8Array(0),
    sealedSeed: new Uint8Array(0),
  })
  const change = write(scene, actor, kinds.grant, body)
  scene.invites.push({ grant: change, key })
  scene.count('invite')
  return change
}

export const join: Act = (scene, _actor, dice) => {
  const strangers = scene.actors.filter(
    ({ membership, person }) => !membership.member(person.id) && membership.invites().length > 0,
  )
  if (strangers.length === 0) return
  const actor = dice.pick(strangers)
  const { membership } = actor
  const open = membership
    .invites()
    .filter(({ uses, joins, expires }) => (uses === null || joins < uses) && (expires ?? Infinity) > scene.nowMs + 2000)
  if (open.length === 0) return
  joinBy(scene, actor, dice.pick(open).hash)
}

export const joinBody = (scene: Scene, { person }: Actor, invite: Uint8Array): Uint8Array => {
  const found = scene.invites.find(({ grant: given }) => toHex(given.hash) === toHex(invite))
  const signature = scene.crypto.sign(joinToSign(scene.space, person.id, person.address), found?.key ?? person.id)
  return encodeJoin({
    salt: scene.crypto.random(16),
    person: person.id,
    address: person.address,
    tag: person.tag,
    signature,
  })
}

const joinBy = (scene: Scene, actor: Actor, invite: Uint8Array): void => {
  const change = write(scene, actor, kinds.join, joinBody(scene, actor, invite), {
    grant: invite,
    deps: withPerson(actor, actor.person.id),
  })
  scene.count(`join ${actor.membership.verdictOf(change.hash) === 'applied' ? 'applied' : 'refused'}`)
}

/** A link that is used up is closed, with the joins that were accepted. */
export const close: Act = (scene, actor, dice) => {
  if (!isAtLeast(rankOf(actor), 'admin')) return
  const rank = rankOf(actor) as Rank
  const spent = actor.membership
    .invites()
    .filter((one) => one.uses !== null && one.joins >= one.uses && rankNumbers[one.rank] < rankNumbers[rank])
  if (spent.length === 0) return
  const { hash } = dice.pick(spent)
  const cut = actor.membership.joinsOf(hash)
  write(
    scene,
    actor,
    kinds.removal,
    encodeRemoval({ salt: scene.crypto.random(16), grants: [hash], cut, replacement: undefined }),
  )
  scene.count('close')
}
