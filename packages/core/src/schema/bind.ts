/**
 * Brings an app's declared tables together with the record that a space is under, which may be newer or older than the code:
 * names on one side, positions on the other, ids between them.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type CborValue, KithError } from '../bytes/index.ts'
import { type App, columnId, tableId } from './app.ts'
import { badValue, type ColumnCodec, createColumnCodec, type SetChange } from './cell.ts'
import type { Table } from './table.ts'
import { runValidator } from './validator.ts'
import { type Lens, lensesOf, type LensWrite, markName, storedColumns, writeThroughLenses } from './lens.ts'
import { findColumn, findTable, type SchemaRecord, type TableRecord } from './record.ts'

export type BoundTable = {
  readonly name: string
  /** Position in the record: what ops name. */
  readonly index: number
  readonly record: TableRecord
  /** One for each column of the record, in its order. */
  readonly codecs: readonly ColumnCodec[]
  /**
   * Positions of the columns that an insert writes, always all of them and ascending: rows of one change are then one op, and columns
   * that are alike compress to nothing.
   */
  readonly insertColumns: readonly number[]
  /** Wire values aligned with `insertColumns`: defaults filled in, so that a later change of a default changes no old row. */
  readonly insertToWire: (row: object, lens?: LensWrite) => CborValue[]
  /** Newer columns that take the place of older ones: writes have to be told what the row shows of them. */
  readonly lenses: readonly BoundLens[]
  /** What an upsert writes: only the columns given, so that it leaves the others of a row that is there. Checks as an insert does. */
  readonly upsertToWire: (
    row: object,
    lens?: LensWrite,
  ) => { readonly columns: readonly number[]; readonly values: CborValue[] }
  /** What an update writes, columns ascending. Fixed columns are refused. */
  readonly updateToWire: (changes: object, lens?: LensWrite) => BoundUpdate[]
}

/** A lens with the places of its columns in the record; undefined for what is not published yet. */
export type BoundLens = {
  readonly lens: Lens
  readonly from: readonly (number | undefined)[]
  readonly marks: readonly (number | undefined)[]
  readonly to: readonly (number | undefined)[]
}

/** One assignment of an update; a set's becomes a wire value when the merge knows which additions a removal has seen. */
export type BoundUpdate =
  | { readonly column: number; readonly value: CborValue; readonly set?: undefined }
  | { readonly column: number; readonly value?: undefined; readonly set: SetChange }

/**
 * Throws KithError 'not-found' where the app has no such table, 'schema-mismatch' where the record lacks it. A column that it lacks cannot be
 * written until it is published; one that it dropped is left out of what is written.
 */
export const bindTable = (app: App, name: string, record: SchemaRecord): BoundTable => {
  const declared = Object.hasOwn(app.tables, name) ? app.tables[name] : undefined
  if (!declared) throw new KithError('not-found', `The app has no table "${name}".`, { table: name })
  const index = findTable(record, tableId(name, declared))
  const table = record.tables[index]
  if (!table) throw absentError(app, record, tableId(name, declared), name)
  const codecs = table.columns.map((column) => createColumnCodec(name, column))
  const writers = new Map<string, Writer>()
  const absent: Absent = new Map()
  for (const [columnName, column] of Object.entries(storedColumns(declared))) {
    const id = columnId(columnName, column)
    const at = findColumn(table, id)
    const published = table.columns[at]
    if (!published || published.type !== column.spec.kind) {
      // What a lens writes goes to older columns too: nothing is lost by leaving out the newer ones.
      const isOmittable = record.dropped.includes(`${table.id}.${id}`) || !isPlainColumn(declared, columnName)
      absent.set(columnName, isOmittable ? undefined : absentError(app, record, id, `${name}.${columnName}`))
      continue
    }
    const codec = createColumnCodec(name, { ...published, name: columnName })
    writers.set(columnName, { at, codec, toWire: withValidator(codec, name, columnName, column.spec.validator) })
  }
  const insertColumns = codecs.flatMap((codec, at) => (codec.kind && codec.kind !== 'richText' ? [at] : []))
  const toWire = createInsertToWire(name, codecs, insertColumns, writers, absent)
  const updateToWire = createUpdateToWire(name, writers, absent)
  const positions = (names: readonly string[]) => names.map((part) => writers.get(part)?.at)
  const lenses = lensesOf(declared).map((lens) => ({
    lens,
    from: positions(lens.from),
    marks: positions(lens.from.map((part) => markName(declared, lens, part))),
    to: positions(lens.to),
  }))
  const through = (row: object, write: LensWrite): object =>
    lenses.length > 0 ? writeThroughLenses(name, declared, row as Readonly<Record<string, unknown>>, write) : row
  return {
    name,
    index,
    record: table,
    codecs,
    insertColumns,
    lenses,
    insertToWire: (row, lens = {}) => toWire(through(row, lens)),
    upsertToWire: (values, lens = {}) => {
      const row = through(values, lens)
      const given = new Set(
        Object.entries(row).flatMap(([part, value]) => (value === undefined ? [] : [writers.get(part)?.at])),
      )
      const all = toWire(row)
      return {
        columns: insertColumns.filter((at) => given.has(at)),
        values: all.filter((_, at) => given.has(insertColumns[at])),
      }
    },
    updateToWire: (changes, lens = {}) => updateToWire(through(changes, lens)),
  }
}

