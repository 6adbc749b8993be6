import { type CborValue, decodeCbor, encodeCbor, isList, KithError } from '../bytes/index.ts'
import { bodyBytesMax, changeOpsMax, pictureBytesMax, shortTextBytesMax, tableColumnsMax } from '../limits/index.ts'
import { type Op, opCodes, opToCount } from './ops.ts'

/** A body is CBOR [salt, …what its kind says]. The salt makes the hash of a short body unguessable. */
const saltBytes = 16

export type DataBody = {
  readonly salt: Uint8Array
  readonly ops: readonly Op[]
  /** The op index that each of `ops` starts at. */
  readonly starts: readonly number[]
  /** Op indexes in all. */
  readonly count: number
}

export function encodeDataBody(salt: Uint8Array, ops: readonly Op[]): Uint8Array {
  return encodeCbor([salt, ops])
}

/**
 * Reads the body of a data change and checks its shape: codes, counts, sizes, and that an integer which stands for a
 * row names an insert earlier in the change. Whether values fit their columns is for the database to say; a reference
 * in a cell is checked there by `isInsertedBefore`.
 */
export function decodeDataBody(body: Uint8Array): DataBody {
  const [salt, ops] = decodeBody(body, 1)
  if (!isList(ops)) throw badBody('ops')
  const starts: number[] = []
  const inserted: number[] = []
  let count = 0
  for (const op of ops) {
    checkOp(op, inserted)
    starts.push(count)
    const next = count + opToCount(op as unknown as Op)
    if (op[0] === opCodes.insert || op[0] === opCodes.upsert) {
      // Adjacent ranges become one, so that the bounds stay strictly ascending.
      if (inserted.length > 0 && inserted[inserted.length - 1] === count) inserted.pop()
      else inserted.push(count)
      inserted.push(next)
    }
    count = next
    if (count > changeOpsMax) throw new KithError('too-large', 'A change has more ops than a change may have.')
  }
  return { salt, ops: ops as unknown as Op[], starts, count }
}

/** The body's fields after its salt, as many as `fields`; for kinds of all layers. Views into `body`. */
export function decodeBody(body: Uint8Array, fields: number): [salt: Uint8Array, ...fields: CborValue[]] {
  if (body.length > bodyBytesMax) throw new KithError('too-large', 'A change is larger than a change may be.')
  const value = decodeCbor(body)
  if (!isList(value) || value.length !== fields + 1) throw badBody('not an array of its length')
  if (!(value[0] instanceof Uint8Array) || value[0].length !== saltBytes) throw badBody('salt')
  return value as unknown as [Uint8Array, ...CborValue[]]
}

/** Whether op index `index` is an insert or upsert that comes before op index `before`. */
export function isInsertedBefore(body: DataBody, index: number, before: number): boolean {
  if (!(index < before)) return false
  let low = 0
  let high = body.starts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if ((body.starts[middle] as number) <= index) low = middle
    else high = middle - 1
  }
  const op = body.ops[low]
  return Number.isInteger(index) && index >= 0 && (op?.[0] === opCodes.insert || op?.[0] === opCodes.upsert)
}

/** The change that a re-issue gives effect to. Device and `seq` say where it is found: no one has to keep an index of all hashes. */
export type Reissued = { readonly change: Uint8Array; readonly device: Uint8Array; readonly seq: number }

/** A re-issue: [salt, hash of the void change, its device, its `seq`]. */
export function encodeReissueBody(salt: Uint8Array, { change, device, seq }: Reissued): Uint8Array {
  return encodeCbor([salt, change, device, seq])
}

export function decodeReissueBody(body: Uint8Array): Reissued & { readonly salt: Uint8Array } {
  const [salt, change, device, seq] = decodeBody(body, 3)
  if (!(change instanceof Uint8Array) || change.length !== 32) throw badBody('the hash of the change re-issued')
  if (!(device instanceof Uint8Array) || device.length !== 32) throw badBody('the device of the change re-issued')
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 0)
    throw badBody('the place of the change re-issued')
  return { salt, change, device, seq }
}

