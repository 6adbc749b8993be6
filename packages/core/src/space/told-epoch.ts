import { equalBytes, KithError } from '../bytes/index.ts'
import { checkSecret, secretToKeys } from '../keys/index.ts'
import { noticesPerSpaceMax } from '../limits/index.ts'
import type { Engine } from './engine.ts'
import { isHeld } from './epochs.ts'
import type { Replica } from './replica.ts'
import { keepNotice, loadNotices, type NoticedEpoch } from './secrets.ts'

/**
 * Takes in the secret of an epoch that a letter or a list of our own told of. Where its record is not here its log is followed for it, and nothing
 * else. Nothing happens where we have a secret of it.
 *
 * @throws KithError `bad-key` (not what the record commits to), `too-large`.
 */
export const takeToldEpoch = (engine: Engine, replica: Replica, told: NoticedEpoch): void => {
  const { statements, unit, platform } = engine
  const { level, policy, epoch, secret } = told
  const { n } = replica.entry
  if (replica.epochs().some((known) => isHeld(known) && equalBytes(known.hash, epoch))) return
  secretToKeys(platform.crypto, level, secret, policy)
  unit.enter('soon')
  const record = replica.membership.epochs().find(({ hash }) => equalBytes(hash, epoch))
  if (record) {
    checkSecret(platform.crypto, record.commitments, level, secret)
    replica.addEpochSecret(epoch, level, secret)
    return
  }
  const kept = loadNotices(statements, n).filter(
    (notice) => !replica.membership.epochs().some(({ hash }) => equalBytes(hash, notice.epoch)),
  )
  if (kept.length >= noticesPerSpaceMax)
    throw new KithError('too-large', 'Too many epochs of a space were told of whose records never came.')
  keepNotice(statements, n, told)
  replica.keysCame()
}
