import { concatBytes } from '@kith/core/bytes'
import { sortHeads } from '@kith/core/change'
import { labelledHash } from '@kith/core/crypto/verify'
import { encodeEpoch, type Membership, recipientsToHash } from '@kith/core/membership'
import type { Scene } from './scene.ts'

export const tagKey = ({ crypto }: Scene, tag: Uint8Array, devices: readonly Uint8Array[]) => ({
  tag,
  sealing: crypto.createKey(),
  boxes: sortHeads(devices).map((device) => ({ device, box: crypto.random(48) })),
  recoveryBox: crypto.random(48),
})

/** An epoch record: by default sealed to exactly those whom the evaluator names, and published to nobody. */
export const epochBody = (
  { crypto }: Scene,
  membership: Membership,
  highest: 'admin' | 'write',
  recipients = membership.recipients(highest),
  publicSecret?: Uint8Array,
): Uint8Array =>
  encodeEpoch({
    salt: crypto.random(16),
    policy: {
      write: crypto.createKey(),
      read: crypto.createKey(),
      admin: highest === 'admin' ? crypto.createKey() : undefined,
    },
    commitments: {
      admin: highest === 'admin' ? crypto.random(32) : undefined,
      write: crypto.random(32),
      read: publicSecret ? labelledHash(crypto, 'kith/1 commit read', publicSecret) : crypto.random(32),
    },
    recipientsHash: recipientsToHash(crypto, recipients),
    boxesHash: crypto.random(32),
    inviteSeeds: [],
    links: [],
    publicSecret,
  })

export const saltedBody = ({ crypto }: Scene): Uint8Array =>
  concatBytes(Uint8Array.of(0x82, 0x50), crypto.random(16), Uint8Array.of(0x80))
