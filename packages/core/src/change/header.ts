import { assert, decodeCbor, isList, KithError } from '../bytes/index.ts'
import { depsHeadsMax } from '../limits/index.ts'
import { kindMax, kinds } from './kinds.ts'
import { bytesToTime, isTime, type Time, writeTime } from './time.ts'

/** What every change says about itself, whatever its kind. Hashes and keys are 32 bytes; an absent one is empty bytes. */
export type Header = {
  readonly kind: number
  /** The hash of the space's genesis; empty in a genesis. */
  readonly space: Uint8Array
  /** The author's Ed25519 public key. */
  readonly device: Uint8Array
  /** Counts from 0 within one chain of one device. */
  readonly seq: number
  /** The hash of the chain's change before; empty exactly where `seq` is 0. */
  readonly prev: Uint8Array
  readonly deps: Deps
  /** The grant or join under which the author writes. */
  readonly grant: Uint8Array
  /** The change by which the author's person admitted this device. */
  readonly admission: Uint8Array
  /** The epoch record whose content key seals this change; empty in membership changes. */
  readonly epoch: Uint8Array
  /** The schema record under which it was made; empty in membership changes. */
  readonly schema: Uint8Array
  readonly time: Time
}

/**
 * What the author had applied: all membership heads (the full frontier), and those content heads that `prev` does not
 * imply. Both sorted, without doubles, at most `depsHeadsMax`.
 */
export type Deps = { readonly membership: readonly Uint8Array[]; readonly content: readonly Uint8Array[] }

export const noBytes: Uint8Array = new Uint8Array(0)
export const noDeps: Deps = { membership: [], content: [] }

export const formatVersion = 1
export const suite = 1

const headerFields = 13

/** CBOR [v, suite, kind, space, device, seq, prev, [membership, content], grant, admission, epoch, schema, time]. */
export function encodeHeader(header: Header): Uint8Array {
  return scratch.slice(0, writeHeader(header))
}

/** The header's bytes with `hash` behind them, which the next call overwrites: all that a change's own hash is of. */
export function encodeHeaderBefore(hash: Uint8Array, header: Header): Uint8Array {
  const length = writeHeader(header)
  scratch.set(hash, length)
  return scratch.subarray(0, length + hash.length)
}

/**
 * Hand-written and into one place, because a header is hashed for each change that is written or read and a general encoder takes ten
 * times as long. A test holds it equal to `encodeCbor` on the same array.
 */
function writeHeader(header: Header): number {
  assertHeader(header)
  const { deps } = header
  scratch[0] = 0x80 + headerFields
  scratch[1] = formatVersion
  scratch[2] = suite
  let at = writeCborHead(scratch, 3, 0, header.kind)
  at = writeCborBytes(scratch, at, header.space)
  at = writeCborBytes(scratch, at, header.device)
  at = writeCborHead(scratch, at, 0, header.seq)
  at = writeCborBytes(scratch, at, header.prev)
  scratch[at] = 0x82
  at = writeHeads(scratch, at + 1, deps.membership)
  at = writeHeads(scratch, at, deps.content)
  at = writeCborBytes(scratch, at, header.grant)
  at = writeCborBytes(scratch, at, header.admission)
  at = writeCborBytes(scratch, at, header.epoch)
  at = writeCborBytes(scratch, at, header.schema)
  scratch[at] = 0x48
  writeTime(header.time, scratch, at + 1)
  return at + 9
}

export function decodeHeader(bytes: Uint8Array): Header {
  if (bytes.length > headerBytesMax) throw new KithError('too-large', 'A header is larger than any header can be.')
  const fields = decodeCbor(bytes)
  if (!isList(fields) || fields.length !== headerFields) throw badHeader('It is not an array of 13 fields.')
  if (fields[0] !== formatVersion || fields[1] !== suite) {
    throw new KithError('protocol-version', 'A change is of another version or suite of the protocol. Update Kith.')
  }
  const deps = fields[7]
  if (!isList(deps) || deps.length !== 2) throw badHeader('deps')
  const time = fields[12]
  if (!(time instanceof Uint8Array)) throw badHeader('time')
  const header: Header = {
    kind: toCount(fields[2], kindMax, 'kind'),
    space: toHash(fields[3], 'space'),
    device: toHash(fields[4], 'device'),
    seq: toCount(fields[5], Number.MAX_SAFE_INTEGER, 'seq'),
    prev: toHash(fields[6], 'prev'),
    deps: { membership: toHeads(deps[0], 'deps'), content: toHeads(deps[1], 'deps') },
    grant: toHash(fields[8], 'grant'),
    admission: toHash(fields[9], 'admission'),
    epoch: toHash(fields[10], 'epoch'),
    schema: toHash(fields[11], 'schema'),
    time: bytesToTime(time),
  }
  checkHeaderShape(header)
  return header
}

