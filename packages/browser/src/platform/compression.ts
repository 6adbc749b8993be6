import { concatBytes, KithError } from '@kith/core/bytes'
import type { Compression } from '@kith/core/ports'
import { deflateSync, Inflate } from 'fflate'

/** 2 % larger than level 6 and half its time on segments of 1,000 rows. */
const level = 2

/**
 * A byte of DEFLATE gives at most 1032: with so much input at a time a bomb is found within 16 MiB of output. Smaller pieces
 * cost more copies of fflate's window (4 KiB: twice the time; 64 KiB: a third less).
 */
const inputPieceBytes = 16 * 1024

/** Raw DEFLATE of fflate, synchronous (the browser's own streams are not). */
export function createBrowserCompression(): Compression {
  return {
    deflate: (bytes) => deflateSync(bytes, { level }),
    inflate(bytes, unpackedBytesMax) {
      // fflate takes no input for an empty stream; zlib, and RFC 1951, for a damaged one.
      if (bytes.length === 0) throw new KithError('bad-encoding', 'Packed bytes are damaged.')
      const pieces: Uint8Array[] = []
      let unpackedBytes = 0
      const stream = new Inflate((piece) => {
        unpackedBytes += piece.length
        if (unpackedBytes > unpackedBytesMax) {
          throw new KithError('too-large', 'Packed bytes unpack to more than the limit. They were refused.', {
            unpackedBytesMax,
          })
        }
        pieces.push(piece)
      })
      try {
        let at = 0
        do {
          const end = Math.min(at + inputPieceBytes, bytes.length)
          stream.push(bytes.subarray(at, end), end === bytes.length)
          at = end
        } while (at < bytes.length)
      } catch (cause) {
        if (cause instanceof KithError) throw cause
        throw new KithError('bad-encoding', 'Packed bytes are damaged.', {}, cause)
      }
      return concatBytes(...pieces)
    },
  }
}
