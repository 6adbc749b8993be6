import { equalBytes, KithError, toBase32 } from '../bytes/index.ts'
import { kinds } from '../change/index.ts'
import { encodeGrant, type Member, rankNumbers } from '../membership/index.ts'
import type { Removal, RemovalOptions } from './sharing-api.ts'
import type { Engine } from './engine.ts'
import { chainHeadsUntil, personDevices } from './heads.ts'
import { outranks } from './invite-ends.ts'
import { type Ending, endRights } from './removal.ts'
import { endRightsByRecovery, entropyToSpaceRecovery } from './removal-by-phrase.ts'
import type { Replica } from './replica.ts'
import { findMember, rankTooLow, requireGrant, requireRank, type RoleGrant, toAddress, toRoleGrant } from './roles.ts'
import { spaceRecovery } from './space-recovery.ts'
import { shareWith } from './upkeep.ts'

/**
 * Makes somebody a member who needs no link, because this device knows the keys of that person.
 *
 * @throws KithError `rank-too-low`, `bad-value`, `unknown-member`.
 */
export const grantTo = (
  engine: Engine,
  replica: Replica,
  address: string,
  role: string,
  tagOf: (person: Uint8Array) => Uint8Array | undefined,
): void => {
  const me = requireRank(replica, 'admin', 'add members')
  const given = toRoleGrant(replica, role)
  requireGrant(me, given)
  const bytes = toAddress(address)
  // An address ends with the beginning of the person's id.
  const person = engine
    .store()
    .registry.spaces()
    .find(({ kind, id }) => kind === 'person' && equalBytes(id.subarray(0, 16), bytes.subarray(32)))
  const known = person && (replica.membership.member(person.id)?.tag ?? tagOf(person.id))
  if (!person || !known)
    throw new KithError(
      'unknown-member',
      'The keys of that person are not here: this device shares no space with them. Send them a link.',
      { address },
    )
  engine.whole(() => {
    replica.carry(person.n)
    writeGrant(engine, replica, person.id, known, given)
  })
}

/** A grant and what it is due of the keys, in one transaction. */
const writeGrant = (engine: Engine, replica: Replica, person: Uint8Array, tag: Uint8Array, given: RoleGrant): void => {
  const salt = engine.platform.crypto.randomBytes(16)
  replica.writeMembership(kinds.grant, encodeGrant({ type: 'person', salt, person, tag, ...given }))
  shareWith(engine, replica, person)
}

/**
 * Another role: upwards by a further grant; downwards by ending those that are there, and a lower one in the same change.
 *
 * @throws KithError `rank-too-low`, `unknown-member`, `bad-value`, `last-owner`.
 */
export const setRole = (engine: Engine, replica: Replica, address: string, role: string): void => {
  const target = findMember(replica, address)
  const given = toRoleGrant(replica, role)
  if (target.role === given.role && target.rank === given.rank) return
  const me = requireRank(replica, 'writer', 'change roles')
  const isMe = equalBytes(target.person, me.person)
  if (isMe) return stepDown(engine, replica, me, given)
  requireGrant(me, given)
  if (rankNumbers[given.rank] > rankNumbers[target.rank]) {
    engine.whole(() => writeGrant(engine, replica, target.person, target.tag, given))
    return
  }
  requireAbove(replica, me, target, 'change the role of')
  endRights(engine, replica, demotion(replica, me, target, given))
}

const stepDown = (engine: Engine, replica: Replica, me: Member, given: RoleGrant, joinsLast = false): void => {
  if (rankNumbers[given.rank] > rankNumbers[me.rank])
    throw new KithError('rank-too-low', 'Nobody raises himself. Ask somebody of higher rank.')
  if (rankNumbers[given.rank] === rankNumbers[me.rank]) requireGrant(me, given)
  requireOtherOwner(replica, me)
  // Links that a lower rank must not know of are for others to end: a removal of one's own grants names nothing else.
  endRights(engine, replica, { ...demotion(replica, me, me, given), invites: [] }, joinsLast)
}

const demotion = (replica: Replica, me: Member, target: Member, { rank, role }: RoleGrant): Ending => ({
  grants: target.grants,
  // By a link of his old rank he could be back at once.
  invites: closableInvites(replica, me.rank, target).filter((hash) =>
    replica.membership.invites().some((invite) => equalBytes(invite.hash, hash) && outranks(invite.rank, rank)),
  ),
  devices: personDevices(replica, target.person),
  replacement: { person: target.person, tag: target.tag, rank, role },
})

/**
 * Ends a person's membership: every grant that is known, and the open links that the person made, used or could read. All that is here
 * of theirs stays, unless `keep` says otherwise.
 *
 * @throws KithError `rank-too-low`, `unknown-member`, `too-large`.
 */
