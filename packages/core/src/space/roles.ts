import { equalBytes, fromBase32, KithError } from '../bytes/index.ts'
import { kinds } from '../change/index.ts'
import { isRankAtLeast, type Member, type Membership, mayGrant, type Rank, textToAddress } from '../membership/index.ts'
import { rankNumbers } from '../schema/index.ts'
import type { Replica } from './replica.ts'

/** What a role of the app, or one that every app has, stands for. */
export type RoleGrant = { readonly role: string; readonly rank: Exclude<Rank, 'recovery'> }

const everyApps = ['reader', 'writer', 'admin', 'owner'] as const

/** @throws KithError `bad-value` naming the roles that there are. */
export const toRoleGrant = (replica: Replica, role: string): RoleGrant => {
  const known = everyApps.find((name) => name === role)
  if (known) return { role, rank: known }
  const roles = replica.record().compiled.record.roles
  const number = roles.find(([name]) => name === role)?.[1]
  const rank = everyApps.find((name) => rankNumbers[name] === number)
  if (rank) return { role, rank }
  const names = [...roles.map(([name]) => name), ...everyApps]
  throw new KithError('bad-value', `There is no role "${role}". Choose one of: ${names.join(', ')}.`)
}

/** Why we are no member: what a person can do about it differs. */
export const notMember = (membership: Membership, device: Uint8Array, wasMember: boolean): KithError => {
  const join = membership
    .heldBack()
    .find(({ change }) => change.header.kind === kinds.join && equalBytes(change.header.device, device))
  const isPublic = membership.epochs().some(({ publicSecret }) => publicSecret !== undefined)
  if (!join && isPublic && !wasMember)
    return new KithError(
      'not-a-member',
      'You can read this space because it is public, and are no member of it: you cannot write. Ask an admin for a link to join.',
    )
  return new KithError(
    'not-allowed',
    join
      ? `You are not a member of this space: your joining by a link has no effect. ${join.reason.message} Ask for a fresh link.`
      : 'You are not a member of this space any more. Ask an admin for a link.',
  )
}

/** Us, with at least this rank. @throws KithError `not-allowed`, `rank-too-low`. */
export const requireRank = (replica: Replica, least: Rank, what: string): Member => {
  const me = replica.me()
  if (!me) throw new KithError('not-allowed', 'You are not a member of this space.')
  if (!isRankAtLeast(me.rank, least)) throw rankTooLow(me.rank, least, what)
  return me
}

/** @throws KithError `rank-too-low`. */
export const requireGrant = (me: Member, { role, rank }: RoleGrant): void => {
  if (mayGrant(me.rank, rank)) return
  throw rankTooLow(me.rank, rank === 'admin' || rank === 'owner' ? 'owner' : 'admin', `make somebody "${role}"`)
}

export const rankTooLow = (rank: Rank, least: Rank, what: string): KithError =>
  new KithError('rank-too-low', `To ${what} you have to be at least ${least}; you are ${rank}. Ask one of them.`, {
    rank,
    least,
  })

/** @throws KithError `bad-value` for what is no address, `unknown-member` for who is no member. */
export const findMember = (replica: Replica, address: string): Member => {
  const bytes = toAddress(address)
  const found = replica.membership.members().find((member) => equalBytes(member.address, bytes))
  if (found) return found
  throw new KithError('unknown-member', 'Nobody with that address is a member of this space.', { address })
}

export const toAddress = (address: string): Uint8Array => {
  try {
    return textToAddress(address)
  } catch {
    throw new KithError('bad-value', 'An address is 77 characters, as members() has it. Copy all of it.')
  }
}

/** The hash of a change that this API gives names by. @throws KithError `bad-value`. */
export const toChangeHash = (id: string, what: string): Uint8Array => {
  try {
    const hash = fromBase32(id)
    if (hash.length === 32) return hash
  } catch {
    // Said below.
  }
  throw new KithError('bad-value', `${what} is named by its id, 52 characters.`)
}
