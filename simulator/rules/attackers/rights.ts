import { toHex } from '@kith/core/bytes'
import { type Change, kinds, sortHeads } from '@kith/core/change'
import { decodeGrant, encodeSchema, encodeMinimum, encodeRemoval } from '@kith/core/membership'
import { backdate } from './stance.ts'
import { contentNames, grantBody, ranks, somebody } from './targets.ts'
import { type Act, isAtLeast, rankOf, unique } from '../honest/act.ts'
import { joinBody, makeInvite } from '../honest/letting-in.ts'
import { saltedBody } from '../scene/bodies.ts'
import { write, writeAsPerson } from '../scene/write.ts'

export const unknownDeps: Act = (scene, actor, dice) => {
  const unknown = scene.crypto.random(32)
  const deps = {
    membership: dice.chance(0.5) ? [unknown] : sortHeads([unknown, ...actor.membership.heads().slice(0, 60)]),
    content: [],
  }
  if (dice.chance(0.5))
    write(scene, actor, kinds.data, saltedBody(scene), { ...contentNames(scene, actor, dice), deps })
  else write(scene, actor, kinds.grant, grantBody(scene, actor, dice), { deps })
}

/** To himself or a friend, above what he may give, or from before he lost the right. */
export const forgedGrant: Act = (scene, actor, dice) => {
  const patch = dice.chance(0.6) ? backdate(scene, actor, dice, actor.own.membership) : {}
  const { person } = dice.chance(0.5) ? actor : somebody(scene, dice)
  const seen = patch.deps?.membership ?? actor.membership.heads().slice(0, 60)
  // Now and then to somebody of whom it claims not to have heard.
  const heard = dice.chance(0.8) ? actor.membership.personHeads(person.id) : []
  const deps = { membership: unique([...seen, ...heard]), content: [] }
  write(scene, actor, kinds.grant, grantBody(scene, actor, dice, person), { ...patch, deps })
}

/** Names a right that somebody else was given, or an invite's, or no grant at all. */
export const foreignGrant: Act = (scene, actor, dice) => {
  const patch = {
    grant: dice.pick(actor.known).hash,
    ...(dice.chance(0.3) ? { admission: somebody(scene, dice).admission ?? scene.space } : {}),
  }
  if (dice.chance(0.5))
    write(scene, actor, kinds.data, saltedBody(scene), { ...contentNames(scene, actor, dice), ...patch })
  else write(scene, actor, kinds.grant, grantBody(scene, actor, dice), patch)
}

/** A device under the admission of another of its person: one that was ended may try. */
export const borrowedAdmission: Act = (scene, actor, dice) => {
  const siblings = scene.actors.filter((other) => other.person === actor.person && other !== actor && other.admission)
  const admission = siblings.length > 0 ? dice.pick(siblings).admission : undefined
  const [epoch, schema] = [actor.membership.epochInUse(), actor.membership.newestSchemas()[0]]
  if (!admission) return
  if (epoch && schema && dice.chance(0.5))
    write(scene, actor, kinds.data, saltedBody(scene), { admission, epoch: epoch.hash, schema: schema.hash })
  else write(scene, actor, kinds.grant, grantBody(scene, actor, dice), { admission })
}

/** A link for more than the maker may give. */
export const hostileInvite: Act = (scene, actor, dice) => {
  makeInvite(scene, actor, dice.pick(ranks), dice)
}

/** Keeps an invite link: uses it again, late, or after it was closed, from a moment when it was open. */
export const keptLink: Act = (scene, actor, dice) => {
  const known = scene.invites.filter(({ grant }) => actor.knownKeys.has(toHex(grant.hash)))
  if (known.length === 0) return
  const closed = known.filter(({ grant }) => actor.ended.has(toHex(grant.hash)))
  // Of those that were closed rather one with uses left: that it is closed is all that keeps him out.
  const unspent = closed.filter(({ grant }) => usesOf(grant) === null)
  const [wanted = known] = dice.shuffle([unspent, closed, known].filter(({ length }) => length > 0))
  const { grant } = dice.pick(wanted)
  const heads = dice.chance(0.4) ? [grant.hash] : actor.membership.heads().slice(0, 60)
  const deps = { membership: unique([...heads, ...actor.membership.personHeads(actor.person.id)]), content: [] }
  const time = dice.chance(0.3) ? { time: { ms: grant.header.time.ms + 1, counter: 1 } } : {}
  write(scene, actor, kinds.join, joinBody(scene, actor, grant.hash), { grant: grant.hash, deps, ...time })
}