/** `inserted` holds the ranges of op indexes that are inserts so far: from, to, from, to, … */
function checkOp(op: CborValue, inserted: readonly number[]): asserts op is readonly CborValue[] {
  if (!isList(op)) throw badBody('an op')
  switch (op[0]) {
    case opCodes.insert:
    case opCodes.upsert:
      checkLength(op, 5)
      checkIndex(op[1], 'table')
      checkRows(op[2], op[3], op[4])
      return
    case opCodes.update:
      checkLength(op, 4)
      checkRow(op, inserted)
      checkCells(op[3])
      return
    case opCodes.delete:
      checkLength(op, 3)
      checkRow(op, inserted)
      return
    case opCodes.restore:
      checkLength(op, 4)
      checkRow(op, inserted)
      if (!isList(op[3]) || op[3].length === 0 || !op[3].every(isId)) throw badBody('deletes of a restore')
      return
    case opCodes.text:
      checkLength(op, 7)
      checkRow(op, inserted)
      checkIndex(op[3], 'column')
      if (op[4] !== null && !isId(op[4])) throw badBody('session salt')
      if (!(op[5] instanceof Uint8Array) || !(op[6] instanceof Uint8Array)) throw badBody('structs')
      return
    case opCodes.profile:
    case opCodes.title:
      if (op[0] === opCodes.profile && op.length === 3) checkPicture(op[2])
      else checkLength(op, 2)
      if (typeof op[1] !== 'string' || op[1].length > shortTextBytesMax) throw badBody('a name')
      return
    default:
      throw badBody('an op that this version does not know')
  }
}

function checkPicture(picture: CborValue | undefined): void {
  if (!(picture instanceof Uint8Array) || picture.length === 0 || picture.length > pictureBytesMax)
    throw badBody('a picture')
}

function checkRows(columns: CborValue | undefined, rows: CborValue | undefined, values: CborValue | undefined): void {
  if (!isList(columns) || columns.length > tableColumnsMax) throw badBody('columns')
  let last = -1
  for (const column of columns) last = checkNext(column, last)
  if (typeof rows !== 'number' || !Number.isInteger(rows) || rows < 1 || rows > changeOpsMax) throw badBody('rows')
  if (!isList(values) || values.length !== columns.length * rows) throw badBody('as many values as cells')
}

function checkCells(cells: CborValue | undefined): void {
  if (!isList(cells) || cells.length === 0 || cells.length % 2 !== 0) throw badBody('cells')
  if (cells.length > 2 * tableColumnsMax) throw badBody('cells')
  let last = -1
  for (let at = 0; at < cells.length; at += 2) last = checkNext(cells[at], last)
}

function checkNext(column: CborValue | undefined, last: number): number {
  checkIndex(column, 'column')
  if (column <= last) throw badBody('columns are ascending')
  return column
}

function checkRow(op: readonly CborValue[], inserted: readonly number[]): void {
  checkIndex(op[1], 'table')
  const row = op[2]
  if (isId(row)) return
  checkIndex(row, 'row')
  if (!isInRanges(inserted, row)) throw badBody('a row that no insert before it makes')
}

/** Binary search: a hostile change may have tens of thousands of inserts and as many references to them. */
function isInRanges(ranges: readonly number[], value: number): boolean {
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ranges[middle] as number) <= value) low = middle + 1
    else high = middle
  }
  return low % 2 === 1
}

function checkIndex(value: CborValue | undefined, name: string): asserts value is number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 0xffff) throw badBody(name)
}

function checkLength(op: readonly CborValue[], length: number): void {
  if (op.length !== length) throw badBody('an op of a wrong length')
}

function isId(value: CborValue | undefined): value is Uint8Array {
  return value instanceof Uint8Array && value.length === 16
}

function badBody(what: string): KithError {
  return new KithError('bad-encoding', `The body of a change is malformed (${what}).`)
}
