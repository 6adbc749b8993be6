import { toHex } from '@kith/core/bytes'
import { type Header, kinds, sortHeads } from '@kith/core/change'
import {
  decodeGrant,
  encodeBroken,
  encodeDeviceCut,
  encodeGrant,
  encodeKeys,
  encodeRemoval,
  encodeSchema,
  encodeShare,
} from '@kith/core/membership'
import type { Dice } from '@kith/testing/simulation'
import { type Act, type Acts, isAtLeast, joinBody, knownHeads, makeInvite, rankOf, unique } from '../honest.ts'
import { evaluate, pastOf } from '../promises.ts'
import { type Actor, epochBody, saltedBody, type Scene, tagKey, write, writeAsPerson } from '../scene.ts'
import { backdate } from './stance.ts'

const ranks = ['reader', 'writer', 'admin', 'owner'] as const

const somebody = (scene: Scene, dice: Dice): Actor => dice.pick(scene.actors)
const contentNames = (scene: Scene, actor: Actor, dice: Dice): Partial<Header> => {
  const [epochs, schemas] = [kinds.epoch, kinds.schema].map((kind) =>
    actor.known.filter(({ header }) => header.kind === kind),
  )
  return {
    epoch: epochs?.length ? dice.pick(epochs).hash : scene.space,
    schema: schemas?.length ? dice.pick(schemas).hash : scene.space,
  }
}

/** A removed member writes as if he were still in, on a fork of his chain. */
const backdatedContent: Act = (scene, actor, dice) => {
  write(scene, actor, kinds.data, saltedBody(scene), {
    ...contentNames(scene, actor, dice),
    ...backdate(scene, actor, dice, actor.own.content),
  })
}

