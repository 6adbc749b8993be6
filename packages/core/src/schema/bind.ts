/**
 * Brings an app's declared tables together with the record that a space is under, which may be newer or older than the code:
 * names on one side, positions on the other, ids between them.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type CborValue, KithError } from '../bytes/index.ts'
import { type App, columnId, tableId } from './app.ts'
import { badValue, type ColumnCodec, createColumnCodec, type SetChange } from './cell.ts'
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
  readonly insertToWire: (row: object) => CborValue[]
  /** What an upsert writes: only the columns given, so that it leaves the others of a row that is there. Checks as an insert does. */
  readonly upsertToWire: (row: object) => { readonly columns: readonly number[]; readonly values: CborValue[] }
  /** What an update writes, columns ascending. Fixed columns are refused. */
  readonly updateToWire: (changes: object) => BoundUpdate[]
}

/** One assignment of an update; a set's becomes a wire value when the merge knows which additions a removal has seen. */
export type BoundUpdate =
  | { readonly column: number; readonly value: CborValue; readonly set?: undefined }
  | { readonly column: number; readonly value?: undefined; readonly set: SetChange }

/**
 * Throws KithError 'not-found' where the app has no such table, 'schema-mismatch' where the record lacks it or one of its columns.
 */
export const bindTable = (app: App, name: string, record: SchemaRecord): BoundTable => {
  const declared = Object.hasOwn(app.tables, name) ? app.tables[name] : undefined
  if (!declared) throw new KithError('not-found', `The app has no table "${name}".`, { table: name })
  const index = findTable(record, tableId(name, declared))
  const table = record.tables[index]
  if (!table) throw notPublished(name)
  const codecs = table.columns.map((column) => createColumnCodec(name, column))
  const writers = new Map<string, Writer>()
  for (const [columnName, column] of Object.entries(declared.columns)) {
    const at = findColumn(table, columnId(columnName, column))
    const published = table.columns[at]
    if (!published || published.type !== column.spec.kind) throw notPublished(`${name}.${columnName}`)
    const codec = createColumnCodec(name, { ...published, name: columnName })
    writers.set(columnName, { at, codec, toWire: withValidator(codec, name, columnName, column.spec.validator) })
  }
  const insertColumns = codecs.flatMap((codec, at) => (codec.kind && codec.kind !== 'richText' ? [at] : []))
  const insertToWire = createInsertToWire(name, codecs, insertColumns, writers)
  return {
    name,
    index,
    record: table,
    codecs,
    insertColumns,
    insertToWire,
    upsertToWire: (row) => {
      const given = new Set(
        Object.entries(row).flatMap(([part, value]) => (value === undefined ? [] : [writers.get(part)?.at])),
      )
      const values = insertToWire(row)
      return {
        columns: insertColumns.filter((at) => given.has(at)),
        values: values.filter((_, at) => given.has(insertColumns[at])),
      }
    },
    updateToWire: createUpdateToWire(name, writers),
  }
}

type Writer = { readonly at: number; readonly codec: ColumnCodec; readonly toWire: (value: unknown) => CborValue }

const createInsertToWire = (
  table: string,
  codecs: readonly ColumnCodec[],
  insertColumns: readonly number[],
  writers: ReadonlyMap<string, Writer>,
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
    if (countKeys(row) !== given) refuseUnknown(table, row, (name) => isInsertable(writers.get(name)))
    return values
  }
}

const createUpdateToWire =
  (table: string, writers: ReadonlyMap<string, Writer>): BoundTable['updateToWire'] =>
  (changes) => {
    const updates: BoundUpdate[] = []
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined) continue
      const writer = writers.get(name)
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

const refuseUnknown = (table: string, row: object, isKnown: (name: string) => boolean): void => {
  for (const [name, value] of Object.entries(row))
    if (value !== undefined && !isKnown(name)) throw unknownColumn(table, name)
}

const unknownColumn = (table: string, name: string): KithError =>
  new KithError('bad-value', `"${table}.${name}" cannot be written: there is no such column, or it is rich text.`, {
    table,
    column: name,
  })

const notPublished = (what: string): KithError =>
  new KithError(
    'schema-mismatch',
    `"${what}" is not in the schema that the space is under. Publish this app's schema first.`,
    {
      id: what,
    },
  )

/** A validator's output is what is written, so that it may trim or normalise. */
const withValidator = (
  codec: ColumnCodec,
  table: string,
  name: string,
  validator: StandardSchemaV1 | undefined,
): ((value: unknown) => CborValue) => {
  if (!validator) return codec.toWire
  return (value) => {
    if (value === null || value === undefined) return codec.toWire(value)
    const result = validator['~standard'].validate(value)
    if (result instanceof Promise) {
      throw new KithError('not-supported', `The validator of "${table}.${name}" is asynchronous. Use one that is not.`)
    }
    if (result.issues) throw badValue(table, name, result.issues.map((issue) => issue.message).join('; '), value)
    return codec.toWire(result.value)
  }
}
