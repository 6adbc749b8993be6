/** What every change that counts must be, by its body, its author and its own past: judged here once more, plainly and slowly. */
import { equalBytes, toHex } from '@kith/core/bytes'
import { type Change, kinds } from '@kith/core/change'
import { decodeMembershipBody, joinToSign, type Membership, rankNumbers, recipientsToHash } from '@kith/core/membership'
import type { Dice } from '@kith/testing/simulation'
import { dueTo, rankOfAuthor } from './ranks.ts'
import { evaluate } from './evaluate.ts'
import { pastOf } from './past.ts'
import type { Actor, Scene } from '../scene/scene.ts'
import { judge } from '../scene/learn.ts'
import { levelsOf } from './ranks.ts'
import { nameOf } from '../scene/names.ts'

type Seen = Pick<Actor, 'name' | 'membership' | 'known'>

const judgedByPast: readonly number[] = [kinds.epoch, kinds.share, kinds.keys, kinds.broken]

/** Pasts of content, and of other changes, that are evaluated afresh at one look: each costs as much as all that lies in it. */
const pastsPerLook = 3

export const checkSingles = (scene: Scene, seen: Seen, dice: Dice): void => {
  const counting = seen.known.filter((change) => counts(seen.membership, change))
  for (const change of counting) {
    const complaint = complainOfBody(scene, seen, change)
    if (complaint !== undefined)
      scene.violate('each change is its author’s to make', `${seen.name}: ${nameOf(scene, change)} ${complaint}`)
  }
  const contents = counting.filter(({ header }) => header.kind === kinds.data)
  const rights = counting.filter(({ header }) => judgedByPast.includes(header.kind))
  for (const change of [contents, rights].flatMap((some) => dice.shuffle(some).slice(0, pastsPerLook))) {
    const past = pastOf(scene, change)
    const before = evaluate(
      scene,
      seen.known.filter(({ hash }) => past.has(toHex(hash))),
      undefined,
    )
    const complaint = complainOfPast(scene, change, before)
    if (complaint !== undefined)
      scene.violate('each change fits its past', `${seen.name}: ${nameOf(scene, change)} ${complaint}`)
  }
}

const counts = (membership: Membership, change: Change): boolean =>
  change.header.kind >= kinds.data
    ? judge({ membership }, change).status === 'allowed'
    : membership.verdictOf(change.hash) === 'applied'

const complainOfBody = (scene: Scene, { membership, known }: Seen, change: Change): string | undefined => {
  const { header, body } = change
  if (header.kind === kinds.genesis || !body) return undefined
  const isRecovery = scene.actors.some(({ person }) => equalBytes(person.recovery.signing, header.device))
  const author = scene.actors.find(({ device }) => equalBytes(device, header.device))
  if (isRecovery || !author) return undefined
  if (!admits(scene, header.admission, header.device)) return 'is by a device that its admission does not admit'
  const decoded = decodeMembershipBody(header.kind, body)
  if (!equalBytes(header.space, scene.space)) {
    if (!equalBytes(header.space, author.person.id)) return 'is in the space of another person'
    if (decoded.kind !== 'removal') return undefined
    const strange = decoded.body.grants.some((grant) => ownerOf(scene, grant) !== author.person.n)
    return strange ? 'ends a device of somebody else' : undefined
  }
  if (decoded.kind === 'join') {
    const invite = scene.invites.find(({ grant }) => equalBytes(grant.hash, header.grant))
    const { person, address, signature } = decoded.body
    const message = joinToSign(scene.space, person, address)
    if (!invite || !scene.crypto.ed25519Verify(signature, message, invite.key))
      return 'joins by a link that it does not hold'
    if (!equalBytes(person, author.person.id)) return 'joins for somebody else'
    const past = pastOf(scene, change)
    const isClosed = endingsOf(known, membership, header.grant).some(({ hash }) => past.has(toHex(hash)))
    return isClosed ? 'joins by a link that it knew to be closed' : undefined
  }
  if (decoded.kind === 'deviceCut') {
    const revocation = scene.byKey.get(toHex(decoded.body.revocation))
    return revocation && equalBytes(revocation.header.space, author.person.id)
      ? undefined
      : 'cuts devices of somebody else'
  }
  const rank = rankOfAuthor(scene, change, 0)
  if (rank === undefined) return 'is under a right that is not its author’s'
  const isAdmin = rankNumbers[rank] >= rankNumbers.admin
  const past = pastOf(scene, change)
  if (endingsOf(known, membership, header.grant).some(({ hash }) => past.has(toHex(hash))))
    return 'is by somebody who knew to be removed'
  if (header.kind === kinds.data && rank === 'reader') return 'is a reader’s'
  if (decoded.kind === 'epoch' && decoded.body.commitments.admin !== undefined && !isAdmin)
    return 'has an admin key of a writer'
  if (decoded.kind === 'epoch' && decoded.body.publicSecret !== undefined && !isAdmin) return 'is published by a writer'
  if (decoded.kind === 'minimum' && !isAdmin) return 'asks for a version and is no admin’s'
  if (decoded.kind === 'epoch' && rank === 'reader') return 'is a reader’s'
  if (decoded.kind === 'schema' && !isAdmin && (decoded.body.record[0] !== 0 || decoded.body.cut !== undefined))
    return 'takes rights and is a writer’s'
  if (decoded.kind === 'schema' && rank === 'reader') return 'is a reader’s'
  if (decoded.kind === 'removal')
    return complainOfRemoval(scene, change, decoded.body.grants, rankNumbers[rank], author)
  return undefined
}

