import { assert, type CborValue } from '../bytes/index.ts'
import { type Change, type DataBody, type Op, opCodes, timeToBytes } from '../change/index.ts'
import type { Hashing } from '../ports/index.ts'
import type { CompiledRecord, CompiledTable } from './compiled.ts'
import { opAt, upsertedRowId } from './inserts.ts'
import { type Labels, spaceLabel } from './labels.ts'
import type { Rows } from './rows.ts'
import type { TablePlace } from './showing.ts'
import type { Texts } from './texts.ts'

/** A data change with a verdict, ready to take effect. */
export type MergeInput = {
  readonly space: { readonly n: number; readonly id: Uint8Array }
  readonly record: CompiledRecord
  readonly change: Change
  /** Its local number. */
  readonly number: number
  readonly body: DataBody
  readonly opId: (index: number) => Uint8Array
  /** The author's person, 48 bytes. */
  readonly address: Uint8Array
}

export type Merge = {
  /** Applies all ops. Returns the ids of the tables that it touched. */
  readonly apply: (input: MergeInput) => Set<string>
  /** A change with a verdict against it: only its typing is integrated, as deleted, so that typing next to it survives. */
  readonly applyVoid: (input: MergeInput) => Set<string>
  /** The row at an op index of an upsert becomes its row's base: the one before was taken back. */
  readonly upsertAgain: (input: MergeInput, index: number) => void
  /** Call after the last of several changes: shows what many small ones added up to. */
  readonly settle: () => void
}

export const createMerge = (crypto: Hashing, rows: Rows, texts: Texts, labels: Labels): Merge => {
  const tableOf = ({ space, record }: MergeInput, table: number): TablePlace => ({
    space: space.n,
    app: record.app,
    table: record.tables[table] as CompiledTable,
  })
  // The verdict saw to it that an index stands for a plain insert: keyed rows go by their ids.
  const rowId = (input: MergeInput, row: Uint8Array | number): Uint8Array =>
    typeof row === 'number' ? input.opId(row) : row

  /** References to rows of the same change go by op index: here they become ids. */
  const toCell = (input: MergeInput, table: CompiledTable, column: number, value: CborValue): CborValue =>
    typeof value === 'number' && table.columns[column]?.kind === 'ref' ? input.opId(value) : value

  const applyRows = (
    input: MergeInput,
    op: Extract<Op, { readonly 0: 0 | 1 }>,
    start: number,
    time: Uint8Array,
  ): void => {
    const at = tableOf(input, op[1])
    const [, , columns, count, values] = op
    const plan = rows.plan(at.table, columns)
    const hasRefs = plan.columns.some(({ column }) => column.kind === 'ref')
    // One closure for all rows: a bulk insert runs this a million times.
    const value = hasRefs
      ? (index: number, of: number): CborValue =>
          toCell(input, at.table, columns[index] as number, values[index * count + of] as CborValue)
      : (index: number, of: number): CborValue => values[index * count + of] as CborValue
    let row = 0
    const cell = (index: number): CborValue => value(index, row)
    // Nor an id or a stamp for each: nobody keeps them, and the ids of one change differ in their last two bytes only.
    const opId = input.opId(start)
    const stamp = { time, change: input.number, op: start }
    const many = { change: input.number, firstId: opId, start, count, value }
    for (row = op[0] === opCodes.insert ? rows.insertMany(at, plan, many) : 0; row < count; row += 1) {
      stamp.op = start + row
      opId[14] = stamp.op >>> 8
      opId[15] = stamp.op
      if (op[0] === opCodes.insert) rows.insert(at, plan, opId, stamp, cell)
      else {
        const id = upsertedRowId({ crypto, space: input.space.id, opId: input.opId }, at.table, {
          columns,
          rows: count,
          values,
          row,
        })
        rows.upsert(at, plan, id, stamp, opId, cell)
      }
    }
  }

  const applyOp = (input: MergeInput, op: Op, start: number, time: Uint8Array, touched: Set<string>): void => {
    const { change, number, space } = input
    const stamp = { time, change: number, op: start }
    if (op[0] === opCodes.profile) return labels.write(space.n, input.address, op[1], stamp, op[2])
    if (op[0] === opCodes.title) return labels.write(space.n, spaceLabel, op[1], stamp)
    const at = tableOf(input, op[1])
    touched.add(at.table.id)
    if (op[0] === opCodes.insert || op[0] === opCodes.upsert) return applyRows(input, op, start, time)
    const id = rowId(input, op[2])
    const opId = input.opId(start)
    switch (op[0]) {
      case opCodes.update:
        for (let cell = 0; cell < op[3].length; cell += 2) {
          const column = op[3][cell] as number
          rows.update(at, id, column, stamp, opId, toCell(input, at.table, column, op[3][cell + 1] as CborValue))
        }
        return
      case opCodes.delete:
        return rows.delete(at, id, stamp, opId)
      case opCodes.restore:
        return rows.restore(at, id, stamp, op[3])
      case opCodes.text:
        return texts.write(at, id, op[3], {
          change,
          number,
          op: start,
          salt: op[4],
          structs: op[5],
          deletes: op[6],
          isVoid: false,
        })
    }
  }

  return {
    apply: (input) => {
      const touched = new Set<string>()
      const time = timeToBytes(input.change.header.time)
      for (const [index, op] of input.body.ops.entries())
        applyOp(input, op, input.body.starts[index] as number, time, touched)
      return touched
    },
    applyVoid: (input) => {
      const touched = new Set<string>()
      for (const [index, op] of input.body.ops.entries()) {
        if (op[0] !== opCodes.text) continue
        const at = tableOf(input, op[1])
        if (at.table?.columns[op[3]]?.kind !== 'richText' || typeof op[2] === 'number') continue
        touched.add(at.table.id)
        const start = input.body.starts[index] as number
        texts.write(at, op[2], op[3], {
          change: input.change,
          number: input.number,
          op: start,
          salt: op[4],
          structs: op[5],
          deletes: op[6],
          isVoid: true,
        })
      }
      return touched
    },
    upsertAgain: (input, index) => {
      const { op, start } = opAt(input.body, index)
      assert(op[0] === opCodes.upsert, 'a base that no upsert made')
      const at = tableOf(input, op[1])
      const [, , columns, count, values] = op
      const row = index - start
      const source = { crypto, space: input.space.id, opId: input.opId }
      const id = upsertedRowId(source, at.table, { columns, rows: count, values, row })
      const stamp = { time: timeToBytes(input.change.header.time), change: input.number, op: index }
      rows.upsert(at, rows.plan(at.table, columns), id, stamp, input.opId(index), (place) =>
        toCell(input, at.table, columns[place] as number, values[place * count + row] as CborValue),
      )
    },
    settle: () => {
      rows.settle()
      texts.flush()
    },
  }
}
