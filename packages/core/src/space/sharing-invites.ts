import { equalBytes, ifUsable, KithError, toBase32 } from '../bytes/index.ts'
import { kinds } from '../change/index.ts'
import { appToHash, createInvite, formatLink, openInviteSecret } from '../keys/index.ts'
import { encodeGrant, type OpenInvite } from '../membership/index.ts'
import type { Invite, InviteOptions } from './sharing-api.ts'
import type { Engine } from './engine.ts'
import { findKept, isExpired, postInvite } from './invite.ts'
import { outranks } from './invite-ends.ts'
import { endRights } from './removal.ts'
import { isHeld, type Replica } from './replica.ts'
import { rankTooLow, requireGrant, requireRank, toChangeHash, toRoleGrant } from './roles.ts'

/**
 * Makes a link. Returns what gives its text: the keys of hubs, which are in it, are known once they were reached.
 *
 * @throws KithError `rank-too-low`, `bad-value`, `cannot-open`.
 */
export const makeInvite = (engine: Engine, replica: Replica, options: InviteOptions): (() => string) => {
  const { role, uses, expires } = options
  const me = requireRank(replica, 'admin', 'invite')
  const given = toRoleGrant(replica, role)
  if (given.rank === 'owner')
    throw new KithError('bad-value', 'Nobody becomes an owner by a link. Invite an admin, then use setRole.')
  requireGrant(me, given)
  if (uses !== undefined && (!Number.isSafeInteger(uses) || uses < 1))
    throw new KithError('bad-value', 'uses is a whole number from 1.')
  if (expires !== undefined && Number.isNaN(expires.getTime()))
    throw new KithError('bad-value', 'expires is a valid Date.')
  const epoch = replica.epochInUse()
  if (!epoch) throw new KithError('cannot-open', 'The keys of this space are not here yet.')
  const terms = { ...given, uses: uses ?? null, expires: expires?.getTime() ?? null }
  const made = createInvite(engine.platform.crypto, terms, epoch)
  const { seed } = made.log.write ?? {}
  return engine.whole(() => {
    const { hash } = replica.writeMembership(kinds.grant, encodeGrant(made.grant))
    if (seed) postInvite(engine, replica, { ...made.grant, hash }, seed, epoch, made.secret)
    return () => toLink(engine, replica, made.grant, made.secret)
  })
}

/** Open links, also those that bring nobody in any more and are not closed yet. */
export const listInvites = (engine: Engine, replica: Replica): Invite[] =>
  replica.membership.invites().map((invite) => {
    const { hash, role, rank, uses, joins, expires } = invite
    const secret = findLinkSecret(engine, replica, invite)
    return {
      id: toBase32(hash),
      role,
      rank: rank as Invite['rank'],
      uses: uses ?? undefined,
      joins,
      isExceeded: uses !== null && joins > uses,
      expires: expires === null ? undefined : new Date(expires),
      isExpired: isExpired(invite, engine.clock.nowMs()),
      link: secret && toLink(engine, replica, invite, secret),
    }
  })

/** Ends a link. Whoever joined by it stays. @throws KithError `not-found`, `rank-too-low`, `bad-value`. */
export const closeInvite = (engine: Engine, replica: Replica, id: string): void => {
  const me = requireRank(replica, 'admin', 'close a link')
  const wanted = toChangeHash(id, 'A link')
  const invite = replica.membership.invites().find(({ hash }) => equalBytes(hash, wanted))
  if (!invite) throw new KithError('not-found', 'There is no open link with that id. It may have been closed already.')
  if (!outranks(me.rank, invite.rank)) throw rankTooLow(me.rank, 'owner', `close a link for "${invite.role}"`)
  endRights(engine, replica, { grants: [], invites: [wanted], devices: [] })
}

/** The secret of a link: this device made it, or it is an admin's, for whom it lies sealed in the grant. */
const findLinkSecret = (engine: Engine, replica: Replica, invite: OpenInvite): Uint8Array | undefined => {
  const kept = findKept(engine, replica, invite.hash)?.secret
  if (kept && kept.length > 0) return kept
  const epoch = replica
    .epochs()
    .filter(isHeld)
    .find(({ hash }) => equalBytes(hash, invite.epoch))
  const admin = epoch?.secrets.admin
  if (admin === undefined || invite.sealedSecret.length === 0) return undefined
  return ifUsable(() => openInviteSecret(engine.platform.crypto, invite, admin))
}

const toLink = (
  engine: Engine,
  replica: Replica,
  { policy, expires }: Pick<OpenInvite, 'policy' | 'expires'>,
  secret: Uint8Array,
): string => {
  const { crypto } = engine.platform
  return formatLink(crypto, {
    space: replica.entry.id,
    appHash: appToHash(crypto, replica.entry.app),
    secret,
    logWriteKey: policy.write,
    expires,
    hubs: engine.hubs().map(({ key, url }) => ({ key: key ?? new Uint8Array(32), url })),
  })
}
