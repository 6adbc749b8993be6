import { decodeCbor, encodeCbor, KithError, toHex } from '../bytes/index.ts'
import { appToHash, createInvitePayload, formatLink, type NewInvite, sealInviteEntry } from '../keys/index.ts'
import { policyToBytes, policyToLogId } from '../wire/index.ts'
import type { Engine } from './engine.ts'
import type { Replica } from './replica.ts'
import { keepSecret, loadSecrets } from './secrets.ts'

/** Puts what an invite's log holds on its way to all hubs, and gives what makes the link's text. */
export const postInvite = (
  engine: Engine,
  replica: Replica,
  invite: NewInvite,
  appId: string,
  expires: number | null,
): (() => string) => {
  const { platform, unit } = engine
  const { crypto } = platform
  const epoch = replica.epochInUse()
  if (!epoch) throw new KithError('cannot-open', 'The keys of this space are not here yet.')
  const payload = createInvitePayload(invite.grant.rank, {
    hash: epoch.hash,
    secrets: epoch.secrets,
    policy: epoch.keys.log.policy,
  })
  const entry = sealInviteEntry(crypto, invite.grant, payload)
  unit.enter()
  const policy = policyToBytes(invite.log.policy)
  const seed = invite.log.write?.seed as Uint8Array
  queueParcel(engine, policy, seed, entry)
  // Kept for hubs that lose their database: the link is to go on working.
  const kept = encodeCbor([policy, seed, entry, expires])
  keepSecret(engine.statements, replica.entry.n, 'invite', policyToLogId(invite.log.policy, crypto), kept)
  return () =>
    formatLink(crypto, {
      space: replica.entry.id,
      appHash: appToHash(crypto, appId),
      secret: invite.secret,
      logWriteKey: invite.grant.policy.write,
      expires,
      hubs: engine.hubs().map(({ key, url }) => ({ key: key ?? new Uint8Array(32), url })),
    })
}

/** An entry for another log, to all hubs. */
export const queueParcel = (engine: Engine, policy: Uint8Array, seed: Uint8Array, bytes: Uint8Array): void => {
  for (const { n } of engine.hubs()) queueFor(engine, n, policy, seed, bytes)
}

const queueFor = (engine: Engine, hub: number, policy: Uint8Array, seed: Uint8Array, bytes: Uint8Array): void =>
  engine
    .statements('INSERT INTO parcel (hub, policy, seed, lane, bytes) VALUES (?, ?, ?, 0, ?)')
    .run(hub, policy, seed, bytes)

/** For a hub that may have lost everything: the boxes of the epoch in use, and this device's open links. Within the open transaction. */
export const requeueParcels = (engine: Engine, replica: Replica, hub: number): void => {
  const { statements } = engine
  const queued = new Set(
    statements('SELECT bytes FROM parcel WHERE hub = ?')
      .all(hub)
      .map((row) => toHex(row.bytes as Uint8Array)),
  )
  const queueOnce = (policy: Uint8Array, seed: Uint8Array, bytes: Uint8Array): void => {
    if (!queued.has(toHex(bytes))) queueFor(engine, hub, policy, seed, bytes)
  }
  const epoch = replica.epochInUse()
  const boxes = epoch && replica.boxes(epoch)
  const { write, policy: own } = epoch?.keys.log ?? {}
  if (boxes && write && own) queueOnce(policyToBytes(own), write.seed, boxes)
  for (const { value } of loadSecrets(statements, replica.entry.n, 'invite')) {
    const [policy, seed, bytes, expires] = decodeCbor(value) as [Uint8Array, Uint8Array, Uint8Array, number | null]
    if (expires === null || expires > engine.clock.nowMs()) queueOnce(policy, seed, bytes)
  }
}
