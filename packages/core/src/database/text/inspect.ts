/** What a text op on the wire may be, and nothing else: checked before Yjs sees a byte of it. */
import { textClockMax, textNameBytesMax, textOpBytesMax } from '../../limits/index.ts'
import type { ClockRange } from './bytes.ts'
import {
  bad,
  createReader,
  type Reader,
  readByte,
  readCount,
  readNumber,
  skipAny,
  skipBytes,
  skipJson,
  skipString,
} from './reader.ts'

/** A session's salt. */
export const textSaltBytes = 16

/** The last three fields of op 5 (docs/protocol/text.md). `structs` and `deletes` are Yjs v1 updates, or no bytes at all. */
export type TextOpBytes = {
  /** 16 bytes in the op that begins a session's clocks, null in all others. */
  readonly salt: Uint8Array | null
  readonly structs: Uint8Array
  readonly deletes: Uint8Array
}

export type TextOpShape = {
  /** Whose clocks the structs continue; undefined where the op only deletes. */
  readonly insert: ClockRange | undefined
  /** What it deletes: clients descending, clocks ascending, no two touching the same clock. */
  readonly deletes: readonly ClockRange[]
}

/**
 * The shape of an op. Throws `KithError('bad-encoding')` unless it holds exactly one client's structs with contiguous
 * clocks (no gap, no sub-document, nothing that refers to its own future), deletions, or both; a salt exactly where clocks
 * begin at 0; and no byte more. Time and memory are linear in the bytes.
 */
export function inspectTextOp(op: TextOpBytes): TextOpShape {
  if (op.structs.length + op.deletes.length > textOpBytesMax) throw bad('it is too large')
  if (op.structs.length + op.deletes.length === 0) throw bad('it is empty')
  if (op.salt !== null && op.salt.length !== textSaltBytes) throw bad('the session salt is not 16 bytes')
  const insert = op.structs.length === 0 ? undefined : inspectStructs(op.structs)
  if ((insert?.start === 0) !== (op.salt !== null))
    throw bad('a salt belongs to the first op of a session, and only there')
  return { insert, deletes: op.deletes.length === 0 ? [] : inspectDeletes(op.deletes) }
}

function inspectStructs(bytes: Uint8Array): ClockRange {
  const reader = createReader(bytes)
  const [range] = readStructSection(reader)
  if (range === undefined) throw bad('it holds no structs')
  if (readNumber(reader) !== 0) throw bad('structs and deletes are mixed')
  if (reader.at !== bytes.length) throw bad('bytes follow it')
  return range
}

function inspectDeletes(bytes: Uint8Array): ClockRange[] {
  const reader = createReader(bytes)
  if (readNumber(reader) !== 0) throw bad('structs and deletes are mixed')
  const ranges = readDeleteSection(reader, true)
  if (ranges.length === 0) throw bad('it deletes nothing')
  if (reader.at !== bytes.length) throw bad('bytes follow it')
  return ranges
}

/** The struct part of a Yjs v1 update that holds at most one client's. */
export function readStructSection(reader: Reader): ClockRange[] {
  const clients = readNumber(reader)
  if (clients === 0) return []
  if (clients !== 1) throw bad('it holds structs of several clients')
  const count = readCount(reader)
  const client = readNumber(reader)
  const start = readNumber(reader)
  if (count === 0) throw bad('it holds no structs')
  let clock = start
  for (let left = count; left > 0; left -= 1) {
    const length = skipStruct(reader, client, clock)
    if (length < 1) throw bad('a struct is empty')
    clock += length
    if (clock > textClockMax) throw bad('a clock is too large')
  }
  return [{ client, start, end: clock }]
}

/** The deletions of a Yjs v1 update; `strict` asks for the one order and form that Kith writes. */
export function readDeleteSection(reader: Reader, strict: boolean): ClockRange[] {
  const ranges: ClockRange[] = []
  let above = Number.POSITIVE_INFINITY
  for (let clients = readCount(reader); clients > 0; clients -= 1) {
    const client = readNumber(reader)
    if (strict && client >= above) throw bad('deletes are out of order')
    above = client
    const count = readCount(reader)
    if (count === 0) throw bad('it deletes nothing')
    let after = -1
    for (let left = count; left > 0; left -= 1) {
      const start = readNumber(reader)
      const end = start + readNumber(reader)
      if (end <= start || end > textClockMax || (strict && start <= after)) throw bad('a deleted range is not valid')
      after = end
      ranges.push({ client, start, end })
    }
  }
  return ranges
}

const hasLeft = 0x80
const hasRight = 0x40
const hasKey = 0x20
const contentBits = 0x1f

/** Skips one struct (yjs/src/utils/encoding.js, `readClientsStructRefs`) and returns its length in clocks. */
function skipStruct(reader: Reader, client: number, clock: number): number {
  const info = readByte(reader)
  if (info === 0) return readNumber(reader) // a struct whose content its author had collected already
  if ((info & hasLeft) !== 0) skipReference(reader, client, clock)
  if ((info & hasRight) !== 0) skipReference(reader, client, clock)
  if ((info & (hasLeft | hasRight)) === 0) {
    const parent = readNumber(reader)
    if (parent === 1) skipString(reader, textNameBytesMax)
    else if (parent === 0) skipReference(reader, client, clock)
    else throw bad('a parent is not valid')
    if ((info & hasKey) !== 0) skipString(reader, textNameBytesMax)
  }
  return skipContent(reader, info & contentBits)
}

/** A character by its id. Its own client's must be earlier ones: Yjs would look for a later one for ever, or crash. */
function skipReference(reader: Reader, client: number, clock: number): void {
  const referred = readNumber(reader)
  const at = readNumber(reader)
  if (at >= (referred === client ? clock : textClockMax)) throw bad('it refers to what cannot exist')
}

function skipContent(reader: Reader, kind: number): number {
  switch (kind) {
    case 1: // deleted before it was sent: only its length
      return readNumber(reader)
    case 2: {
      const count = readCount(reader)
      for (let left = count; left > 0; left -= 1) skipJsonOrUndefined(reader)
      return count
    }
    case 3:
      skipBytes(reader)
      return 1
    case 4:
      return skipString(reader)
    case 5:
      skipJson(reader)
      return 1
    case 6:
      skipString(reader, textNameBytesMax)
      skipJson(reader)
      return 1
    case 7: {
      const type = readNumber(reader)
      if (type > 6) throw bad('a type is unknown')
      if (type === 3 || type === 5) skipString(reader, textNameBytesMax)
      return 1
    }
    case 8: {
      const count = readCount(reader)
      for (let left = count; left > 0; left -= 1) skipAny(reader)
      return count
    }
    default: // sub-documents (9) would need a log of their own; gaps (10) break the clocks
      throw bad('a content is of a kind that is not allowed')
  }
}

/** Yjs writes `undefined` in JSON content as that word. */
function skipJsonOrUndefined(reader: Reader): void {
  const word = 'undefined'
  const { bytes, at } = reader
  const isWord =
    bytes[at] === word.length && Array.from(word).every((letter, i) => bytes[at + 1 + i] === letter.charCodeAt(0))
  if (isWord) reader.at += 1 + word.length
  else skipJson(reader)
}