/** What holds for the header of every kind, known or not. */
export function checkHeaderShape(header: Header): void {
  if (header.device.length !== 32) throw badHeader('device')
  if ((header.space.length === 0) !== (header.kind === kinds.genesis)) throw badHeader('only a genesis names no space')
  if ((header.prev.length === 0) !== (header.seq === 0)) throw badHeader('prev is empty exactly where seq is 0')
}

/** A list of heads as bytes from outside: 32 bytes each, sorted, no doubles. */
export function toHeads(value: unknown, name: string, max: number = depsHeadsMax): Uint8Array[] {
  if (!isList(value) || value.length > max) throw badHeader(`${name}: not a list of at most ${max}`)
  for (let at = 0; at < value.length; at++) {
    const head = value[at]
    if (!(head instanceof Uint8Array) || head.length !== 32) throw badHeader(`${name}: a head is 32 bytes`)
    if (at > 0 && !isBefore(value[at - 1] as Uint8Array, head))
      throw badHeader(`${name}: heads are sorted and named once`)
  }
  return value as Uint8Array[]
}

/** Sorts heads as `deps` wants them and drops doubles. */
export function sortHeads(heads: Iterable<Uint8Array>): Uint8Array[] {
  const sorted = [...heads].sort((a, b) => (isBefore(a, b) ? -1 : 1))
  return sorted.filter((head, at) => at === 0 || isBefore(sorted[at - 1] as Uint8Array, head))
}

const headWidth = 34
/** 13 fields at their widest: two full lists of heads, eight hashes, three integers, a time. */
const headerBytesMax = 2 * (3 + depsHeadsMax * headWidth) + 7 * headWidth + 64
/** With room for a body's hash. Nothing is left in it that is secret. */
const scratch = new Uint8Array(headerBytesMax + 32)

function assertHeader(header: Header): void {
  assert(Number.isSafeInteger(header.seq) && header.seq >= 0, 'a header has no sequence number')
  assert(header.kind >= 0 && header.kind <= kindMax && Number.isInteger(header.kind), 'a header has no kind')
  assert((header.prev.length === 0) === (header.seq === 0), 'prev is empty exactly where seq is 0')
  assert((header.space.length === 0) === (header.kind === kinds.genesis), 'only a genesis names no space')
  assert(header.deps.membership.length <= depsHeadsMax, 'a header names too many membership heads')
  assert(header.deps.content.length <= depsHeadsMax, 'a header names too many content heads')
  assert(isTime(header.time), 'a header has no time')
}

function writeHeads(target: Uint8Array, at: number, heads: readonly Uint8Array[]): number {
  let end = writeCborHead(target, at, 4, heads.length)
  for (const head of heads) end = writeCborBytes(target, end, head)
  return end
}

function writeCborBytes(target: Uint8Array, at: number, bytes: Uint8Array): number {
  const start = writeCborHead(target, at, 2, bytes.length)
  target.set(bytes, start)
  return start + bytes.length
}

/** RFC 8949 §3: the shortest head of a data item. */
function writeCborHead(target: Uint8Array, at: number, major: number, value: number): number {
  const type = major << 5
  if (value < 24) {
    target[at] = type | value
    return at + 1
  }
  const width = value < 0x100 ? 1 : value < 0x10000 ? 2 : value < 0x100000000 ? 4 : 8
  target[at] = type | (width === 1 ? 24 : width === 2 ? 25 : width === 4 ? 26 : 27)
  let rest = value
  for (let byte = width; byte > 0; byte--) {
    target[at + byte] = rest % 256
    rest = Math.floor(rest / 256)
  }
  return at + 1 + width
}

function toCount(value: unknown, max: number, name: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > max) throw badHeader(name)
  return value
}

function toHash(value: unknown, name: string): Uint8Array {
  if (!(value instanceof Uint8Array) || (value.length !== 32 && value.length !== 0)) throw badHeader(name)
  return value
}

function isBefore(a: Uint8Array, b: Uint8Array): boolean {
  for (let at = 0; at < 32; at++) {
    const difference = (a[at] as number) - (b[at] as number)
    if (difference !== 0) return difference < 0
  }
  return false
}

function badHeader(what: string): KithError {
  return new KithError('bad-encoding', `The header of a change is malformed (${what}).`)
}
