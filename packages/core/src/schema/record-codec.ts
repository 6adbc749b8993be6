import { type CborValue, decodeCbor, encodeCbor, isList, KithError } from '../bytes/index.ts'
import {
  droppedIdsMax,
  indexColumnsMax,
  indexesMax,
  rolesMax,
  schemaRecordBytesMax,
  tableColumnsMax,
  tablesMax,
} from '../limits/index.ts'
import { createColumnCodec } from './cell.ts'
import { isAppId, isIdentifier } from './names.ts'
import { type ColumnRecord, onDeleteCodes, recordFormat, type SchemaRecord, type TableRecord } from './record.ts'
import type { RuleCode } from './rule-code.ts'

/** The record's one encoding. Throws KithError 'too-large' past `schemaRecordBytesMax`. */
export const schemaRecordToBytes = (record: SchemaRecord): Uint8Array => {
  const bytes = encodeCbor([
    recordFormat,
    record.app,
    record.version,
    record.tables.map(tableToCbor),
    record.roles,
    record.dropped,
  ])
  if (bytes.length > schemaRecordBytesMax) {
    throw new KithError(
      'too-large',
      `The schema takes ${bytes.length} bytes, at most ${schemaRecordBytesMax} are allowed.`,
    )
  }
  return bytes
}

const tableToCbor = (table: TableRecord): CborValue => [
  table.id,
  table.name,
  table.columns.map(columnToCbor),
  table.key,
  table.indexes,
  table.search,
  [table.rules.insert, table.rules.update, table.rules.delete],
]

const columnToCbor = (column: ColumnRecord): CborValue => [
  column.id,
  column.name,
  column.type,
  column.flags,
  column.default === undefined ? [] : [column.default],
  column.target,
  onDeleteCodes.indexOf(column.onDelete),
]

/**
 * Reads a record that anybody may have made. Throws KithError 'bad-encoding' for what is not canonical CBOR and 'bad-schema'
 * for what no `app()` would write. Rules are not judged here: a malformed one allows nothing (see `compileRule`).
 */
export const bytesToSchemaRecord = (bytes: Uint8Array): SchemaRecord => {
  if (bytes.length > schemaRecordBytesMax)
    throw new KithError('too-large', 'A schema record is too large. It was refused.')
  const parts = list(decodeCbor(bytes), 6, 6)
  if (parts[0] !== recordFormat) {
    throw new KithError(
      'protocol-version',
      'The schema record has a format that this version does not know. Update this program.',
    )
  }
  const record: SchemaRecord = {
    app: check(parts[1], isAppId, 'app id'),
    version: index(parts[2], Number.MAX_SAFE_INTEGER),
    tables: list(parts[3], 0, tablesMax).map(cborToTable),
    roles: list(parts[4], 0, rolesMax).map(cborToRole),
    dropped: list(parts[5], 0, droppedIdsMax).map((id) => check(id, isDropped, 'dropped id')),
  }
  ascending(record.tables.map((table) => table.id))
  ascending(record.roles.map(([role]) => role))
  ascending(record.dropped)
  checkRecord(record)
  return record
}

const cborToTable = (value: CborValue): TableRecord => {
  const parts = list(value, 7, 7)
  const columns = list(parts[2], 0, tableColumnsMax).map(cborToColumn)
  ascending(columns.map((column) => column.id))
  const rules = list(parts[6], 3, 3)
  return {
    id: check(parts[0], isIdentifier, 'table id'),
    name: check(parts[1], isIdentifier, 'table name'),
    columns,
    key: columnIndexes(parts[3], columns.length),
    indexes: list(parts[4], 0, indexesMax).map((part) => columnIndexes(part, columns.length)),
    search: columnIndexes(parts[5], columns.length, tableColumnsMax),
    rules: { insert: rule(rules[0]), update: rule(rules[1]), delete: rule(rules[2]) },
  }
}

const cborToColumn = (value: CborValue): ColumnRecord => {
  const parts = list(value, 7, 7)
  const target = parts[5]
  const fallback = list(parts[4], 0, 1)
  return {
    id: check(parts[0], isIdentifier, 'column id'),
    name: check(parts[1], isIdentifier, 'column name'),
    type: check(parts[2], isIdentifier, 'column type'),
    flags: index(parts[3], 2 ** 31),
    default: fallback[0],
    target: target === '' ? '' : check(target, isIdentifier, 'reference target'),
    onDelete: onDeleteCodes[index(parts[6], onDeleteCodes.length)] as ColumnRecord['onDelete'],
  }
}

const cborToRole = (value: CborValue): readonly [string, number] => {
  const parts = list(value, 2, 2)
  const rank = index(parts[1], 4)
  if (rank === 0) throw bad('a role has no rank')
  return [check(parts[0], isIdentifier, 'role'), rank]
}

/** What holds between the parts, for records from code and from outside alike. */
export const checkRecord = (record: SchemaRecord): void => {
  const tables = new Set(record.tables.map((table) => table.id))
  for (const table of record.tables) {
    for (const column of table.columns) {
      const where = `${table.id}.${column.id}`
      if (column.type === 'ref' && !tables.has(column.target))
        throw bad(`"${where}" references a table that is not there`)
      if (column.default !== undefined && !createColumnCodec(table.id, column).isWire(column.default)) {
        throw bad(`the default of "${where}" is not of its type`)
      }
    }
    for (const at of table.key) {
      const column = table.columns[at] as ColumnRecord
      if ((column.flags & 3) !== 2) throw bad(`key column "${table.id}.${column.id}" must be fixed and not optional`)
    }
  }
}

const isDropped = (id: unknown): id is string =>
  typeof id === 'string' && id.split('.').length <= 2 && id.split('.').every(isIdentifier)

const columnIndexes = (value: CborValue | undefined, columns: number, max: number = indexColumnsMax): number[] => {
  const indexes = list(value, 0, max).map((part) => index(part, columns))
  if (new Set(indexes).size !== indexes.length) throw bad('a column is named twice')
  return indexes
}

const rule = (value: CborValue | undefined): RuleCode => (isList(value) ? value : [])

const list = (value: CborValue | undefined, min: number, max: number): readonly CborValue[] => {
  if (!isList(value) || value.length < min || value.length > max) throw bad('a list is missing or of a wrong length')
  return value
}

/** A whole number from 0 up to, not including, `below`. */
const index = (value: CborValue | undefined, below: number): number => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value >= below) {
    throw bad('a number is out of range')
  }
  return value
}

const check = <T>(value: unknown, is: (value: unknown) => value is T, what: string): T => {
  if (!is(value)) throw bad(`a ${what} is malformed`)
  return value
}

const ascending = (ids: readonly string[]): void => {
  for (let at = 1; at < ids.length; at += 1) {
    if ((ids[at - 1] as string) >= (ids[at] as string)) throw bad('ids are not in ascending order')
  }
}

const bad = (what: string): KithError => new KithError('bad-schema', `The schema record is not usable: ${what}.`)
