import { assert, type CborValue, encodeCbor, labelled, toBase32 } from '../bytes/index.ts'
import { changeOpsMax } from '../limits/index.ts'
import type { Hashing } from '../ports/index.ts'
import { type Time, timeToBytes, writeTime } from './time.ts'

/** Where the ids of a change's ops come from. */
export type OpIdSource = {
  readonly space: Uint8Array
  readonly device: Uint8Array
  readonly salt: Uint8Array
  readonly time: Time
}

/**
 * The ids of a change's ops: 6 bytes of milliseconds, 8 bytes of SHA-256(label, space, device, time, salt), 2 bytes of the
 * op's index. A row's id is that of its insert, so it sorts by time and in the order of insertion, and nobody but the
 * device that made it can bring about its 8 bytes.
 */
export function createOpIds(crypto: Hashing, source: OpIdSource): (index: number) => Uint8Array {
  const prefix = new Uint8Array(16)
  const hash = crypto.sha256(labelled('kith/1 op', source.space, source.device, timeToBytes(source.time), source.salt))
  writeTime(source.time, prefix, 0)
  prefix.set(hash.subarray(0, 8), 6)
  return (index) => {
    assert(index >= 0 && index < changeOpsMax, 'an op index is out of range')
    const id = prefix.slice()
    id[14] = index >>> 8
    id[15] = index
    return id
  }
}

/**
 * The text form (`toBase32`) of the ids of one change, given one of them. They differ in their last 16 bits only, so that all
 * but the last four characters are made once: a bulk insert hands out a hundred thousand.
 */
export function createOpIdTexts(anyId: Uint8Array): (index: number) => string {
  const shared = toBase32(anyId).slice(0, 22)
  const restBits = ((anyId[13] as number) & 3) << 18
  // The digits of base32hex are those of `toString(32)`.
  return (index) => shared + (restBits | (index << 2)).toString(32).padStart(4, '0')
}

/** The id of a row of a keyed table: the same on every device, because the key is all it comes from. */
export function keyedRowId(crypto: Hashing, space: Uint8Array, tableId: string, keyValues: CborValue[]): Uint8Array {
  return crypto.sha256(labelled('kith/1 key', space, encodeCbor([tableId, keyValues]))).slice(0, 16)
}
