import { equalBytes } from '../bytes/index.ts'
import type { Statements } from '../database/index.ts'
import { type EpochKeys, type EpochSecrets, secretsToKeys, secretToSecrets } from '../keys/index.ts'
import type { Membership } from '../membership/index.ts'
import type { Crypto } from '../ports/index.ts'
import { bytesToEpochSecret, loadSecrets } from './secrets.ts'

/** An epoch that this device has a secret of, with the keys that follow from it. */
export type ReplicaEpoch = { readonly hash: Uint8Array; readonly keys: EpochKeys; readonly secrets: EpochSecrets }

/** All such epochs of a space, the one to write under first. */
export const loadEpochs = (
  crypto: Crypto,
  statements: Statements,
  space: number,
  membership: Membership,
): ReplicaEpoch[] => {
  const kept = loadSecrets(statements, space, 'epoch')
  const inUse = membership.epochInUse()?.hash
  const found = membership.epochs().flatMap((epoch): ReplicaEpoch[] => {
    const value = kept.find(({ id }) => equalBytes(id, epoch.hash))?.value
    if (!value) return []
    const { level, secret } = bytesToEpochSecret(value)
    const secrets = secretToSecrets(crypto, level, secret)
    return [{ hash: epoch.hash, secrets, keys: secretsToKeys(crypto, secrets, epoch.policy) }]
  })
  const isInUse = (epoch: ReplicaEpoch): boolean => inUse !== undefined && equalBytes(epoch.hash, inUse)
  return [...found.filter(isInUse), ...found.filter((epoch) => !isInUse(epoch))]
}
