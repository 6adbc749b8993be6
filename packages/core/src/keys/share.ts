import { assert, compareBytes, concatBytes } from '../bytes/index.ts'
import { openBox, sealBoxes } from '../crypto/seal/index.ts'
import type { Epoch, Level, ShareBody } from '../membership/index.ts'
import type { Crypto } from '../ports/index.ts'
import { checkSecret, type EpochSecrets, secretOfLevel } from './secrets.ts'

/** Whom an epoch missed: a person, by its current sealing key, at the level due. */
export type ShareTo = { readonly person: Uint8Array; readonly level: Level; readonly sealing: Uint8Array }

/** Seals our secrets of an epoch to persons that it missed; a joiner by link to itself. */
export function createShare(
  crypto: Crypto,
  space: Uint8Array,
  epoch: Uint8Array,
  secrets: EpochSecrets,
  to: readonly ShareTo[],
): ShareBody {
  const sorted = [...to].sort((a, b) => compareBytes(a.person, b.person))
  const sealable = sorted.map(({ sealing, level }) => {
    const secret = secretOfLevel(secrets, level)
    assert(secret !== undefined, 'a share hands out a secret that we do not have')
    return { publicKey: sealing, secret }
  })
  const { ephemeral, boxes } = sealBoxes(crypto, concatBytes(space, epoch), sealable)
  return {
    salt: crypto.randomBytes(16),
    epoch,
    ephemeral,
    boxes: sorted.map(({ person, level }, at) => ({ person, level, box: boxes[at] as Uint8Array })),
  }
}

/** Our secrets out of a box of `membership.shares(person)`. Throws 'cannot-open'. */
export function openShare(
  crypto: Crypto,
  space: Uint8Array,
  epoch: Epoch,
  share: { ephemeral: Uint8Array; box: Uint8Array; index: number; level: Level },
  secretKey: Uint8Array,
): EpochSecrets {
  const secret = openBox(crypto, concatBytes(space, epoch.hash), share, secretKey)
  return checkSecret(crypto, epoch.commitments, share.level, secret)
}
