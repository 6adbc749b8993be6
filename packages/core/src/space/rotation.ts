import { equalBytes, KithError, toHex } from '../bytes/index.ts'
import { type Change, kinds } from '../change/index.ts'
import { createEpoch, sealInviteSeed, secretOfLevel } from '../keys/index.ts'
import { encodeEpoch, type Epoch, isRankAtLeast, type Membership, type OpenInvite } from '../membership/index.ts'
import { keepBoxes } from './boxes.ts'
import type { Engine } from './engine.ts'
import { findInviteSeed, isExpired, postInvite } from './invite.ts'
import { isHeld } from './epochs.ts'
import type { Replica } from './replica.ts'

export type EpochStart = {
  /** In one transaction with the membership change before, the removal that owes it. */
  readonly joinsLast?: boolean
  /** Joiners are given no older content (membership rule 13). */
  readonly hidesHistory?: boolean
  /** Whether the record publishes the read secret (membership rule 22). Not said: as it was, for an admin; a writer cannot. */
  readonly isPublic?: boolean
}

/**
 * Starts an epoch: fresh secrets, sealed to everybody who is a member by what this device knows. The record, the boxes and what open
 * invites need go on their way in the same transaction.
 *
 * @throws KithError `not-allowed` for readers, or where none is owed and we are no admin.
 */
export const startEpoch = (engine: Engine, replica: Replica, how: EpochStart = {}): Change => {
  const { crypto } = engine.platform
  const { membership, entry } = replica
  const me = replica.me()
  if (!me || !isRankAtLeast(me.rank, 'writer'))
    throw new KithError(
      'not-allowed',
      'New keys are needed, and readers cannot make them. They come when a writer or an admin is here.',
    )
  const highest = isRankAtLeast(me.rank, 'admin') ? 'admin' : 'write'
  const isPublic = highest === 'admin' && (how.isPublic ?? isPublicNow(membership))
  // What a space that stays public has not shown to everybody so far, it does not show now, unasked.
  const stays = isPublic && how.isPublic === undefined
  const history = how.hidesHistory ? 'hidden' : stays ? 'as public' : 'shown'
  const invites = seededInvites(engine, replica)
  const epoch = createEpoch(crypto, entry.id, highest, membership.recipients(highest), (secrets) => ({
    inviteSeeds: invites.map(({ invite, seed }) => ({
      grant: invite.hash,
      sealed: sealInviteSeed(crypto, invite, seed, secrets.write),
    })),
    links: replica.links(secrets, history),
    isPublic,
  }))
  return engine.whole(() => {
    const record = replica.writeMembership(kinds.epoch, encodeEpoch(epoch.body), {
      joinsLast: how.joinsLast === true,
    })
    const secret = secretOfLevel(epoch.secrets, highest)
    if (secret) replica.addEpochSecret(record.hash, highest, secret)
    if (epoch.boxes) keepBoxes(engine.statements, crypto, entry.n, epoch.boxes)
    const made = replica
      .epochs()
      .filter(isHeld)
      .find(({ hash }) => equalBytes(hash, record.hash))
    if (made) {
      for (const { invite, seed } of invites) postInvite(engine, replica, invite, seed, made)
    }
    engine.epochStarted(entry.n, record.hash)
    return record
  })
}

/** Whether the newest epoch is public. Of several that do not know of each other all have to be: one of them may have been started to end it. */
export const isPublicNow = (membership: Membership): boolean => {
  const newest = newestOf(membership.epochs())
  return newest.length > 0 && newest.every(({ publicSecret }) => publicSecret !== undefined)
}

/** Those that no other one supersedes. */
export const newestOf = (records: readonly Epoch[]): Epoch[] => {
  const older = new Set(records.flatMap(({ supersedes }) => supersedes.map(toHex)))
  return records.filter(({ hash }) => !older.has(toHex(hash)))
}

/** Open invites whose log we can write to. Expired ones bring nobody in any more. */
const seededInvites = (engine: Engine, replica: Replica): { invite: OpenInvite; seed: Uint8Array }[] =>
  replica.membership.invites().flatMap((invite) => {
    const seed = isExpired(invite, engine.clock.nowMs()) ? undefined : findInviteSeed(engine, replica, invite)
    return seed === undefined ? [] : [{ invite, seed }]
  })
