/** Client ids: what binds a run of Yjs clocks to one device, one cell and one session. */
import { labelled, utf8 } from '../../bytes/index.ts'
import type { Hashing } from '../../ports/index.ts'

/**
 * The Yjs client id of a session: the first 53 bits of SHA-256("kith/1 text client" ‖ 0 ‖ device 32 ‖ row 16 ‖ salt 16 ‖
 * column id in UTF-8). 53 bits are what Yjs can count with; nobody can take another device's id without
 * 2^53 hashes, and whoever does wins nothing: see `claims.ts`.
 */
export function clientIdOf(
  crypto: Hashing,
  device: Uint8Array,
  row: Uint8Array,
  column: string,
  salt: Uint8Array,
): number {
  return first53Bits(crypto.sha256(labelled('kith/1 text client', device, row, salt, utf8(column))))
}

/**
 * The id under which a text holds a branch that lost its client id to another one: 53 bits of SHA-256("kith/1 text branch" ‖ 0
 * ‖ client 8 ‖ hash of the change with the branch's first op 32 ‖ index of that op 4 ‖ attempt 4).
 */
export function branchIdOf(
  crypto: Hashing,
  client: number,
  change: Uint8Array,
  index: number,
  attempt: number,
): number {
  const numbers = new Uint8Array(16)
  const view = new DataView(numbers.buffer)
  view.setBigUint64(0, BigInt(client))
  view.setUint32(8, index)
  view.setUint32(12, attempt)
  return first53Bits(crypto.sha256(labelled('kith/1 text branch', numbers.subarray(0, 8), change, numbers.subarray(8))))
}

function first53Bits(hash: Uint8Array): number {
  const view = new DataView(hash.buffer, hash.byteOffset, 8)
  return view.getUint32(0) * 2 ** 21 + (view.getUint32(4) >>> 11)
}
