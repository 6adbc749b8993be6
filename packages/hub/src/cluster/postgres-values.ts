/** How values go to PostgreSQL. Arrays are written out here, so that the driver need not ask the server for its types first. */
import { toHex } from '@kith/core/bytes'

export const bytesToArray = (list: readonly Uint8Array[]): string =>
  `{${list.map((bytes) => `"\\\\x${toHex(bytes)}"`).join(',')}}`

/** The same, with NULL for what there is not. */
export const optionalBytesToArray = (list: readonly (Uint8Array | undefined)[]): string =>
  `{${list.map((bytes) => (bytes === undefined ? 'NULL' : `"\\\\x${toHex(bytes)}"`)).join(',')}}`

export const numbersToArray = (list: readonly number[]): string => `{${list.join(',')}}`

export const keysToArray = (list: readonly string[]): string => `{${list.map((key) => `"\\\\x${key}"`).join(',')}}`

/** Big-endian, so that they compare as bytes. */
export function numbersToBytes(...values: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(8 * values.length)
  values.forEach((value, at) => bytes.writeBigUInt64BE(BigInt(value), 8 * at))
  return bytes
}

export const bytesToNumber = (bytes: Uint8Array, at: number): number =>
  Number(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).readBigUInt64BE(8 * at))
