import { type CborValue, cborDepthMax } from './cbor.ts'
import { KithError } from './error.ts'
import { halfToNumber, singleToHalf } from './half.ts'
import { fromUtf8 } from './utf8.ts'

/**
 * The value of bytes that `encodeCbor` could have written; throws 'bad-encoding' for all else: maps, tags, undefined,
 * indefinite lengths, integers or floats that are not in their shortest form or not safe, NaN, infinities, -0, invalid UTF-8,
 * nesting past `cborDepthMax`, trailing bytes. Byte strings are views into `bytes`: copy what outlives it.
 */
export function decodeCbor(bytes: Uint8Array): CborValue {
  const { value, length } = decodeCborPrefix(bytes)
  if (length !== bytes.length) throw bad('bytes follow the value')
  return value
}

/** The first value in `bytes` and how many bytes it took; otherwise as `decodeCbor`. */
export function decodeCborPrefix(bytes: Uint8Array): { value: CborValue; length: number } {
  const reader: Reader = {
    // A plain view: what we hand out must not be a Node `Buffer`, whose `slice` does not copy.
    bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    at: 0,
  }
  const value = readValue(reader, 0)
  return { value, length: reader.at }
}

type Reader = { readonly bytes: Uint8Array; readonly view: DataView; at: number }

function readValue(reader: Reader, depth: number): CborValue {
  const head = reader.bytes[reader.at]
  if (head === undefined) throw bad('it ends too early')
  reader.at += 1
  const minor = head & 31
  switch (head >> 5) {
    case 0:
      return readArgument(reader, minor)
    case 1:
      return readNegative(reader, minor)
    case 2:
      return take(reader, readArgument(reader, minor))
    case 3:
      return readText(reader, readArgument(reader, minor))
    case 4:
      return readArray(reader, readArgument(reader, minor), depth)
    case 7:
      return readSimple(reader, minor)
    default:
      throw bad('maps and tags are not used')
  }
}

/** The number in a head: a value, or a length. */
function readArgument(reader: Reader, minor: number): number {
  if (minor < 24) return minor
  if (minor > 27) throw bad('an indefinite or reserved length')
  const width = 1 << (minor - 24)
  const at = reader.at
  if (at + width > reader.bytes.length) throw bad('it ends too early')
  reader.at = at + width
  let value: number
  let least: number
  if (width === 1) {
    value = reader.view.getUint8(at)
    least = 24
  } else if (width === 2) {
    value = reader.view.getUint16(at)
    least = 0x100
  } else if (width === 4) {
    value = reader.view.getUint32(at)
    least = 0x1_0000
  } else {
    value = reader.view.getUint32(at) * 0x1_0000_0000 + reader.view.getUint32(at + 4)
    least = 0x1_0000_0000
  }
  if (value < least) throw bad('a number is not in its shortest form')
  if (value > Number.MAX_SAFE_INTEGER) throw bad('an integer passes 2^53 − 1')
  return value
}

function readNegative(reader: Reader, minor: number): number {
  const value = -1 - readArgument(reader, minor)
  if (value < Number.MIN_SAFE_INTEGER) throw bad('an integer passes −2^53 + 1')
  return value
}

function take(reader: Reader, length: number): Uint8Array {
  const start = reader.at
  const end = start + length
  if (end > reader.bytes.length) throw bad('it ends too early')
  reader.at = end
  return reader.bytes.subarray(start, end)
}

/** Below this many bytes a loop over ASCII is faster than a call of TextDecoder (measured in Node 24). */
const asciiLoopBytesMax = 24

function readText(reader: Reader, length: number): string {
  const start = reader.at
  const end = start + length
  if (end > reader.bytes.length) throw bad('it ends too early')
  reader.at = end
  if (length <= asciiLoopBytesMax) {
    let text = ''
    let at = start
    for (; at < end; at += 1) {
      const byte = reader.bytes[at]!
      if (byte > 127) break
      text += String.fromCharCode(byte)
    }
    if (at === end) return text
  }
  return fromUtf8(reader.bytes.subarray(start, end))
}

function readArray(reader: Reader, length: number, depth: number): CborValue[] {
  if (depth >= cborDepthMax) throw bad('it is nested too deeply')
  // Each element takes a byte at least: a length past the rest is a lie, found before any memory is given to it.
  if (length > reader.bytes.length - reader.at) throw bad('it ends too early')
  const values: CborValue[] = []
  for (let count = 0; count < length; count += 1) values.push(readValue(reader, depth + 1))
  return values
}

function readSimple(reader: Reader, minor: number): CborValue {
  if (minor === 20) return false
  if (minor === 21) return true
  if (minor === 22) return null
  if (minor < 25 || minor > 27) throw bad('undefined, breaks and other simple values are not used')
  const width = 1 << (minor - 24)
  const at = reader.at
  if (at + width > reader.bytes.length) throw bad('it ends too early')
  reader.at = at + width
  if (width === 2) return checkFloat(halfToNumber(reader.view.getUint16(at)))
  if (width === 4) {
    if (singleToHalf(reader.view.getUint32(at)) !== undefined) throw bad('a float is not in its shortest form')
    return checkFloat(reader.view.getFloat32(at))
  }
  const value = checkFloat(reader.view.getFloat64(at))
  if (Math.fround(value) === value) throw bad('a float is not in its shortest form')
  return value
}

function checkFloat(value: number): number {
  if (!Number.isFinite(value)) throw bad('NaN and infinities are not used')
  if (Number.isSafeInteger(value)) throw bad('a whole number is written as a float')
  return value
}

function bad(what: string): KithError {
  return new KithError('bad-encoding', `Bytes are not canonical CBOR: ${what}. The sender is damaged or hostile.`)
}