const usesOf = ({ body }: Change): number | null | undefined => {
  const grant = body && decodeGrant(body)
  return grant?.type === 'invite' ? grant.uses : undefined
}

/** Joins without holding the link, or for somebody else. */
export const forgedJoin: Act = (scene, actor, dice) => {
  const known = scene.invites.filter(({ grant }) => actor.knownKeys.has(toHex(grant.hash)))
  if (known.length === 0) return
  const { grant } = dice.pick(known)
  const other = somebody(scene, dice)
  const body = joinBody(scene, dice.chance(0.5) ? actor : other, dice.chance(0.5) ? grant.hash : scene.space)
  const deps = { membership: unique([grant.hash, ...actor.membership.personHeads(actor.person.id)]), content: [] }
  write(scene, actor, kinds.join, body, { grant: grant.hash, deps })
}

/** Of membership changes: those of content begin at 64. */
const highestKind = Math.max(...Object.values(kinds).filter((kind) => kind < kinds.data))

/** A kind that nobody knows: from somebody who is no admin it must not stop anybody. */
export const unknownKind: Act = (scene, actor, dice) => {
  if (
    isAtLeast(rankOf(actor), 'admin') ||
    scene.actors.some((other) => other.membership.member(actor.person.id)?.rank === 'admin')
  )
    return
  const kind = highestKind + 1 + dice.roll(20)
  // In his own space he is an owner: that may stop his own devices, and nobody else's.
  if (dice.chance(0.3)) writeAsPerson(scene, actor, kind, saltedBody(scene))
  else {
    const patch = dice.chance(0.3) ? backdate(scene, actor, dice, actor.own.membership) : {}
    write(scene, actor, kind, saltedBody(scene), patch)
  }
}

export const falseSchema: Act = (scene, actor, dice) => {
  const cut = dice.chance(0.5) ? [] : undefined
  const body = encodeSchema({ salt: scene.crypto.random(16), record: Uint8Array.of(dice.roll(3)), cut })
  write(scene, actor, kinds.schema, body, dice.chance(0.5) ? backdate(scene, actor, dice, actor.own.membership) : {})
}

/** Branches without end, so that nobody could name all heads. */
export const flood: Act = (scene, actor, dice) => {
  for (let n = 0; n < 8; n += 1) forgedGrant(scene, actor, dice)
}

/** As if it held a recovery key: by naming the genesis for everything, as that key does. */
export const falseRecovery: Act = (scene, actor, dice) => {
  const rights = { grant: scene.space, admission: scene.space, seq: 0, prev: new Uint8Array(0) }
  const deps = { membership: actor.membership.heads().slice(0, 60), content: [] }
  const heads = [...deps.membership, ...actor.membership.personHeads(actor.person.id)]
  if (dice.chance(0.5))
    return void write(scene, actor, kinds.grant, grantBody(scene, actor, dice), {
      ...rights,
      deps: { membership: unique(heads), content: [] },
    })
  const owner = actor.membership.members().find(({ rank }) => rank === 'owner')
  if (!owner) return
  const body = encodeRemoval({ salt: scene.crypto.random(16), grants: owner.grants, cut: [], replacement: undefined })
  write(scene, actor, kinds.removal, body, { ...rights, deps })
}

/** Asks all apps for a version that nobody has. */
export const falseMinimum: Act = (scene, actor) => {
  write(scene, actor, kinds.minimum, encodeMinimum({ salt: scene.crypto.random(16), version: 99 }))
}