/** Whether no lens writes it. */
const isPlainColumn = (declared: Table, name: string): boolean =>
  Object.hasOwn(declared.columns, name) && !lensesOf(declared).some(({ to }) => to.includes(name))

/**
 * Columns of this version that the space's record does not have. What it dropped is passed over, or older versions could not write at all;
 * what is not published yet can be written once it is.
 */
type Absent = Map<string, KithError | undefined>

/** Whether a value goes to a column that is not there, and nothing is lost by leaving it out. */
const isPassedOver = (absent: Absent, name: string, value: unknown): boolean => {
  if (!absent.has(name)) return false
  const error = absent.get(name)
  if (error && value !== null && value !== undefined) throw error
  return true
}

type Writer = { readonly at: number; readonly codec: ColumnCodec; readonly toWire: (value: unknown) => CborValue }

const createInsertToWire = (
  table: string,
  codecs: readonly ColumnCodec[],
  insertColumns: readonly number[],
  writers: ReadonlyMap<string, Writer>,
  absent: Absent,
): BoundTable['insertToWire'] => {
  const byPosition = new Map([...writers].map(([name, writer]) => [writer.at, { name, writer }]))
  const parts = insertColumns.map((at) => {
    const known = byPosition.get(at)
    const codec = codecs[at] as ColumnCodec
    // A column that only a newer release knows: its default, or null, as for its own old rows.
    if (!known) return { name: undefined, missing: codec.missing ?? null, toWire: codec.toWire }
    return { name: known.name, missing: codec.missing, toWire: known.writer.toWire }
  })
  return (row) => {
    let given = 0
    const values: CborValue[] = []
    for (const part of parts) {
      const value = part.name === undefined ? undefined : (row as Record<string, unknown>)[part.name]
      if (value !== undefined) given += 1
      values.push(value === undefined && part.missing !== undefined ? part.missing : part.toWire(value))
    }
    if (countKeys(row) !== given) {
      for (const [name, part] of Object.entries(row)) {
        if (part === undefined || isInsertable(writers.get(name)) || isPassedOver(absent, name, part)) continue
        throw unknownColumn(table, name)
      }
    }
    return values
  }
}

const createUpdateToWire =
  (table: string, writers: ReadonlyMap<string, Writer>, absent: Absent): ((changes: object) => BoundUpdate[]) =>
  (changes) => {
    const updates: BoundUpdate[] = []
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined) continue
      const writer = writers.get(name)
      if (!writer && isPassedOver(absent, name, value)) continue
      if (!writer) throw unknownColumn(table, name)
      if (writer.codec.isFixed) throw badValue(table, name, 'left as it was inserted: the column is fixed', value)
      updates.push(
        writer.codec.kind === 'set'
          ? { column: writer.at, set: writer.codec.toSetChange(value) }
          : { column: writer.at, value: writer.toWire(value) },
      )
    }
    return updates.sort((left, right) => left.column - right.column)
  }

const countKeys = (row: object): number => {
  let keys = 0
  for (const key in row) if ((row as Record<string, unknown>)[key] !== undefined) keys += 1
  return keys
}

const isInsertable = (writer: Writer | undefined): boolean => writer !== undefined && writer.codec.kind !== 'richText'

const unknownColumn = (table: string, name: string): KithError =>
  new KithError('bad-value', `"${table}.${name}" cannot be written: there is no such column, or it is rich text.`, {
    table,
    column: name,
  })

const absentError = (app: App, record: SchemaRecord, id: string, name: string): KithError => {
  const isOlder = app.version <= record.version
  const why = record.dropped.includes(id)
    ? 'was dropped by a newer version of the app. Update the app'
    : isOlder
      ? `is not in the schema that the space is under (version ${record.version}; this app is version ${app.version}). Raise the app's version above ${record.version}`
      : `is not published yet (the space is under version ${record.version}; this app is version ${app.version}). An admin has to open the space with this version`
  return new KithError('schema-mismatch', `"${name}" ${why}.`, { id: name })
}

const withValidator = (
  codec: ColumnCodec,
  table: string,
  name: string,
  validator: StandardSchemaV1 | undefined,
): ((value: unknown) => CborValue) => {
  if (!validator) return codec.toWire
  return (value) => codec.toWire(runValidator(validator, table, name, value))
}
