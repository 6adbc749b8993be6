/**
 * One column's cells in their three forms: app value → wire value → SQL value → app value. Everything that depends on the
 * column only is decided once, in closures: a bulk insert runs them a million times.
 */
import { type CborValue, fromBase32, isList, KithError, toBase32 } from '../bytes/index.ts'
import { setElementsMax, setElementUnitsMax, textValueBytesMax } from '../limits/index.ts'
import type { SqlValue } from '../ports/index.ts'
import { canonicalJson, isCanonicalJson } from './canonical-json.ts'
import type { ColumnKind } from './column.ts'
import { isOrderKey } from './order-key.ts'
import { type ColumnRecord, isFixed, isOptional } from './record.ts'

export const rowIdBytes = 16
export const addressBytes = 48

/** What an update does to a set, before the merge adds which additions a removal has seen. */
export type SetChange = { readonly added: readonly SetElement[]; readonly removed: readonly SetElement[] }
export type SetElement = string | number

export type ColumnCodec = {
  readonly column: ColumnRecord
  /** Undefined: a type from a newer version. Its cells are kept in the history and shown nowhere. */
  readonly kind: ColumnKind | undefined
  readonly isOptional: boolean
  readonly isFixed: boolean
  /** What a row holds on the wire when the app gives nothing; undefined: the app has to give something. */
  readonly missing: CborValue | undefined
  /**
   * The wire value of what an app inserts, or assigns in an update (a counter's delta; sets in an update: `toSetChange`).
   * Throws KithError 'bad-value' or 'too-large' naming table and column.
   */
  readonly toWire: (value: unknown) => CborValue
  readonly toSetChange: (value: unknown) => SetChange
  /** Whether a value from outside is one that an insert may hold here. A row may be named by its index in the change. */
  readonly isWire: (wire: CborValue) => boolean
  /** The same for an update. */
  readonly isUpdateWire: (wire: CborValue) => boolean
  /** What is stored for a wire value that passed `isWire` (references by index resolved; a set: the elements shown). */
  readonly toSql: (wire: CborValue) => SqlValue
}

export const createColumnCodec = (tableName: string, column: ColumnRecord): ColumnCodec => {
  const kind = Object.hasOwn(kinds, column.type) ? (column.type as ColumnKind) : undefined
  const optional = isOptional(column)
  const fail = (expected: string, value: unknown): never => {
    throw badValue(tableName, column.name, optional ? `${expected} or null` : expected, value)
  }
  const type: CellType = kind ? kinds[kind] : unknownType
  const encode = type.toWire
  return {
    column,
    kind,
    isOptional: optional,
    isFixed: isFixed(column),
    missing: column.default ?? (optional ? null : type.empty),
    toWire: (value) => {
      if (value === undefined || (value === null && (optional || kind !== 'json'))) {
        return optional ? null : fail(type.expected, value)
      }
      const wire = encode(value)
      return wire === undefined ? failedWire(tableName, column.name, type, value, fail) : wire
    },
    toSetChange: (value) => {
      const change = kind === 'set' ? toSetChange(value) : undefined
      return change ?? fail('add(…) or remove(…)', value)
    },
    isWire: optional ? (wire) => wire === null || type.isWire(wire) : type.isWire,
    isUpdateWire: kind === 'set' ? isSetUpdate : optional ? (wire) => wire === null || type.isWire(wire) : type.isWire,
    toSql: type.toSql,
  }
}

type CellType = {
  readonly expected: string
  /** What a merged column starts with. */
  readonly empty?: CborValue
  /** Undefined: the value does not fit. */
  readonly toWire: (value: unknown) => CborValue | undefined
  readonly isWire: (wire: CborValue) => boolean
  readonly toSql: (wire: CborValue) => SqlValue
}

/** A text of so many UTF-16 units is never more bytes than the limit, whatever it holds. */
const shortTextChars = Math.floor(textValueBytesMax / 3)
const encoder = new TextEncoder()
const fits = (text: string): boolean =>
  text.length <= shortTextChars ||
  (text.length <= textValueBytesMax && encoder.encode(text).length <= textValueBytesMax)