const endingsOf = (known: readonly Change[], membership: Membership, grant: Uint8Array): Change[] =>
  known.filter(({ header, body, hash }) => {
    if (header.kind !== kinds.removal || !body || membership.verdictOf(hash) !== 'applied') return false
    const decoded = decodeMembershipBody(kinds.removal, body)
    return decoded.kind === 'removal' && decoded.body.grants.some((named) => equalBytes(named, grant))
  })

const complainOfRemoval = (
  scene: Scene,
  change: Change,
  grants: readonly Uint8Array[],
  rank: number,
  author: Actor,
): string | undefined => {
  const past = pastOf(scene, change)
  if (grants.some((grant) => !past.has(toHex(grant)))) return 'ends what its author had not seen'
  const named = grants.map((hash) => scene.byKey.get(toHex(hash)))
  const isOwn = named.every((grant) => grant && givenTo(scene, grant) === author.person.n)
  if (isOwn) return undefined
  const isEqual = named.some((grant) => grant && rankGiven(scene, grant) >= rank)
  return isEqual ? 'removes somebody who is no lower' : undefined
}

/** The person to whom a grant gives something, by number. */
const givenTo = (scene: Scene, { header, body, hash }: Change): number | undefined => {
  if (equalBytes(hash, scene.space)) return 0
  const decoded = body && decodeMembershipBody(header.kind, body)
  const person =
    decoded?.kind === 'join' || (decoded?.kind === 'grant' && decoded.body.type === 'person')
      ? (decoded.body as { person: Uint8Array }).person
      : decoded?.kind === 'removal'
        ? decoded.body.replacement?.person
        : undefined
  return scene.actors.find((actor) => person && equalBytes(actor.person.id, person))?.person.n
}

const rankGiven = (scene: Scene, { header, body, hash }: Change): number => {
  if (equalBytes(hash, scene.space)) return rankNumbers.owner
  const decoded = body && decodeMembershipBody(header.kind, body)
  if (decoded?.kind === 'grant') return rankNumbers[decoded.body.rank]
  if (decoded?.kind === 'removal' && decoded.body.replacement) return rankNumbers[decoded.body.replacement.rank]
  const invite = decoded?.kind === 'join' ? scene.byKey.get(toHex(header.grant)) : undefined
  return invite ? rankGiven(scene, invite) : 0
}

const admits = (scene: Scene, admission: Uint8Array, device: Uint8Array): boolean => {
  const change = scene.byKey.get(toHex(admission))
  if (!change?.body) return false
  if (change.header.kind === kinds.genesis) return equalBytes(change.header.device, device)
  const decoded = decodeMembershipBody(change.header.kind, change.body)
  return decoded.kind === 'admission' && equalBytes(decoded.body.device, device)
}

