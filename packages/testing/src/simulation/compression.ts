import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { KithError } from '@kith/core/bytes'
import type { Compression } from '@kith/core/ports'

/** Raw DEFLATE, all of it in the caller's turn: work on another thread would end at a time that no seed decides. */
export const compression: Compression = {
  deflate: (bytes) => view(deflateRawSync(bytes, { level: 1, memLevel: 7, chunkSize: 32 * 1024 })),
  inflate: (bytes, unpackedBytesMax) => {
    try {
      const unpacked = inflateRawSync(bytes, { maxOutputLength: Math.max(1, unpackedBytesMax) })
      if (unpacked.length <= unpackedBytesMax) return view(unpacked)
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE')
        throw new KithError('bad-encoding', 'Packed bytes are damaged.', {}, cause)
    }
    throw new KithError('too-large', 'Packed bytes unpack to more than the limit.', { unpackedBytesMax })
  },
}

const view = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
