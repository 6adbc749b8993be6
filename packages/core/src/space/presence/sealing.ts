import { equalBytes } from '../../bytes/index.ts'
import type { EntryKey } from '../../change/index.ts'
import { secretToPresenceKey } from '../../keys/index.ts'
import type { Crypto } from '../../ports/index.ts'
import { type HeldEpoch, isHeld, type ReplicaEpoch } from '../epochs.ts'
import type { Replica } from '../replica.ts'

/**
 * The key that presence is sealed under in an epoch; undefined where this device has none. Whoever can read the space can read who is
 * here. Not in a public one: everybody has its read secret, and who of the members is looking is nobody's business; there it goes by the
 * write secret, and readers neither see nor are seen.
 */
export const createPresenceKeys = (
  crypto: Crypto,
  replicaOf: () => Replica,
): ((epoch: ReplicaEpoch) => EntryKey | undefined) => {
  const known = new WeakMap<HeldEpoch, EntryKey>()
  return (epoch) => {
    if (!isHeld(epoch)) return undefined
    const made = known.get(epoch)
    if (made) return made
    // Keys may be here before the record that says whether everybody has them.
    const record = replicaOf()
      .membership.epochs()
      .find(({ hash }) => equalBytes(hash, epoch.hash))
    const secret = record?.publicSecret === undefined ? epoch.secrets.read : epoch.secrets.write
    if (!record || !secret) return undefined
    const key = secretToPresenceKey(crypto, secret, epoch.hash)
    known.set(epoch, key)
    return key
  }
}
