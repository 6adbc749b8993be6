import { inflateRawSync } from 'node:zlib'
import { decodeCbor } from '@kith/core/bytes'
import { type Change, decodeSegmentUnchecked } from '@kith/core/change'
import { type SigningKey, seedToSigningKey } from '@kith/core/crypto/sign'
import { createSeededCrypto, type Disk } from '@kith/testing/simulation'

/** What whoever holds a device's disk finds on it, behind the program's back: for attackers, and for looking at what broke. */
export const findDeviceKey = (disk: Disk): SigningKey | undefined => {
  const [row] = isBlank(disk) ? [] : disk.read("SELECT value FROM meta WHERE name = 'identity'")
  if (row === undefined) return undefined
  const [, , , , seed] = decodeCbor(row['value'] as Uint8Array) as unknown as Uint8Array[]
  return seedToSigningKey(crypto, seed as Uint8Array)
}

/** No program has run on it yet. */
export const isBlank = (disk: Disk): boolean =>
  disk.read("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").length === 0

export type NumberedChange = { readonly number: number; readonly change: Change }

/** All changes, of all spaces, with the numbers that tables on this disk know them by. */
export const findChanges = (disk: Disk): NumberedChange[] =>
  (isBlank(disk) ? [] : disk.read('SELECT change, bytes FROM segment ORDER BY change')).flatMap(
    ({ change: first, bytes }) => {
      const { changes } = decodeSegmentUnchecked(crypto, new Uint8Array(inflateRawSync(bytes as Uint8Array)))
      return changes.map((change, at) => ({ number: (first as number) + at, change }))
    },
  )

const crypto = createSeededCrypto('loot')
