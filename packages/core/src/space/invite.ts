import { decodeCbor, encodeCbor, equalBytes, ifUsable, toHex } from '../bytes/index.ts'
import type { SigningKey } from '../crypto/sign/index.ts'
import { createInvitePayload, keysToPolicy, openInviteSeed, sealInviteEntry } from '../keys/index.ts'
import type { OpenInvite } from '../membership/index.ts'
import { policyToBytes, policyToLogId } from '../wire/index.ts'
import type { Engine } from './engine.ts'
import { queueParcel, queueParcelFor } from './parcel.ts'
import type { HeldEpoch, Replica } from './replica.ts'
import { keepSecret, loadSecrets } from './secrets.ts'
import { loadStanding } from './standing.ts'

/** What this device keeps of an invite whose log it writes to, for hubs that lose their database: the link is to go on working. */
type KeptInvite = {
  /** Hash of the grant. */
  readonly grant: Uint8Array
  readonly policy: Uint8Array
  readonly seed: Uint8Array
  /** The newest entry that this device made for the invite's log. */
  readonly entry: Uint8Array
  /** The link's secret; empty where another device made the link. */
  readonly secret: Uint8Array
}

/** Puts what an invite's log has to hold in this epoch on its way to all hubs. Within the open transaction. */
export const postInvite = (
  engine: Engine,
  replica: Replica,
  invite: Omit<OpenInvite, 'joins'>,
  seed: Uint8Array,
  epoch: HeldEpoch,
  secret: Uint8Array = findKept(engine, replica, invite.hash)?.secret ?? new Uint8Array(0),
): void => {
  const { crypto } = engine.platform
  const { hash, secrets, keys } = epoch
  const payload = createInvitePayload(invite.rank, { hash, secrets, policy: keys.log.policy })
  const entry = sealInviteEntry(crypto, invite, payload)
  engine.unit.enter()
  const policy = policyToBytes(keysToPolicy(invite.policy))
  queueParcel(engine, policy, seed, entry)
  const kept = encodeCbor([invite.hash, policy, seed, entry, secret])
  keepSecret(engine.statements, replica.entry.n, 'invite', policyToLogId(keysToPolicy(invite.policy), crypto), kept)
}

/** What this device keeps of an invite; undefined where it never wrote to its log. */
export const findKept = (engine: Engine, replica: Replica, grant: Uint8Array): KeptInvite | undefined =>
  loadKept(engine, replica).find((kept) => equalBytes(kept.grant, grant))

const loadKept = (engine: Engine, replica: Replica): KeptInvite[] =>
  loadSecrets(engine.statements, replica.entry.n, 'invite').map(({ value }) => {
    const [grant, policy, seed, entry, secret] = decodeCbor(value) as unknown as Uint8Array[] & { length: 5 }
    return { grant, policy, seed, entry, secret } as KeptInvite
  })

/** The write key of an invite's log: sealed under the write secret of its grant's epoch, and of each later one that saw it open. */
export const findInviteSeed = (engine: Engine, replica: Replica, invite: OpenInvite): Uint8Array | undefined => {
  const kept = findKept(engine, replica, invite.hash)
  if (kept) return kept.seed
  const records = replica.membership.epochs()
  for (const { hash, secrets } of replica.epochs()) {
    const record = records.find((candidate) => equalBytes(candidate.hash, hash))
    const later = record?.inviteSeeds.find(({ grant }) => equalBytes(grant, invite.hash))?.sealed
    const sealedSeed = equalBytes(hash, invite.epoch) ? invite.sealedSeed : later
    const opened = sealedSeed && secrets?.write && tryOpen(engine, { ...invite, sealedSeed }, secrets.write)
    if (opened) return opened.seed
  }
  return undefined
}

/** Undefined for a seed that somebody sealed wrongly: that link will not follow to new epochs, nothing else is lost. */
const tryOpen = (engine: Engine, invite: OpenInvite, write: Uint8Array): SigningKey | undefined => {
  const key = ifUsable(() => openInviteSeed(engine.platform.crypto, invite, write))
  return key && equalBytes(key.publicKey, invite.policy.write) ? key : undefined
}

export const isExpired = ({ expires }: Pick<OpenInvite, 'expires'>, nowMs: number): boolean =>
  expires !== null && expires < nowMs

/** For a hub that may have lost everything: open links, and what has to stand on small logs. Within the open transaction. */
export const requeueParcels = (engine: Engine, replica: Replica, hub: number): void => {
  const { statements } = engine
  const queued = new Set(
    statements('SELECT bytes FROM parcel WHERE hub = ?')
      .all(hub)
      .map((row) => toHex(row.bytes as Uint8Array)),
  )
  const queueOnce = (policy: Uint8Array, seed: Uint8Array, bytes: Uint8Array): void => {
    if (!queued.has(toHex(bytes))) queueParcelFor(engine, hub, policy, seed, bytes)
  }
  for (const { policy, seed, entry } of loadStanding(engine, replica.entry.n)) queueOnce(policy, seed, entry)
  const open = replica.membership.invites()
  for (const { grant, policy, seed, entry } of loadKept(engine, replica)) {
    const invite = open.find(({ hash }) => equalBytes(hash, grant))
    if (invite && !isExpired(invite, engine.clock.nowMs())) queueOnce(policy, seed, entry)
  }
}
