import { type CborValue, toHex } from '../bytes/index.ts'
import { type DataBody, keyedRowId, type Op, opCodes } from '../change/index.ts'
import type { Hashing } from '../ports/index.ts'
import type { CompiledTable } from './compiled.ts'

/** One row of an insert or upsert op. */
export type InsertedRow = {
  readonly table: number
  readonly columns: readonly number[]
  readonly rows: number
  readonly values: readonly CborValue[]
  /** Its place in the op. */
  readonly row: number
}

export type IdSource = {
  readonly crypto: Hashing
  readonly space: Uint8Array
  readonly body: DataBody
  readonly opId: (index: number) => Uint8Array
}

/** The op that an op index lies in, with the index that it starts at. The change has an op. */
export const opAt = ({ ops, starts }: DataBody, index: number): { readonly op: Op; readonly start: number } => {
  let low = 0
  let high = ops.length - 1
  // Binary search: a change may have tens of thousands of inserts and as many references to them.
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if ((starts[middle] as number) <= index) low = middle
    else high = middle - 1
  }
  return { op: ops[low] as Op, start: starts[low] as number }
}

/** The row that op index `index` inserts; undefined where it is no plain insert, for rows of keyed tables go by their id. */
export const findInsert = (body: DataBody, index: number): InsertedRow | undefined => {
  if (body.ops.length === 0) return undefined
  const { op, start } = opAt(body, index)
  if (op[0] !== opCodes.insert) return undefined
  const row = index - start
  return Number.isInteger(row) && row >= 0 && row < op[3]
    ? { table: op[1], columns: op[2], rows: op[3], values: op[4], row }
    : undefined
}

export const cellOf = ({ columns, rows, values, row }: InsertedRow, column: number): CborValue | undefined => {
  const place = columns.indexOf(column)
  return place === -1 ? undefined : values[place * rows + row]
}

/** The id of a keyed row. A key that names a row of the same change by index stands for that row's id. */
export const upsertedRowId = (
  { crypto, space, opId }: Omit<IdSource, 'body'>,
  table: CompiledTable,
  { columns, rows, values, row }: Omit<InsertedRow, 'table'>,
): Uint8Array => {
  const keys = table.key.map((key) => {
    const value = values[columns.indexOf(key) * rows + row] as CborValue
    return typeof value === 'number' && table.columns[key]?.kind === 'ref' ? opId(value) : value
  })
  return keyedRowId(crypto, space, table.id, keys)
}

const upsertsOfBodies = new WeakMap<DataBody, Map<number, Map<string, InsertedRow>>>()

/** The first upsert of a keyed row in a change. */
export const findUpsert = (source: IdSource, table: CompiledTable, id: Uint8Array): InsertedRow | undefined =>
  upsertsIn(source, table).get(toHex(id))

/** The upserts of a table's rows in a change, by id in hexadecimal. All ids are computed once a body and table: each is a hash. */
export const upsertsIn = (source: IdSource, table: CompiledTable): ReadonlyMap<string, InsertedRow> => {
  let tables = upsertsOfBodies.get(source.body)
  if (!tables) upsertsOfBodies.set(source.body, (tables = new Map<number, Map<string, InsertedRow>>()))
  let rows = tables.get(table.index)
  if (!rows) tables.set(table.index, (rows = upsertsOf(source, table)))
  return rows
}

const upsertsOf = (source: IdSource, table: CompiledTable): Map<string, InsertedRow> => {
  const found = new Map<string, InsertedRow>()
  for (const op of source.body.ops) {
    if (op[0] !== opCodes.upsert || op[1] !== table.index) continue
    if (table.key.some((key) => !op[2].includes(key))) continue
    for (let row = 0; row < op[3]; row += 1) {
      const inserted = { table: op[1], columns: op[2], rows: op[3], values: op[4], row }
      // Its values may not have been judged yet: an index that names nothing makes no id.
      const isNamed = table.key.every((key) => {
        const value = cellOf(inserted, key)
        return typeof value !== 'number' || table.columns[key]?.kind !== 'ref' || findInsert(source.body, value)
      })
      if (!isNamed) continue
      const id = toHex(upsertedRowId(source, table, inserted))
      if (!found.has(id)) found.set(id, inserted)
    }
  }
  return found
}
