import { concatBytes, equalBytes, ifUsable, toHex } from '../bytes/index.ts'
import { kinds } from '../change/index.ts'
import { openBox } from '../crypto/seal/index.ts'
import {
  type EpochSecrets,
  findEpochBox,
  keysToPolicy,
  matchSecret,
  secretOfLevel,
  secretsToLevel,
} from '../keys/index.ts'
import { noticesPerSpaceMax } from '../limits/index.ts'
import { decodeShare, type EpochBody, type Membership, type ShareBody } from '../membership/index.ts'
import { findBoxes } from './boxes.ts'
import type { Engine } from './engine.ts'
import { type RecordedEpoch, waitingRecords } from './epochs.ts'
import { keepNotice, loadNotices } from './secrets.ts'

/**
 * Keys of epochs whose records, or shares, wait for changes that lie only in those epochs' own logs: somebody who was missed by an epoch learns of
 * it in the older log by a share, and that may rest on what was written under the newer one since. A secret that matches a record's commitment proves itself, so
 * the newer log can be followed before any of it is judged; nothing is written under it until the record is.
 */
export type WaitingKeys = {
  /** Looks once at what waits now. True: there is an epoch to follow that was not known. */
  readonly look: () => boolean
}

export type WaitingKeysInput = {
  readonly engine: Engine
  readonly space: { readonly n: number; readonly id: Uint8Array }
  readonly membership: Membership
  readonly isHeld: (epoch: Uint8Array) => boolean
}

export const createWaitingKeys = ({ engine, space, membership, isHeld }: WaitingKeysInput): WaitingKeys => {
  const { statements, platform, person } = engine
  const { crypto } = platform
  /** With how many keys: a key of ours may come later than what was sealed to it. */
  const tried = new Map<string, number>()

  const openShare = (epoch: Uint8Array, body: EpochBody, share: ShareBody): EpochSecrets | undefined => {
    const context = concatBytes(space.id, epoch)
    for (const [index, { person: to, box }] of share.boxes.entries()) {
      if (!equalBytes(to, person.person)) continue
      for (const { sealing } of person.tagKeys) {
        const sealed = { ephemeral: share.ephemeral, box, index }
        const secret = ifUsable(() => openBox(crypto, context, sealed, sealing.secretKey))
        const secrets = secret && matchSecret(crypto, body, secret)
        if (secrets) return secrets
      }
    }
    return undefined
  }

  const keep = (body: RecordedEpoch, secrets: EpochSecrets): boolean => {
    const { hash: epoch } = body
    const level = secretsToLevel(secrets)
    const secret = secretOfLevel(secrets, level)
    if (!secret || loadNotices(statements, space.n).length >= noticesPerSpaceMax) return false
    engine.unit.enter('soon')
    keepNotice(statements, space.n, { epoch, level, secret, policy: keysToPolicy(body.policy) })
    return true
  }

  return {
    look: () => {
      const waiting = membership.waiting().filter(({ change }) => equalBytes(change.header.space, space.id))
      const records = new Map<string, RecordedEpoch>(
        [...membership.epochs(), ...waitingRecords(membership, space.id)].map((record) => [toHex(record.hash), record]),
      )
      let isNew = false
      const take = (record: RecordedEpoch, secrets: EpochSecrets | undefined): void => {
        if (secrets && !isHeld(record.hash)) isNew = keep(record, secrets) || isNew
      }
      for (const { change } of waiting) {
        const key = toHex(change.hash)
        const { body } = change
        if (!body || tried.get(key) === person.tagKeys.length) continue
        if (change.header.kind === kinds.share) {
          const share = ifUsable(() => decodeShare(body))
          const record = share && records.get(toHex(share.epoch))
          if (!share || !record) continue
          tried.set(key, person.tagKeys.length)
          take(record, openShare(record.hash, record, share))
        } else if (change.header.kind === kinds.epoch) {
          const record = records.get(key)
          const boxes = record && findBoxes(statements, space.n, record)
          if (!record || !boxes) continue
          tried.set(key, person.tagKeys.length)
          const keys = person.tagKeys.map(({ sealing }) => sealing.secretKey)
          take(
            record,
            ifUsable(() => findEpochBox(crypto, space.id, record, boxes, keys)),
          )
        }
      }
      return isNew
    },
  }
}