const isText = (value: unknown): value is string => typeof value === 'string' && value.isWellFormed() && fits(value)
const isInteger = (value: unknown): value is number => Number.isSafeInteger(value)
const isBytes = (value: unknown, length: number): value is Uint8Array =>
  value instanceof Uint8Array && value.length === length
const same = (wire: CborValue): SqlValue => wire as SqlValue

const isElement = (value: unknown): value is SetElement =>
  typeof value === 'string' ? value.length <= setElementUnitsMax && value.isWellFormed() : Number.isSafeInteger(value)
const isElements = (value: unknown): value is readonly SetElement[] =>
  Array.isArray(value) && value.length <= setElementsMax && value.every(isElement)

const idToWire = (value: unknown, length: number): Uint8Array | undefined => {
  if (typeof value !== 'string' || value.length !== Math.ceil((length * 8) / 5)) return undefined
  try {
    return fromBase32(value)
  } catch {
    return undefined
  }
}

// Adding 0 turns -0, which CBOR and SQLite cannot tell apart from it, into 0.
const kinds: { readonly [K in ColumnKind]: CellType } = {
  text: { expected: 'a string', toWire: (value) => (isText(value) ? value : undefined), isWire: isText, toSql: same },
  int: {
    expected: 'a whole number within ±(2^53 − 1)',
    toWire: (value) => (isInteger(value) ? value + 0 : undefined),
    isWire: isInteger,
    toSql: same,
  },
  real: {
    expected: 'a finite number',
    toWire: (value) => (Number.isFinite(value) ? (value as number) + 0 : undefined),
    isWire: Number.isFinite,
    toSql: same,
  },
  bool: {
    expected: 'true or false',
    toWire: (value) => (typeof value === 'boolean' ? value : undefined),
    isWire: (wire) => typeof wire === 'boolean',
    toSql: (wire) => (wire === null ? null : wire ? 1 : 0),
  },
  time: {
    expected: 'a valid Date',
    toWire: (value) => (value instanceof Date && !Number.isNaN(value.getTime()) ? value.getTime() : undefined),
    // ECMA-262: a Date holds ±100,000,000 days.
    isWire: (wire) => isInteger(wire) && Math.abs(wire) <= 8.64e15,
    toSql: same,
  },
  json: {
    expected: 'a JSON value',
    toWire: (value) => {
      const text = canonicalJson(value)
      return text !== undefined && fits(text) ? text : undefined
    },
    isWire: (wire) => isText(wire) && isCanonicalJson(wire),
    toSql: same,
  },
  ref: {
    expected: 'the id of a row (26 characters)',
    toWire: (value) => idToWire(value, rowIdBytes),
    isWire: (wire) => isBytes(wire, rowIdBytes) || (isInteger(wire) && wire >= 0),
    toSql: same,
  },
  person: {
    expected: 'the address of a person (77 characters)',
    toWire: (value) => idToWire(value, addressBytes),
    isWire: (wire) => isBytes(wire, addressBytes),
    toSql: same,
  },
  counter: {
    expected: 'increment(n) with a whole number: a plain number would undo what others count at the same time',
    empty: 0,
    toWire: (value) => {
      const by = isOperation(value) && value.operation === 'increment' ? value['by'] : undefined
      return isInteger(by) ? by + 0 : undefined
    },
    isWire: isInteger,
    toSql: same,
  },
  set: {
    expected: 'an array, or add(…), of strings or whole numbers',
    empty: [],
    toWire: (value) => {
      const elements = isOperation(value) && value.operation === 'add' ? value['elements'] : value
      return isElements(elements) ? [...new Set(elements)] : undefined
    },
    isWire: isElements,
    toSql: (wire) => (wire === null ? null : elementsToSql(wire as readonly SetElement[])),
  },
  order: {
    expected: 'a place made by first(), after() or between()',
    toWire: (value) => (typeof value === 'string' && isOrderKey(value) ? value : undefined),
    isWire: (wire) => typeof wire === 'string' && isOrderKey(wire),
    toSql: same,
  },
  richText: {
    expected: 'nothing: rich text is edited through space.text()',
    empty: '',
    toWire: () => undefined,
    // It has ops of its own, so that no insert or update may hold it.
    isWire: () => false,
    toSql: same,
  },
}