/** Two histories of one device. */
const forkedChain: Act = (scene, actor, dice) => {
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
const oldKeys: Act = (scene, actor, dice) => {
  write(scene, actor, kinds.data, saltedBody(scene), contentNames(scene, actor, dice))
}

const unknownDeps: Act = (scene, actor, dice) => {
  const unknown = scene.crypto.random(32)
  const deps = {
    membership: dice.chance(0.5) ? [unknown] : sortHeads([unknown, ...actor.membership.heads().slice(0, 60)]),
    content: [],
  }
  if (dice.chance(0.5))
    write(scene, actor, kinds.data, saltedBody(scene), { ...contentNames(scene, actor, dice), deps })
  else write(scene, actor, kinds.grant, grantBody(scene, actor, dice), { deps })
}

const grantBody = (scene: Scene, actor: Actor, dice: Dice, to = actor.person): Uint8Array => {
  const { id, tag } = to
  const rank = dice.pick(ranks)
  return encodeGrant({ type: 'person', salt: scene.crypto.random(16), person: id, tag, rank, role: rank })
}

/** To himself or a friend, above what he may give, or from before he lost the right. */
const forgedGrant: Act = (scene, actor, dice) => {
  const patch = dice.chance(0.6) ? backdate(scene, actor, dice, actor.own.membership) : {}
  const { person } = dice.chance(0.5) ? actor : somebody(scene, dice)
  const seen = patch.deps?.membership ?? actor.membership.heads().slice(0, 60)
  const deps = { membership: unique([...seen, ...actor.membership.personHeads(person.id)]), content: [] }
  write(scene, actor, kinds.grant, grantBody(scene, actor, dice, person), { ...patch, deps })
}

/** Names a right that somebody else was given, or an invite's, or no grant at all. */
const foreignGrant: Act = (scene, actor, dice) => {
  const patch = {
    grant: dice.pick(actor.known).hash,
    ...(dice.chance(0.3) ? { admission: somebody(scene, dice).admission ?? scene.space } : {}),
  }
  if (dice.chance(0.5))
    write(scene, actor, kinds.data, saltedBody(scene), { ...contentNames(scene, actor, dice), ...patch })
  else write(scene, actor, kinds.grant, grantBody(scene, actor, dice), patch)
}

/** A removed admin backdates removals with empty or trimmed cuts, so as to void what others did. */
const hostileRemoval: Act = (scene, actor, dice) => {
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
const revenge: Act = (scene, actor, dice) => {
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

/** Grants to a person, as the changes themselves say, the higher ones more likely. */
const grantsTo = (scene: Scene, { person, knownKeys }: Actor): Uint8Array[] =>
  scene.changes.flatMap(({ header, body, hash }) => {
    if (header.kind !== kinds.grant || !body || !knownKeys.has(toHex(hash))) return []
    const grant = decodeGrant(body)
    if (grant.type !== 'person' || toHex(grant.person) !== toHex(person.id)) return []
    return isAtLeast(grant.rank, 'admin') ? [hash, hash, hash] : [hash]
  })

/** A device under the admission of another of its person: one that was ended may try. */
const borrowedAdmission: Act = (scene, actor, dice) => {
  const siblings = scene.actors.filter((other) => other.person === actor.person && other !== actor && other.admission)
  const admission = siblings.length > 0 ? dice.pick(siblings).admission : undefined
  const [epoch, schema] = [actor.membership.epochInUse(), actor.membership.newestSchemas()[0]]
  if (!admission) return
  if (epoch && schema && dice.chance(0.5))
    write(scene, actor, kinds.data, saltedBody(scene), { admission, epoch: epoch.hash, schema: schema.hash })
  else write(scene, actor, kinds.grant, grantBody(scene, actor, dice), { admission })
}

/** An epoch as it should be, but not owed, or with an admin key of somebody who is none. */
const greedyEpoch: Act = (scene, actor, dice) => {
  const highest = dice.pick(['admin', 'write'] as const)
  const ends = actor.known.filter(
    ({ header }) => header.kind === kinds.removal && toHex(header.space) === toHex(scene.space),
  )
  if (ends.length === 0 || dice.chance(0.3)) {
    write(scene, actor, kinds.epoch, epochBody(scene, actor.membership, highest))
    return
  }
  // As of a moment when one was owed: right after somebody was removed.
  const removal = dice.pick(ends)
  const past = pastOf(scene, removal).add(toHex(removal.hash))
  const then = evaluate(
    scene,
    actor.known.filter(({ hash }) => past.has(toHex(hash))),
    undefined,
  )
  const me = then.member(actor.person.id)
  if (!me) return
  const wanted = me.rank === 'writer' ? 'admin' : highest
  write(scene, actor, kinds.epoch, epochBody(scene, then, wanted), {
    grant: me.grant,
    deps: { membership: then.heads().slice(0, 64), content: [] },
  })
}

/** Sealed to others than it must be, or started without need; a thousand of them are three here. */
const falseEpoch: Act = (scene, actor, dice) => {
  const highest = dice.pick(['admin', 'write'] as const)
  const right = actor.membership.recipients(highest)
  const wrong = dice.chance(0.5)
    ? right.filter(() => dice.chance(0.7))
    : [...right, { id: actor.person.id, level: 'admin' as const, sealing: actor.sealing }]
  const recipients = dice.chance(0.3) ? right : wrong.sort((a, b) => (toHex(a.id) < toHex(b.id) ? -1 : 1))
  const patch = dice.chance(0.5) ? backdate(scene, actor, dice, actor.own.membership) : {}
  for (let n = dice.between(1, 3); n > 0; n -= 1)
    write(scene, actor, kinds.epoch, epochBody(scene, actor.membership, highest, recipients), patch)
}

/** Hands the keys to somebody whom they are not due. */
const falseShare: Act = (scene, actor, dice) => {
  const epochs = actor.membership.epochs()
  if (epochs.length === 0) return
  const boxes = [
    {
      person: somebody(scene, dice).person.id,
      level: dice.pick(['read', 'write', 'admin'] as const),
      box: scene.crypto.random(48),
    },
  ]
  const body = encodeShare({
    salt: scene.crypto.random(16),
    epoch: dice.pick(epochs).hash,
    ephemeral: scene.crypto.createKey(),
    boxes,
  })
  write(scene, actor, kinds.share, body, dice.chance(0.5) ? backdate(scene, actor, dice, actor.own.membership) : {})
}

const falseBroken: Act = (scene, actor, dice) => {
  const epochs = actor.membership.epochs()
  if (epochs.length > 0)
    write(scene, actor, kinds.broken, encodeBroken({ salt: scene.crypto.random(16), epoch: dice.pick(epochs).hash }))
}

/** Keeps an invite link: uses it again, late, or after it was closed, from a moment when it was open. */
const keptLink: Act = (scene, actor, dice) => {
  const known = scene.invites.filter(({ grant }) => actor.knownKeys.has(toHex(grant.hash)))
  if (known.length === 0) return
  const closed = known.filter(({ grant }) => actor.ended.has(toHex(grant.hash)))
  const { grant } = dice.pick(closed.length > 0 && dice.chance(0.5) ? closed : known)
  const heads = dice.chance(0.4) ? [grant.hash] : actor.membership.heads().slice(0, 60)
  const deps = { membership: unique([...heads, ...actor.membership.personHeads(actor.person.id)]), content: [] }
  const time = dice.chance(0.3) ? { time: { ms: grant.header.time.ms + 1, counter: 1 } } : {}
  write(scene, actor, kinds.join, joinBody(scene, actor, grant.hash), { grant: grant.hash, deps, ...time })
}

/** Joins without holding the link, or for somebody else. */
const forgedJoin: Act = (scene, actor, dice) => {
  const known = scene.invites.filter(({ grant }) => actor.knownKeys.has(toHex(grant.hash)))
  if (known.length === 0) return
  const { grant } = dice.pick(known)
  const other = somebody(scene, dice)
  const body = joinBody(scene, dice.chance(0.5) ? actor : other, dice.chance(0.5) ? grant.hash : scene.space)
  const deps = { membership: unique([grant.hash, ...actor.membership.personHeads(actor.person.id)]), content: [] }
  write(scene, actor, kinds.join, body, { grant: grant.hash, deps })
}

/** Ends a device of somebody else, and cuts what it did. */
const foreignRevocation: Act = (scene, actor, dice) => {
  const target = somebody(scene, dice)
  if (!target.admission) return
  const body = encodeRemoval({
    salt: scene.crypto.random(16),
    grants: [target.admission],
    cut: [],
    replacement: undefined,
  })
  const heads = [...actor.membership.personHeads(actor.person.id), ...actor.membership.personHeads(target.person.id)]
  const own = writeAsPerson(scene, actor, kinds.removal, body, {
    deps: { membership: unique([...heads, target.admission]), content: [] },
  })
  const theirs = actor.known.filter(
    ({ header }) => header.kind === kinds.removal && toHex(header.space) === toHex(target.person.id),
  )
  const revocation = theirs.length > 0 && dice.chance(0.5) ? dice.pick(theirs).hash : own.hash
  const deps = { membership: unique([revocation, ...actor.membership.heads().slice(0, 60)]), content: [] }
  write(scene, actor, kinds.deviceCut, encodeDeviceCut({ salt: scene.crypto.random(16), revocation, cut: [] }), {
    deps,
  })
}

/** A link for more than the maker may give. */
const hostileInvite: Act = (scene, actor, dice) => {
  makeInvite(scene, actor, dice.pick(ranks), dice)
}

/** A kind that nobody knows: from somebody who is no admin it must not stop anybody. */
const unknownKind: Act = (scene, actor, dice) => {
  if (
    isAtLeast(rankOf(actor), 'admin') ||
    scene.actors.some((other) => other.membership.member(actor.person.id)?.rank === 'admin')
  )
    return
  write(
    scene,
    actor,
    12 + dice.roll(40),
    saltedBody(scene),
    dice.chance(0.3) ? backdate(scene, actor, dice, actor.own.membership) : {},
  )
}

const falseSchema: Act = (scene, actor, dice) => {
  const cut = dice.chance(0.5) ? [] : undefined
  const body = encodeSchema({ salt: scene.crypto.random(16), record: Uint8Array.of(dice.roll(3)), cut })
  write(scene, actor, kinds.schema, body, dice.chance(0.5) ? backdate(scene, actor, dice, actor.own.membership) : {})
}

/** A stolen device cuts off those of its own person, and what they did. */
const stolenDevice: Act = (scene, actor, dice) => {
  const siblings = scene.actors.filter((other) => other.person === actor.person && other !== actor)
  if (siblings.length === 0 || actor.person.n === 0) return
  const target = dice.pick(siblings)
  if (!target.admission) return
  const body = encodeRemoval({
    salt: scene.crypto.random(16),
    grants: [target.admission],
    cut: [],
    replacement: undefined,
  })
  const revocation = writeAsPerson(scene, actor, kinds.removal, body)
  const deps = { membership: sortHeads([revocation.hash, ...actor.membership.heads().slice(0, 60)]), content: [] }
  write(
    scene,
    actor,
    kinds.deviceCut,
    encodeDeviceCut({ salt: scene.crypto.random(16), revocation: revocation.hash, cut: [] }),
    { deps },
  )
}

/** Renews keys that are not its own to renew, or leaves a device out. */
const falseKeys: Act = (scene, actor, dice) => {
  const { tag } = dice.chance(0.5) ? actor.person : somebody(scene, dice).person
  const devices = dice.chance(0.5) ? [actor.device] : [actor.device, somebody(scene, dice).device]
  const keys = [tagKey(scene, tag, [...new Map(devices.map((device) => [toHex(device), device])).values()])]
  writeAsPerson(
    scene,
    actor,
    kinds.keys,
    encodeKeys({ salt: scene.crypto.random(16), ephemeral: scene.crypto.createKey(), keys }),
  )
}

/** From now on a second device is in somebody else's hands. */
const steal: Act = (scene, _actor, dice) => {
  const seconds = scene.actors.filter(({ name, person }) => name.includes('d') && person.n !== 0)
  if (seconds.length > 0) dice.pick(seconds).isHostile = true
}

/** Branches without end, so that nobody could name all heads. */
const flood: Act = (scene, actor, dice) => {
  for (let n = 0; n < 8; n += 1) forgedGrant(scene, actor, dice)
}

export const hostile: Acts = {
  backdatedContent: { weight: 6, act: backdatedContent },
  forkedChain: { weight: 3, act: forkedChain },
  oldKeys: { weight: 3, act: oldKeys },
  unknownDeps: { weight: 1, act: unknownDeps },
  forgedGrant: { weight: 4, act: forgedGrant },
  foreignGrant: { weight: 2, act: foreignGrant },
  hostileRemoval: { weight: 7, act: hostileRemoval },
  revenge: { weight: 8, act: revenge },
  borrowedAdmission: { weight: 2, act: borrowedAdmission },
  greedyEpoch: { weight: 5, act: greedyEpoch },
  falseEpoch: { weight: 3, act: falseEpoch },
  falseShare: { weight: 2, act: falseShare },
  falseBroken: { weight: 0.7, act: falseBroken },
  keptLink: { weight: 4, act: keptLink },
  forgedJoin: { weight: 1.5, act: forgedJoin },
  foreignRevocation: { weight: 1.5, act: foreignRevocation },
  hostileInvite: { weight: 1, act: hostileInvite },
  unknownKind: { weight: 1, act: unknownKind },
  falseSchema: { weight: 2, act: falseSchema },
  stolenDevice: { weight: 1, act: stolenDevice },
  falseKeys: { weight: 1, act: falseKeys },
  steal: { weight: 1, act: steal },
  flood: { weight: 0.3, act: flood },
}
