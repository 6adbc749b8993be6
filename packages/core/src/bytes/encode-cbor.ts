import { type CborValue, cborDepthMax } from './cbor.ts'
import { assert, KithError } from './error.ts'
import { singleToHalf } from './half.ts'

/**
 * The bytes of a value. -0 is written as 0, for CBOR would tell them apart and SQLite and people do not.
 * Throws 'bad-value' for a number that is not finite, a text with half a surrogate pair and nesting past `cborDepthMax`.
 */
export function encodeCbor(value: CborValue): Uint8Array {
  length = 0
  try {
    writeValue(value, 0)
    return bytes.slice(0, length)
  } finally {
    if (bytes.length > keptBytesMax) reserveNew(firstBytes)
  }
}

// One buffer for all calls, which never nest: allocating and joining pieces would cost more than all the rest.
const firstBytes = 64 * 1024
/** A buffer that grew past this is not kept after the call. */
const keptBytesMax = 2 * 1024 * 1024
let bytes = new Uint8Array(firstBytes)
let view = new DataView(bytes.buffer)
let length = 0

function writeValue(value: CborValue, depth: number): void {
  switch (typeof value) {
    case 'number':
      return writeNumber(value)
    case 'string':
      return writeText(value)
    case 'boolean':
      return writeByte(value ? 0xf5 : 0xf4)
    case 'object':
      if (value === null) return writeByte(0xf6)
      if (value instanceof Uint8Array) return writeBytes(value)
      if (Array.isArray(value)) return writeArray(value, depth)
      break
    default:
  }
  assert(false, `a ${typeof value} has no encoding`)
}

function writeArray(values: readonly CborValue[], depth: number): void {
  if (depth >= cborDepthMax) throw new KithError('bad-value', 'A value is nested too deeply.')
  writeHead(0x80, values.length)
  for (let at = 0; at < values.length; at += 1) writeValue(values[at] as CborValue, depth + 1)
}

function writeNumber(value: number): void {
  if (Number.isSafeInteger(value)) {
    if (value >= 0) writeHead(0x00, value)
    else writeHead(0x20, -1 - value)
    return
  }
  if (!Number.isFinite(value)) throw new KithError('bad-value', 'A number is not finite.')
  reserve(9)
  if (Math.fround(value) !== value) {
    bytes[length] = 0xfb
    view.setFloat64(length + 1, value)
    length += 9
    return
  }
  view.setFloat32(length + 1, value)
  const half = singleToHalf(view.getUint32(length + 1))
  if (half === undefined) {
    bytes[length] = 0xfa
    length += 5
  } else {
    bytes[length] = 0xf9
    view.setUint16(length + 1, half)
    length += 3
  }
}

function writeBytes(value: Uint8Array): void {
  writeHead(0x40, value.length)
  reserve(value.length)
  bytes.set(value, length)
  length += value.length
}

const encoder = new TextEncoder()

/** Up to this many characters a loop over ASCII is faster than a call of TextEncoder (measured in Node 24). */
const asciiLoopCharsMax = 48

function writeText(text: string): void {
  const start = length
  reserve(9 + text.length * 3)
  if (text.length <= asciiLoopCharsMax) {
    writeHead(0x60, text.length)
    let at = 0
    for (; at < text.length; at += 1) {
      const code = text.charCodeAt(at)
      if (code > 127) break
      bytes[length + at] = code
    }
    if (at === text.length) {
      length += at
      return
    }
  }
  if (!text.isWellFormed()) throw new KithError('bad-value', 'A text holds half of a surrogate pair.')
  // The length in bytes is known afterwards: written where it most likely belongs, moved where its head is wider.
  const guess = start + headBytes(text.length)
  const { written } = encoder.encodeInto(text, bytes.subarray(guess))
  const place = start + headBytes(written)
  if (place !== guess) bytes.copyWithin(place, guess, guess + written)
  length = start
  writeHead(0x60, written)
  length += written
}

function writeByte(value: number): void {
  reserve(1)
  bytes[length] = value
  length += 1
}

/** The first byte and the shortest argument: a value, or a length. */
function writeHead(major: number, argument: number): void {
  reserve(9)
  if (argument < 24) {
    bytes[length] = major | argument
  } else if (argument < 0x100) {
    bytes[length] = major | 24
    bytes[length + 1] = argument
  } else if (argument < 0x1_0000) {
    bytes[length] = major | 25
    view.setUint16(length + 1, argument)
  } else if (argument < 0x1_0000_0000) {
    bytes[length] = major | 26
    view.setUint32(length + 1, argument)
  } else {
    bytes[length] = major | 27
    view.setUint32(length + 1, Math.floor(argument / 0x1_0000_0000))
    view.setUint32(length + 5, argument >>> 0)
  }
  length += headBytes(argument)
}

function headBytes(argument: number): number {
  if (argument < 24) return 1
  if (argument < 0x100) return 2
  if (argument < 0x1_0000) return 3
  return argument < 0x1_0000_0000 ? 5 : 9
}

function reserve(count: number): void {
  if (length + count > bytes.length) reserveNew(Math.max(bytes.length * 2, length + count))
}

function reserveNew(size: number): void {
  const grown = new Uint8Array(size)
  grown.set(bytes.subarray(0, Math.min(length, size)))
  bytes = grown
  view = new DataView(bytes.buffer)
}
