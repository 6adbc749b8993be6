/** The payload of an entry of kind `segments`: CBOR list of segments, each deflated on its own, as devices also store them. */
import { decodeCbor, encodeCbor, isList, KithError } from '../bytes/index.ts'
import { entrySegmentsMax, entryUnpackedBytesMax, unpackRatioMax } from '../limits/index.ts'
import type { Compression } from '../ports/index.ts'
import type { Segment } from './segment.ts'

export type UnpackedSegment = {
  /** As it came: what is stored and packed again without compressing anew. */
  readonly deflated: Uint8Array
  /** The segment's bytes, still to be decoded and verified. */
  readonly bytes: Uint8Array
  /** What they say, by `decodeSegmentUnchecked`, where it was looked at before: still to be verified. */
  readonly decoded?: Segment
}

/** The payload that carries the deflated segments, in their order. */
export function packSegments(deflated: readonly Uint8Array[]): Uint8Array {
  return encodeCbor(deflated)
}

/**
 * The segments of a payload. `entryBytes` is the length of the whole entry that it came in. Throws 'bad-encoding' for a
 * malformed payload and 'too-large' as soon as all segments together pass `entryUnpackedBytesMax` or `unpackRatioMax` times the entry.
 */
export function unpackSegments(compression: Compression, payload: Uint8Array, entryBytes: number): UnpackedSegment[] {
  const list = decodeCbor(payload)
  if (!isList(list)) throw new KithError('bad-encoding', 'An entry holds no list of segments.')
  if (list.length > entrySegmentsMax) throw new KithError('too-large', 'An entry holds too many segments.')
  let restBytes = Math.min(entryUnpackedBytesMax, entryBytes * unpackRatioMax)
  return list.map((deflated) => {
    if (!(deflated instanceof Uint8Array)) throw new KithError('bad-encoding', 'An entry holds what is no segment.')
    const bytes = compression.inflate(deflated, restBytes)
    restBytes -= bytes.length
    return { deflated, bytes }
  })
}
