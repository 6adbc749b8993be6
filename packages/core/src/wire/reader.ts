/**
 * Reads frames: deterministic CBOR of arrays, byte strings and unsigned integers only. Unlike `decodeCbor` it is told what
 * must come next and how long it may be, so that a hostile length is refused before anything is allocated for it.
 */
import { KithError } from '../bytes/index.ts'

export type FrameReader = {
  /** The head of an array of exactly `length` elements. */
  readonly array: (length: number) => void
  /** The head of an array of at most `lengthMax` elements: their number. */
  readonly list: (lengthMax: number) => number
  /** An unsigned integer of at most `max` (2^53 − 1 unless given). */
  readonly integer: (max?: number) => number
  /** A view of a byte string of exactly `length` bytes. */
  readonly fixedBytes: (length: number) => Uint8Array
  /** A view of a byte string of at most `lengthMax` bytes. */
  readonly bytes: (lengthMax: number) => Uint8Array
  /** Undefined for an empty byte string, otherwise as `fixedBytes`. */
  readonly optionalBytes: (length: number) => Uint8Array | undefined
  /** The major type of what comes next: 0 integer, 2 bytes, 4 array. */
  readonly peek: () => number
  /** Nothing may follow. */
  readonly end: () => void
}

/** Throws 'bad-encoding' for what is cut off, not minimal or of another type, 'too-large' for what passes its bound. */
export function createFrameReader(message: Uint8Array): FrameReader {
  // A plain view: a Node `Buffer` would hand out Buffers, whose `slice` does not copy.
  const bytes = new Uint8Array(message.buffer, message.byteOffset, message.byteLength)
  let at = 0

  function head(major: number): number {
    const first = bytes[at]
    if (first === undefined) throw bad('it ends too early')
    if (first >> 5 !== major) throw bad('a value is of another type')
    at += 1
    const minor = first & 31
    if (minor < 24) return minor
    if (minor > 27) throw bad('an indefinite or reserved length')
    const width = 1 << (minor - 24)
    if (width > bytes.length - at) throw bad('it ends too early')
    let value = 0
    for (const end = at + width; at < end; at += 1) value = value * 256 + bytes[at]!
    // The least number that needs this width: 24, 2^8, 2^16, 2^32.
    if (value < (width === 1 ? 24 : 2 ** (width * 4))) throw bad('a number is not in its shortest form')
    if (!Number.isSafeInteger(value)) throw bad('an integer passes 2^53 − 1')
    return value
  }

  function take(length: number): Uint8Array {
    if (length > bytes.length - at) throw bad('it ends too early')
    at += length
    return bytes.subarray(at - length, at)
  }

  const reader: FrameReader = {
    array(length) {
      if (head(4) !== length) throw bad('an array is of another length')
    },
    list(lengthMax) {
      const length = head(4)
      if (length > lengthMax) throw tooLarge('a list', length, lengthMax)
      // Each element takes a byte at least.
      if (length > bytes.length - at) throw bad('it ends too early')
      return length
    },
    integer(max = Number.MAX_SAFE_INTEGER) {
      const value = head(0)
      if (value > max) throw bad('a number is out of range')
      return value
    },
    fixedBytes(length) {
      if (head(2) !== length) throw bad('a byte string is of another length')
      return take(length)
    },
    bytes(lengthMax) {
      const length = head(2)
      if (length > lengthMax) throw tooLarge('a byte string', length, lengthMax)
      return take(length)
    },
    optionalBytes(length) {
      const found = head(2)
      if (found === 0) return undefined
      if (found !== length) throw bad('a byte string is of another length')
      return take(length)
    },
    peek() {
      const first = bytes[at]
      if (first === undefined) throw bad('it ends too early')
      return first >> 5
    },
    end() {
      if (at !== bytes.length) throw bad('bytes follow the message')
    },
  }
  return reader
}

export function bad(what: string): KithError {
  return new KithError(
    'bad-encoding',
    `A frame is not what the protocol says: ${what}. The sender is damaged or hostile.`,
  )
}

export function tooLarge(what: string, size: number, sizeMax: number): KithError {
  return new KithError('too-large', `A frame was refused: ${what} of ${size} passes the limit of ${sizeMax}.`, {
    size,
    sizeMax,
  })
}
