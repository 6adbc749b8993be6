/**
 * Reads Yjs' v1 encoding from bytes that may be hostile. lib0's own decoders trust their input: they read past the end as
 * `undefined`, recurse as deep as the sender likes and loop as often as a number says. This one only walks and counts;
 * what passes it may be handed to Yjs.
 */
import { fromUtf8, KithError } from '../../bytes/index.ts'
import { textDepthMax } from '../../limits/index.ts'

export type Reader = { readonly bytes: Uint8Array; readonly view: DataView; at: number }

export function createReader(bytes: Uint8Array): Reader {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), at: 0 }
}

export function bad(what: string): KithError {
  return new KithError('bad-encoding', `A text op is not well-formed: ${what}.`)
}

export function readByte(reader: Reader): number {
  const byte = reader.bytes[reader.at]
  if (byte === undefined) throw bad('it ends too early')
  reader.at += 1
  return byte
}

/** A variable-length integer, lowest 7 bits first, in its shortest form and safe. */
export function readNumber(reader: Reader): number {
  let value = 0
  let factor = 1
  for (let length = 1; ; length += 1) {
    const byte = readByte(reader)
    value += (byte & 0x7f) * factor
    if (byte < 0x80) {
      if (byte === 0 && length > 1) throw bad('a number is not in its shortest form')
      if (value > Number.MAX_SAFE_INTEGER) throw bad('a number is too large')
      return value
    }
    if (length === 8) throw bad('a number is too large')
    factor *= 128
  }
}

/** A length that the rest of the bytes can hold, each unit taking at least one byte: bounds every loop and allocation. */
export function readCount(reader: Reader): number {
  const count = readNumber(reader)
  if (count > reader.bytes.length - reader.at) throw bad('a length passes the end')
  return count
}

export function skipBytes(reader: Reader): void {
  const length = readCount(reader)
  reader.at += length
}

/** Skips one UTF-8 string (RFC 3629, no surrogates, no overlong forms) and returns its length in UTF-16 units, as Yjs counts. */
export function skipString(reader: Reader, bytesMax = Number.MAX_SAFE_INTEGER): number {
  const { bytes } = reader
  const length = readCount(reader)
  if (length > bytesMax) throw bad('a name is too long')
  const end = reader.at + length
  let units = 0
  let at = reader.at
  while (at < end) {
    const lead = bytes[at]!
    if (lead < 0x80) {
      at += 1
      units += 1
      continue
    }
    const more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1
    if (lead < 0xc2 || lead > 0xf4 || at + more >= end) throw bad('a string is not UTF-8')
    const second = bytes[at + 1]!
    const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
    const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
    if (second < low || second > high) throw bad('a string is not UTF-8')
    for (let next = 2; next <= more; next += 1)
      if ((bytes[at + next]! & 0xc0) !== 0x80) throw bad('a string is not UTF-8')
    at += more + 1
    units += more === 3 ? 2 : 1
  }
  reader.at = end
  return units
}

function readString(reader: Reader): string {
  const start = reader.at
  skipString(reader)
  const body = createReader(reader.bytes.subarray(start, reader.at))
  readNumber(body)
  return fromUtf8(body.bytes.subarray(body.at))
}

/** A JSON text that a parser takes and that no later recursion can be overflowed with. */
export function skipJson(reader: Reader): void {
  const text = readString(reader)
  try {
    checkDepth(JSON.parse(text), 0)
  } catch (error) {
    if (error instanceof KithError) throw error
    throw bad('a value is not JSON')
  }
}

function checkDepth(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return
  if (depth === textDepthMax) throw bad('a value is nested too deep')
  if (Object.hasOwn(value, '__proto__')) throw bad('a key is not allowed')
  for (const inner of Object.values(value)) checkDepth(inner, depth + 1)
}

/** One value of lib0's `any` encoding (lib0/encoding.js, `writeAny`). */
export function skipAny(reader: Reader, depth = 0): void {
  if (depth === textDepthMax) throw bad('a value is nested too deep')
  const kind = readByte(reader)
  switch (kind) {
    case 127: // undefined
    case 126: // null
    case 121: // false
    case 120: // true
      return
    case 125: // integer: a sign bit in the first byte, then as other numbers
      for (let length = 1; ; length += 1) {
        if (readByte(reader) < 0x80) return
        if (length === 8) throw bad('a number is too large')
      }
    case 124:
      return skipFixed(reader, 4)
    case 123:
    case 122:
      return skipFixed(reader, 8)
    case 119:
      skipString(reader)
      return
    case 118:
      for (let left = readCount(reader); left > 0; left -= 1) {
        if (readString(reader) === '__proto__') throw bad('a key is not allowed')
        skipAny(reader, depth + 1)
      }
      return
    case 117:
      for (let left = readCount(reader); left > 0; left -= 1) skipAny(reader, depth + 1)
      return
    case 116:
      return skipBytes(reader)
    default:
      throw bad('a value is of an unknown kind')
  }
}

function skipFixed(reader: Reader, length: number): void {
  if (length > reader.bytes.length - reader.at) throw bad('it ends too early')
  reader.at += length
}