const unknownType: CellType = {
  expected: 'a newer version of this program',
  toWire: () => undefined,
  // It was judged by those who know the type; here it is only carried.
  isWire: () => true,
  toSql: () => null,
}

type Operation = { readonly operation: string; readonly [key: string]: unknown }
const isOperation = (value: unknown): value is Operation =>
  typeof value === 'object' && value !== null && typeof (value as Operation).operation === 'string'

const toSetChange = (value: unknown): SetChange | undefined => {
  const added = new Set<SetElement>()
  const removed = new Set<SetElement>()
  for (const part of Array.isArray(value) ? value : [value]) {
    if (!isOperation(part) || !isElements(part['elements'])) return undefined
    if (part.operation !== 'add' && part.operation !== 'remove') return undefined
    // The later part wins, as it would in two updates.
    const [into, from] = part.operation === 'add' ? [added, removed] : [removed, added]
    for (const element of part['elements']) {
      into.add(element)
      from.delete(element)
    }
  }
  return { added: [...added], removed: [...removed] }
}

/** `[[added], [[element, [ids of the additions that the removal has seen]], …]]` */
const isSetUpdate = (wire: CborValue): boolean => {
  if (!isList(wire) || wire.length !== 2) return false
  const [added, removed] = wire
  if (!isElements(added) || !isList(removed) || removed.length > setElementsMax) return false
  return removed.every(
    (part) =>
      isList(part) &&
      part.length === 2 &&
      isElement(part[0]) &&
      isList(part[1]) &&
      part[1].length <= setElementsMax &&
      part[1].every((id) => isBytes(id, rowIdBytes)),
  )
}

/** The elements that a set shows, in one order everywhere: numbers by size, then strings by UTF-16 unit. */
export const elementsToSql = (elements: Iterable<SetElement>): string =>
  JSON.stringify([...new Set(elements)].sort(compareElements))

const compareElements = (left: SetElement, right: SetElement): number => {
  if (typeof left !== typeof right) return typeof left === 'number' ? -1 : 1
  return left < right ? -1 : left > right ? 1 : 0
}

/** How a stored value of a column (or an id) becomes what apps see; undefined: as it is. */
export const sqlDecoder = (kind: ColumnKind | 'id' | 'space'): ((value: SqlValue) => unknown) | undefined => {
  switch (kind) {
    case 'bool':
      return (value) => (value === null ? null : value !== 0)
    case 'time':
      return (value) => (typeof value === 'number' ? new Date(value) : null)
    case 'json':
    case 'set':
      return (value): unknown => (typeof value === 'string' ? JSON.parse(value) : null)
    case 'id':
    case 'space':
    case 'ref':
    case 'person':
      return (value) => (value instanceof Uint8Array ? toBase32(value) : value)
    default:
      return undefined
  }
}

/** The app value of a stored one. */
export const sqlToApp = (kind: ColumnKind | 'id' | 'space', value: SqlValue): unknown => {
  const decode = sqlDecoder(kind)
  return decode ? decode(value) : value
}

const failedWire = (
  tableName: string,
  columnName: string,
  type: CellType,
  value: unknown,
  fail: (expected: string, value: unknown) => never,
): never => {
  const text = type === kinds.json ? canonicalJson(value) : type === kinds.text ? value : undefined
  if (typeof text === 'string' && !fits(text)) {
    throw new KithError(
      'too-large',
      `"${tableName}.${columnName}" takes at most ${textValueBytesMax} bytes of UTF-8. Use richText or a file, or split it.`,
      { table: tableName, column: columnName, bytesMax: textValueBytesMax },
    )
  }
  return fail(type.expected, value)
}

export const badValue = (table: string, column: string, expected: string, value: unknown): KithError => {
  const got = describe(value)
  return new KithError('bad-value', `"${table}.${column}" must be ${expected}, got ${got}.`, {
    table,
    column,
    expected,
    got,
  })
}

/** The kind of a value, never the value: errors are logged. */
const describe = (value: unknown): string => {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object') return value.constructor?.name ?? 'an object'
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  return `a ${typeof value}`
}
