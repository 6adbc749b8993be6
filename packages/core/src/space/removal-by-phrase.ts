import { equalBytes, KithError } from '../bytes/index.ts'
import { kinds, noBytes } from '../change/index.ts'
import { createChainWriter, entropyToRecovery, type RecoverySecrets } from '../keys/index.ts'
import type { Engine } from './engine.ts'
import { type Ending, encodeEnding } from './removal.ts'
import { checkApplied } from './own-membership.ts'
import type { Replica } from './replica.ts'
import { startEpoch } from './rotation.ts'
import { spaceRecovery } from './space-recovery.ts'

/**
 * The recovery keys of a space by the entropy of their phrase: they alone rank above owners (membership rules 2 and 12).
 *
 * @throws KithError `bad-phrase`, `not-allowed` where the space has none.
 */
export const entropyToSpaceRecovery = (engine: Engine, replica: Replica, entropy: Uint8Array): RecoverySecrets => {
  const { keys, whose } = spaceRecovery(replica)
  if (!keys)
    throw new KithError(
      'not-allowed',
      'The space was created without a recovery phrase: no phrase can remove its owners.',
    )
  const recovery = entropyToRecovery(engine.platform.crypto, entropy)
  if (!equalBytes(keys.signing, recovery.signing.publicKey))
    throw new KithError('bad-phrase', `That is a phrase, but not the one ${whose}: no other one can remove its owners.`)
  return recovery
}

/**
 * A removal signed by the recovery key instead of this device, which brings it to the hubs and starts the epoch that it makes necessary. One
 * transaction.
 *
 * @throws KithError `not-allowed`, `too-large`.
 */
export const endRightsByRecovery = (
  engine: Engine,
  replica: Replica,
  { signing }: RecoverySecrets,
  ending: Ending,
): void => {
  const { unit, clock } = engine
  const { crypto } = engine.platform
  const { membership } = replica
  const { id } = replica.entry
  engine.whole(() => {
    unit.commit()
    unit.enter()
    replica.mergeHeads()
    const last = replica
      .changes()
      .filter(({ header }) => equalBytes(header.device, signing.publicKey) && equalBytes(header.space, id))
      .sort((one, other) => one.header.seq - other.header.seq)
      .at(-1)
    const start = {
      space: id,
      grant: id,
      admission: id,
      seq: last ? last.header.seq + 1 : 0,
      prev: last?.hash ?? noBytes,
      time: clock.last(),
    }
    const writer = createChainWriter(crypto, signing, start, clock.nowMs())
    const removal = writer.write(kinds.removal, encodeEnding(engine, replica, ending), membership.heads())
    clock.advance(writer.end().time)
    replica.keepOwn(writer.sign())
    checkApplied(membership, removal.hash)
    if (membership.isRotationOwed()) startEpoch(engine, replica, { joinsLast: true })
  })
}