export const removeMember = (
  engine: Engine,
  replica: Replica,
  address: string,
  options: RemovalOptions,
  entropy: Uint8Array | undefined,
): Removal => {
  const recovery = entropy && entropyToSpaceRecovery(engine, replica, entropy)
  const { ending } = planRemoval(engine, replica, address, options, recovery && 'recovery')
  const invites = replica.membership.invites().filter(({ hash }) => ending.invites.some((one) => equalBytes(one, hash)))
  const roles = invites.map(({ role }) => role)
  if (recovery) endRightsByRecovery(engine, replica, recovery, ending)
  else endRights(engine, replica, ending)
  return { closedInvites: ending.invites.map(toBase32), closedRoles: [...new Set(roles)] }
}

/** What `removeMember` would write. */
export const planRemoval = (
  engine: Engine,
  replica: Replica,
  address: string,
  { keep = 'everything' }: RemovalOptions,
  by?: 'recovery',
): { ending: Ending; target: Member } => {
  const target = findMember(replica, address)
  // Whoever has the phrase needs no rank, but a right to write: somebody has to bring it to the others.
  const me = requireRank(replica, by ? 'writer' : 'admin', 'remove members')
  const rank = by ?? me.rank
  if (equalBytes(target.person, me.person)) throw new KithError('bad-value', 'You cannot remove yourself. Use leave().')
  if (!by) requireAbove(replica, me, target, 'remove')
  const devices = personDevices(replica, target.person)
  const ending = { grants: target.grants, invites: closableInvites(replica, rank, target), devices }
  if (keep === 'everything') return { target, ending }
  if (keep === 'nothing') return { target, ending: { ...ending, cut: [] } }
  if (!(keep instanceof Date) || Number.isNaN(keep.getTime()))
    throw new KithError('bad-value', "keep is 'everything', 'nothing' or a valid Date.")
  return { target, ending: { ...ending, cut: chainHeadsUntil(engine, replica, devices, keep.getTime()) } }
}

/** @throws KithError `last-owner`, `not-allowed`. */
export const leaveSpace = (engine: Engine, replica: Replica): void => {
  const me = requireRank(replica, 'reader', 'leave')
  requireOtherOwner(replica, me)
  endRights(engine, replica, { grants: me.grants, invites: [], devices: personDevices(replica, me.person) })
}

/** Somebody else becomes owner, and we an admin. @throws KithError `rank-too-low`, `unknown-member`. */
export const transferOwnership = (engine: Engine, replica: Replica, address: string): void => {
  const me = requireRank(replica, 'owner', 'hand the space over')
  const target = findMember(replica, address)
  if (equalBytes(target.person, me.person)) throw new KithError('bad-value', 'You are the owner already.')
  engine.whole(() => {
    if (target.rank !== 'owner')
      writeGrant(engine, replica, target.person, target.tag, { role: 'owner', rank: 'owner' })
    stepDown(engine, replica, me, { role: 'admin', rank: 'admin' }, target.rank !== 'owner')
  })
}

/** Rule 21, as far as our rank may end them. */
const closableInvites = (replica: Replica, own: Member['rank'], target: Member): Uint8Array[] => {
  const named = replica.membership.rightsOf(target.person).invites
  return replica.membership
    .invites()
    .filter(({ hash, rank }) => outranks(own, rank) && named.some((one) => equalBytes(one, hash)))
    .map(({ hash }) => hash)
}

const requireAbove = (replica: Replica, me: Member, target: Member, what: string): void => {
  if (outranks(me.rank, target.rank)) return
  if (target.rank === 'owner') {
    const { keys, whose } = spaceRecovery(replica)
    const nobody = `Nobody can ${what} an owner but the owner (leave, transferOwnership)`
    throw new KithError(
      'rank-too-low',
      keys
        ? `${nobody} or who has the recovery phrase ${whose}: remove(address, { phrase }).`
        : `${nobody}: the space was created without a recovery phrase.`,
      { rank: me.rank, target: target.rank },
    )
  }
  throw rankTooLow(me.rank, target.rank === 'admin' ? 'owner' : 'admin', `${what} a member of rank ${target.rank}`)
}

const requireOtherOwner = (replica: Replica, me: Member): void => {
  if (me.rank !== 'owner') return
  const others = replica.membership.members().filter(({ person }) => !equalBytes(person, me.person))
  if (others.some(({ rank }) => rank === 'owner')) return
  throw others.length === 0
    ? new KithError(
        'last-owner',
        'You are the only member: nobody could ever open the space again. Delete it here instead.',
      )
    : new KithError('last-owner', 'You are the last owner. Hand the space over first: transferOwnership(address).')
}
