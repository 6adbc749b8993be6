/** What lies compressed in bytes: whatever looks like a stream is inflated, as far as it goes. */
import { constants, inflateRawSync, zstdDecompressSync } from 'node:zlib'

const unpackedBytesMax = 16 * 1024 * 1024
/** A stream that ends early has given what it had. */
const options = { maxOutputLength: unpackedBytesMax, finishFlush: constants.Z_SYNC_FLUSH }
/** What chance makes of random bytes is shorter. */
const unpackedBytesMin = 16

/** The contents of all zlib, gzip and zstd streams, wherever they begin. */
export const unpackStreams = (bytes: Uint8Array): Uint8Array[] => {
  const found: Uint8Array[] = []
  for (let at = 0; at + 4 < bytes.length; at += 1) {
    const [first, second] = [bytes[at] as number, bytes[at + 1] as number]
    // RFC 1950 as zlib writes it (deflate, a window of 32 KiB, no dictionary, a check over both bytes), and a kind of block that there is.
    const isZlib = first === 0x78 && ((first << 8) | second) % 31 === 0 && (second & 0x20) === 0
    // Without the sums at their ends: what follows a stream, or the loss of its end, must not hide it.
    if (isZlib && ((bytes[at + 2] as number) & 6) !== 6)
      keep(found, () => inflateRawSync(bytes.subarray(at + 2), options))
    else if (first === 0x1f && second === 0x8b && bytes[at + 2] === 8)
      keep(found, () => inflateRawSync(bytes.subarray(behindGzipHead(bytes, at)), options))
    else if (first === 0x28 && second === 0xb5 && bytes[at + 2] === 0x2f && bytes[at + 3] === 0xfd)
      keep(found, () => zstdDecompressSync(bytes.subarray(at), { maxOutputLength: unpackedBytesMax }))
  }
  return found
}

/** RFC 1952: ten bytes, and a file's name that ends with a zero if the flags say so. */
const behindGzipHead = (bytes: Uint8Array, at: number): number =>
  ((bytes[at + 3] as number) & 8) === 0 ? at + 10 : bytes.indexOf(0, at + 10) + 1

/** Raw DEFLATE has no mark at its beginning: it is tried at these places. */
export const unpackRaw = (bytes: Uint8Array, places: readonly number[]): Uint8Array[] => {
  const found: Uint8Array[] = []
  for (const at of places) keep(found, () => inflateRawSync(bytes.subarray(at), options))
  return found
}

const keep = (found: Uint8Array[], unpack: () => Uint8Array): void => {
  try {
    const unpacked = unpack()
    if (unpacked.length >= unpackedBytesMin) found.push(unpacked)
  } catch {
    // Not a stream.
  }
}
