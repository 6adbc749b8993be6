import { equalBytes, toHex } from '@kith/core/bytes'
import { type Change, type Header, kindToChain, kinds, sortHeads } from '@kith/core/change'
import {
  encodeDeviceCut,
  encodeGrant,
  encodeJoin,
  encodeKeys,
  encodeMerge,
  encodeRemoval,
  encodeSchema,
  encodeShare,
  joinToSign,
  type Rank,
  rankNumbers,
} from '@kith/core/membership'
import type { Dice } from '@kith/testing/simulation'
import {
  type Actor,
  addDevice,
  epochBody,
  learn,
  saltedBody,
  type Scene,
  tagKey,
  write,
  writeAsPerson,
} from './scene.ts'

/** What a step does; `dice` belongs to the step alone, so that leaving out others changes nothing about it. */
export type Act = (scene: Scene, actor: Actor, dice: Dice) => void
export type Acts = Readonly<Record<string, { readonly weight: number; readonly act: Act }>>

/** Its rank as far as it knows; none once its person has ended the device. */
export const rankOf = ({ membership, person, device }: Actor): Rank | undefined => {
  const me = membership.member(person.id)
  return me?.devices.some((live) => equalBytes(live.device, device)) ? me.rank : undefined
}
export const isAtLeast = (rank: Rank | undefined, least: Rank): boolean =>
  rank !== undefined && rankNumbers[rank] >= rankNumbers[least]
const mayGrant = (giver: Rank | undefined, rank: Rank): boolean =>
  isAtLeast(giver, 'owner') || (isAtLeast(giver, 'admin') && !isAtLeast(rank, 'admin'))

/** Some of what it lacks arrives, in any order. */
const deliver: Act = (scene, actor, dice) => {
  const lacking = [...scene.changes, ...scene.contents].filter(({ hash }) => !actor.knownKeys.has(toHex(hash)))
  if (lacking.length === 0) return
  learn(scene, actor, dice.shuffle(lacking).slice(0, 1 + dice.roll(lacking.length)))
}

/** Everything that another device has arrives. */
const meet: Act = (scene, actor, dice) => learn(scene, actor, dice.pick(scene.actors).known)

export const writeContent: Act = (scene, actor) => {
  const { membership } = actor
  if (!isAtLeast(rankOf(actor), 'writer')) return
  if (membership.isRotationOwed()) startEpoch(scene, actor)
  const [epoch, schema] = [membership.epochInUse(), membership.newestSchemas()[0]]
  if (!epoch || !schema) return
  const change = write(scene, actor, kinds.data, saltedBody(scene), { epoch: epoch.hash, schema: schema.hash })
  const judged = membership.judgeAuthor(change.header, change.hash)
  if (judged.status !== 'allowed' && !isRivalled(scene, actor))
    scene.violate('members may write', `${actor.name} wrote content that is ${JSON.stringify(judged)}`)
}

/** Somebody hostile with the same rank or the same person may take rights away between two looks: no promise then. */
const isRivalled = ({ actors }: Scene, { person, isHostile }: Actor): boolean =>
  isHostile || actors.some((other) => other.person === person && other.isHostile)

export const startEpoch = (scene: Scene, actor: Actor): void => {
  const rank = rankOf(actor)
  if (!isAtLeast(rank, 'writer')) return
  const owed = actor.membership.isRotationOwed()
  const change = write(
    scene,
    actor,
    kinds.epoch,
    epochBody(scene, actor.membership, isAtLeast(rank, 'admin') ? 'admin' : 'write'),
  )
  scene.count('epoch')
  const verdict = actor.membership.verdictOf(change.hash)
  if (verdict !== 'applied' && owed && !isRivalled(scene, actor))
    scene.violate('members may rotate', `${actor.name} wrote an epoch that is ${JSON.stringify(verdict)}`)
}

const rotate: Act = (scene, actor, dice) => {
  if (actor.membership.isRotationOwed() || (isAtLeast(rankOf(actor), 'admin') && dice.chance(0.2)))
    startEpoch(scene, actor)
}

/** Admins twice: most of what can go wrong is between them. */
const ranks = ['reader', 'writer', 'writer', 'admin', 'admin', 'owner'] as const

