import { promisify } from 'node:util'
import { deflateRaw, deflateRawSync, inflateRawSync } from 'node:zlib'
import { KithError } from '@kith/core/bytes'
import type { Compression } from '@kith/core/ports'

/**
 * Measured on a segment of 1,000 records (63 KB): level 1 0.33 ms and 21.0 KB, level 3 0.74 ms and 21.4 KB, level 6 2.2 ms and 19.9 KB.
 * A change waits for this before it is durable, so the fastest.
 */
const settings = {
  level: 1,
  /** Half of zlib's usual table: less to clear for each of many small segments, and 5 % smaller output on these. */
  memLevel: 7,
  /** zlib allocates its output in pieces of this size: one piece for most segments. */
  chunkSize: 32 * 1024,
}
/** For an edit of a few words that piece costs more than the rest: 124 µs against 32 µs in a process that is cold. */
const smallBytesMax = 4 * 1024
const smallSettings = { ...settings, chunkSize: smallBytesMax }

const deflateOnThreadPool = promisify<Uint8Array, typeof settings, Buffer>(deflateRaw)

/** Raw DEFLATE of zlib. */
export function createNodeCompression(): Compression {
  return {
    deflate: (bytes) => plainView(deflateRawSync(bytes, bytes.length < smallBytesMax ? smallSettings : settings)),
    deflateApart: async (bytes) => plainView(await deflateOnThreadPool(bytes, settings)),
    inflate(bytes, unpackedBytesMax) {
      try {
        // zlib stops as soon as the output passes the bound. It takes no bound of zero, so the last byte is checked here.
        const unpacked = inflateRawSync(bytes, { maxOutputLength: Math.max(1, unpackedBytesMax) })
        if (unpacked.length <= unpackedBytesMax) return plainView(unpacked)
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') {
          throw new KithError('bad-encoding', 'Packed bytes are damaged.', {}, cause)
        }
      }
      throw new KithError('too-large', 'Packed bytes unpack to more than the limit. They were refused.', {
        unpackedBytesMax,
      })
    },
  }
}

function plainView(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}
