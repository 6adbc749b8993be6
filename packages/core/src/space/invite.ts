import { KithError } from '../bytes/index.ts'
import { entryKinds, sealEntry } from '../change/index.ts'
import { appToHash, createInvitePayload, encodeInvitePayload, formatLink, type NewInvite } from '../keys/index.ts'
import { policyToBytes } from '../wire/index.ts'
import type { Engine } from './engine.ts'
import type { Replica } from './replica.ts'

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
  const entry = sealEntry(
    crypto,
    { baseKey: invite.entryKey, associated: new Uint8Array(0) },
    entryKinds.invite,
    encodeInvitePayload(payload),
  )
  unit.enter()
  queueParcel(engine, policyToBytes(invite.log.policy), invite.log.write?.seed as Uint8Array, entry.bytes)
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
  for (const { n } of engine.hubs()) {
    engine
      .statements('INSERT INTO parcel (hub, policy, seed, lane, bytes) VALUES (?, ?, ?, 0, ?)')
      .run(n, policy, seed, bytes)
  }
}