const ownerOf = (scene: Scene, admission: Uint8Array): number | undefined => {
  const change = scene.byKey.get(toHex(admission))
  const space = change?.header.kind === kinds.genesis ? change.hash : change?.header.space
  return scene.actors.find(({ person }) => space !== undefined && equalBytes(person.id, space))?.person.n
}

const complainOfPast = (scene: Scene, change: Change, before: Membership): string | undefined => {
  const { header, body } = change
  if (header.kind === kinds.data) {
    const epoch = before.epochs().find(({ hash }) => equalBytes(hash, header.epoch))
    if (!epoch?.isClean) return 'is under keys that its author knew to be unclean'
    if (!isWithMembersAlone(before, header.epoch)) return 'is under keys that somebody has who was out'
    const isNewest = before.newestSchemas().some(({ hash }) => equalBytes(hash, header.schema))
    return isNewest ? undefined : 'is under rules that its author knew to be old'
  }
  const decoded = body && decodeMembershipBody(header.kind, body)
  if (decoded?.kind === 'epoch' && equalBytes(header.space, scene.space)) {
    const rank = rankOfAuthor(scene, change, 0)
    const isAdmin = rank !== undefined && rankNumbers[rank] >= rankNumbers.admin
    if (!isAdmin && !before.isRotationOwed()) return 'was not owed'
    const all = new Set([
      ...before.members().map(({ person }) => toHex(person)),
      ...before.invites().map(({ hash }) => toHex(hash)),
    ])
    const named = before.recipients(decoded.body.commitments.admin ? 'admin' : 'write').map(({ id }) => toHex(id))
    if (named.length !== all.size || named.some((id) => !all.has(id)))
      return 'is not for exactly the members of its time'
    const list = before.recipients(decoded.body.commitments.admin ? 'admin' : 'write')
    const isExact = equalBytes(recipientsToHash(scene.crypto, list), decoded.body.recipientsHash)
    return isExact ? undefined : 'is sealed to others than the members of its time'
  }
  if (decoded?.kind === 'broken' && equalBytes(header.space, scene.space)) {
    const author = scene.actors.find(({ device }) => equalBytes(device, header.device))?.person
    const wasGiven = before.readers(decoded.body.epoch).some(({ id }) => author && equalBytes(author.id, id))
    return wasGiven ? undefined : 'calls broken what was never its author’s to open'
  }
  if (decoded?.kind === 'keys') {
    const live = before.devices(header.space).map(({ device }) => toHex(device))
    const tag = scene.actors.find(({ person }) => equalBytes(person.id, header.space))?.person.tag
    // Every device serves this tag of its person; the other is looked at by `apps.ts`.
    const known = decoded.body.keys.filter((key) => tag && equalBytes(key.tag, tag))
    const isExact = known.every(
      ({ boxes }) => boxes.length === live.length && boxes.every(({ device }) => live.includes(toHex(device))),
    )
    return isExact || live.length === 0 ? undefined : 'renews keys for others than the devices of the person'
  }
  if (decoded?.kind === 'share') {
    const due = new Map(before.members().map(({ person, rank }) => [toHex(person), levelsOf[dueTo(rank)]]))
    const isDue = decoded.body.boxes.every(({ person, level }) => (due.get(toHex(person)) ?? -1) >= levelsOf[level])
    return isDue ? undefined : 'hands keys to somebody whom they are not due'
  }
  return undefined
}

const isWithMembersAlone = (membership: Membership, epoch: Uint8Array): boolean => {
  const ins = new Map([
    ...membership.members().map(({ person, rank }) => [toHex(person), levelsOf[dueTo(rank)]] as const),
    ...membership.invites().map(({ hash, rank }) => [toHex(hash), levelsOf[dueTo(rank)]] as const),
  ])
  const hasAdmin = membership.epochs().some(({ hash, commitments }) => equalBytes(hash, epoch) && commitments.admin)
  return membership.readers(epoch).every(({ id, level }) => {
    const due = ins.get(toHex(id))
    return due !== undefined && levelsOf[level] <= (hasAdmin ? due : Math.max(due, 0))
  })
}