const grant: Act = (scene, actor, dice) => {
  const rank = dice.pick(ranks)
  if (!mayGrant(rankOf(actor), rank)) return
  const { n, id, tag } = dice.pick(scene.actors).person
  if (n === actor.person.n) return
  const body = encodeGrant({ type: 'person', salt: scene.crypto.random(16), person: id, tag, rank, role: rank })
  write(scene, actor, kinds.grant, body, { deps: withPerson(actor, id) })
}

/** A grant's past must show who it is for. */
export const withPerson = ({ membership }: Actor, person: Uint8Array): Header['deps'] => {
  const heads = [...membership.heads().slice(0, 60), ...membership.personHeads(person)]
  return { membership: sortHeads([...new Map(heads.map((head) => [toHex(head), head])).values()]), content: [] }
}

const invite: Act = (scene, actor, dice) => {
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

const join: Act = (scene, _actor, dice) => {
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

export const unique = (hashes: readonly Uint8Array[]): Uint8Array[] =>
  sortHeads([...new Map(hashes.map((hash) => [toHex(hash), hash])).values()])

const someBelow = (actor: Actor, dice: Dice) => {
  const rank = rankOf(actor)
  if (!isAtLeast(rank, 'admin')) return undefined
  const below = actor.membership.members().filter((member) => rankNumbers[member.rank] < rankNumbers[rank as Rank])
  return below.length === 0 ? undefined : dice.pick(below)
}

/** The heads that a removal by the rules accepts: all that are known of these devices. */
export const knownHeads = ({ membership, content }: Actor, devices: readonly Uint8Array[]): Uint8Array[] =>
  sortHeads([...membership.chainHeads(devices), ...content.chainHeads(devices)])

const devicesOf = ({ actors }: Scene, person: Uint8Array): Uint8Array[] =>
  actors.filter((actor) => toHex(actor.person.id) === toHex(person)).map(({ device }) => device)

const remove: Act = (scene, actor, dice) => {
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

const leave: Act = (scene, actor) => {
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
const recover: Act = (scene, actor, dice) => {
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

const share: Act = (scene, actor) => {
  const epoch = actor.membership.epochInUse()
  const missed = epoch && actor.membership.missed(epoch.hash)
  if (!epoch || !missed || missed.length === 0 || !rankOf(actor)) return
  const boxes = missed.map(({ person, level }) => ({ person, level, box: scene.crypto.random(48) }))
  boxes.sort((a, b) => (toHex(a.person) < toHex(b.person) ? -1 : 1))
  const body = encodeShare({
    salt: scene.crypto.random(16),
    epoch: epoch.hash,
    ephemeral: scene.crypto.createKey(),
    boxes,
  })
  const change = write(scene, actor, kinds.share, body)
  scene.count('share')
  const verdict = actor.membership.verdictOf(change.hash)
  if (verdict !== 'applied' && !isRivalled(scene, actor))
    scene.violate('members may share', `${actor.name}: ${JSON.stringify(verdict)}`)
}

const publishSchema: Act = (scene, actor, dice) => {
  const rank = rankOf(actor)
  if (!isAtLeast(rank, 'writer')) return
  const isAdmin = isAtLeast(rank, 'admin')
  const cut = isAdmin && dice.chance(0.4) ? actor.content.frontier() : undefined
  write(
    scene,
    actor,
    kinds.schema,
    encodeSchema({ salt: scene.crypto.random(16), record: Uint8Array.of(isAdmin ? 1 : 0), cut }),
  )
  scene.count('schema')
}

/** A link that is used up is closed, with the joins that were accepted. */
const close: Act = (scene, actor, dice) => {
  if (!isAtLeast(rankOf(actor), 'admin')) return
  const spent = actor.membership.invites().filter(({ uses, joins }) => uses !== null && joins >= uses)
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

const merge: Act = (scene, actor) => {
  if (!rankOf(actor)) return
  const heads = actor.membership.heads()
  if (heads.length > 1) write(scene, actor, kinds.merge, encodeMerge({ salt: scene.crypto.random(16), heads }))
}

const admit: Act = (scene, actor) => {
  if (scene.actors.filter(({ person }) => person === actor.person).length > 2 || isOut(actor)) return
  const device = addDevice(scene, actor)
  scene.count(
    `admission ${actor.membership.verdictOf(device.admission as Uint8Array) === 'applied' ? 'applied' : 'refused'}`,
  )
}

/** Whether its own person has ended it, as far as it knows. */
const isOut = (actor: Actor): boolean =>
  actor.membership.member(actor.person.id) !== undefined && rankOf(actor) === undefined

const renewKeys: Act = (scene, actor) => {
  if (isOut(actor)) return
  const siblings = scene.actors.filter(({ person, admission }) => person === actor.person && admission)
  const live = actor.membership.member(actor.person.id)?.devices.map(({ device }) => toHex(device))
  const devices = siblings
    .filter(({ device }) => live === undefined || live.includes(toHex(device)))
    .map(({ device }) => device)
  const body = encodeKeys({
    salt: scene.crypto.random(16),
    ephemeral: scene.crypto.createKey(),
    keys: [tagKey(scene, actor.person.tag, devices)],
  })
  const change = writeAsPerson(scene, actor, kinds.keys, body)
  scene.count(`keys ${actor.membership.verdictOf(change.hash) === 'applied' ? 'applied' : 'refused'}`)
}

/** Another device of the same person is revoked, its keys renewed, and what it did here cut. */
const revoke: Act = (scene, actor, dice) => {
  const siblings = scene.actors.filter(
    (other) => other.person === actor.person && other !== actor && other.name !== 'p0',
  )
  if (siblings.length === 0 || isOut(actor)) return
  const { admission, device } = dice.pick(siblings)
  if (!admission || !actor.knownKeys.has(toHex(admission))) return
  const theirs = actor.known.filter(
    ({ header }) => equalBytes(header.device, device) && equalBytes(header.space, actor.person.id),
  )
  const continued = new Set(theirs.map(({ header }) => toHex(header.prev)))
  const cut = sortHeads(theirs.map(({ hash }) => hash).filter((hash) => !continued.has(toHex(hash))))
  const body = encodeRemoval({ salt: scene.crypto.random(16), grants: [admission], cut, replacement: undefined })
  const removal = writeAsPerson(scene, actor, kinds.removal, body)
  scene.count(`revocation ${actor.membership.verdictOf(removal.hash) === 'applied' ? 'applied' : 'refused'}`)
  renewKeys(scene, actor, dice)
  cutDevices(scene, actor, dice)
}

const cutDevices: Act = (scene, actor) => {
  if (!rankOf(actor) || isOut(actor)) return
  for (const { revocation, devices } of actor.membership.cutsOwed(actor.person.id)) {
    const deps = {
      membership: sortHeads([...actor.membership.heads().slice(0, 60), revocation]),
      content: actor.content.frontier(),
    }
    const body = encodeDeviceCut({ salt: scene.crypto.random(16), revocation, cut: knownHeads(actor, devices) })
    const change = write(scene, actor, kinds.deviceCut, body, { deps })
    const verdict = actor.membership.verdictOf(change.hash)
    scene.count(`device cut ${verdict === 'applied' ? 'applied' : 'refused'}`)
  }
}

export const isMembership = ({ header }: Change): boolean => kindToChain(header.kind) === 'membership'

export const honest: Acts = {
  deliver: { weight: 14, act: deliver },
  meet: { weight: 10, act: meet },
  content: { weight: 16, act: writeContent },
  rotate: { weight: 3, act: rotate },
  grant: { weight: 7, act: grant },
  invite: { weight: 5, act: invite },
  join: { weight: 6, act: join },
  remove: { weight: 4, act: remove },
  leave: { weight: 0.5, act: leave },
  recover: { weight: 1, act: recover },
  share: { weight: 2, act: share },
  schema: { weight: 1.5, act: publishSchema },
  close: { weight: 3, act: close },
  merge: { weight: 1, act: merge },
  admit: { weight: 2, act: admit },
  renewKeys: { weight: 0.7, act: renewKeys },
  revoke: { weight: 1, act: revoke },
  cutDevices: { weight: 1, act: cutDevices },
}
