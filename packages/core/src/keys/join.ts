import { assert, equalBytes, KithError } from '../bytes/index.ts'
import { type Change, kinds, noBytes, type Segment, type Time } from '../change/index.ts'
import { encodeJoin, encodeShare, levelDue, type Membership } from '../membership/index.ts'
import type { Crypto } from '../ports/index.ts'
import { type ChainEnd, createChainWriter } from './chain.ts'
import { secretToInvite, signJoin } from './invite.ts'
import type { PersonSecrets, TagSecret } from './person.ts'
import { type EpochSecrets, secretsToLevel } from './secrets.ts'
import { headsToName } from './seen.ts'
import { createShare } from './share.ts'

export type JoinOptions = {
  readonly person: PersonSecrets
  /** The key of the app; by default the first that the person has. */
  readonly tag?: TagSecret
  /** The space as pulled, with the joiner's own person changes added. */
  readonly membership: Membership
  readonly space: Uint8Array
  /** The link's secret. */
  readonly secret: Uint8Array
  readonly epoch: { readonly hash: Uint8Array; readonly secrets: EpochSecrets }
  readonly last: Time
  readonly nowMs: number
}

export type NewJoin = {
  readonly segment: Segment
  readonly changes: readonly Change[]
  readonly end: ChainEnd
}

/** The join, which is the joiner's grant, and the share of the epoch's secret to itself. Throws 'link-expired' and 'not-found'. */
export function createJoinChanges(crypto: Crypto, options: JoinOptions): NewJoin {
  const { person, membership, space, secret, epoch } = options
  const { invite: key } = secretToInvite(crypto, secret)
  const invite = membership.invites().find(({ inviteKey }) => equalBytes(inviteKey, key.publicKey))
  if (invite === undefined) throw new KithError('link-expired', 'The link was closed. Ask for a fresh one.')
  const isSpent = invite.uses !== null && invite.joins >= invite.uses
  if (isSpent || (invite.expires !== null && options.nowMs > invite.expires)) {
    throw new KithError('link-expired', 'The invite has expired or is used up. Ask for a fresh one.')
  }
  const { person: id, address, admission } = person
  const tag = options.tag ?? person.tagKeys[0]
  assert(tag !== undefined, 'a person has a tag')
  const start = { space, grant: invite.hash, admission, seq: 0, prev: noBytes, time: options.last }
  const writer = createChainWriter(crypto, person.device.signing, start, options.nowMs)
  const own = membership.personHeads(id)
  const heads = headsToName(membership, [...membership.heads(), ...own], [epoch.hash, ...own])
  const signature = signJoin(crypto, secret, space, { person: id, address })
  const body = encodeJoin({ salt: crypto.randomBytes(16), person: id, address, tag: tag.tag, signature })
  const join = writer.write(kinds.join, body, heads)
  writer.enter({ space, grant: join.hash, admission })
  const level = levelDue(invite.rank, secretsToLevel(epoch.secrets))
  const to = [{ person: id, level, sealing: tag.sealing.publicKey }]
  writer.write(kinds.share, encodeShare(createShare(crypto, space, epoch.hash, epoch.secrets, to)))
  return { segment: writer.sign(), changes: writer.changes(), end: writer.end() }
}
