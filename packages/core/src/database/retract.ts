import { assert, toHex } from '../bytes/index.ts'
import { type Op, opCodes, timeToBytes } from '../change/index.ts'
import type { Hashing, SqlValue } from '../ports/index.ts'
import { keepRead, readBaseValue, type ReadChange } from './base-values.ts'
import type { Cells } from './cells.ts'
import { isUpsertMark } from './cells.ts'
import { type CompiledColumn, type CompiledTable, type StoredColumn, tableToPhysical } from './compiled.ts'
import { upsertedRowId } from './inserts.ts'
import type { Labels } from './labels.ts'
import type { Merge, MergeInput } from './merge.ts'
import type { Registry } from './registry.ts'
import { baseOp, initialTime, type Rows } from './rows.ts'
import type { Base, TablePlace } from './showing.ts'
import type { Statements } from './statements.ts'
import type { Texts } from './texts.ts'

/**
 * Takes changes back: the exact inverse of `merge`, for the rows that they touched and no others. First the writes of all changes
 * that go (`unapply`), then, once, what the rows show without them (`settle`). After that everything is as if these changes had never come.
 */
export type Retraction = {
  /** Takes back what `merge.apply` did. Returns the ids of the tables touched. */
  readonly unapply: (input: MergeInput) => Set<string>
  /** Takes back what `merge.applyVoid` did. */
  readonly unapplyVoid: (input: MergeInput) => Set<string>
  /** A change does not wait for this row any more. */
  readonly unexpect: (space: number, row: Uint8Array) => void
  /** Returns ids of rows that are gone, and of those that are known as missing no longer. Before that, nothing may be judged by rows. */
  readonly settle: () => { readonly gone: Uint8Array[]; readonly unmarked: Uint8Array[] }
}

export type RetractionInput = {
  readonly statements: Statements
  readonly crypto: Hashing
  readonly registry: Registry
  readonly cells: Cells
  readonly rows: Rows
  readonly texts: Texts
  readonly labels: Labels
  readonly merge: Merge
  readonly read: ReadChange
}

/** A row that lost writes, with the columns to be shown anew; '' is the row itself. */
type Touched = {
  readonly at: TablePlace
  readonly id: Uint8Array
  readonly columns: Map<string, StoredColumn | undefined>
  lostBase: boolean
}

export const createRetraction = (input: RetractionInput): Retraction => {
  const { statements, crypto, registry, cells, rows, texts, labels, merge } = input
  const { showing } = rows
  let touched = new Map<string, Touched>()

  const touch = (at: TablePlace, id: Uint8Array): Touched => {
    const key = `${at.table.physical}/${toHex(id)}`
    let found = touched.get(key)
    if (!found) touched.set(key, (found = { at, id: id.slice(), columns: new Map(), lostBase: false }))
    return found
  }
  const tableOf = ({ space, record }: MergeInput, table: number): TablePlace => ({
    space: space.n,
    app: record.app,
    table: record.tables[table] as CompiledTable,
  })

  /** Takes one change's writes out of a cell. */
  const clearCell = (source: MergeInput, time: Uint8Array, at: TablePlace, id: Uint8Array, column?: CompiledColumn) => {
    touch(at, id).columns.set(column?.key ?? '', column)
    cells.remove(showing.placeOf(at, id, column), time, source.number)
  }

  const loseBase = (source: MergeInput, at: TablePlace, id: Uint8Array): void => {
    touch(at, id).lostBase = true
    // What of the base lies in `cell` has its change, but not always its time.
    cells.removeAll(at.space, id, source.number)
  }

  const unapplyInserts = (source: MergeInput, op: Extract<Op, { readonly 0: 0 }>, start: number): void => {
    const at = tableOf(source, op[1])
    // The ids of one change's rows lie side by side; a twin's, which may lie there too, are not its own.
    const gone = statements(
      `DELETE FROM ${at.table.physical} WHERE "$space" = ? AND id >= ? AND id <= ? AND "$change" = ? RETURNING id`,
    ).all(at.space, source.opId(start), source.opId(start + op[3] - 1), source.number)
    for (const { id } of gone) loseBase(source, at, id as Uint8Array)
  }

  const unapplyUpserts = (source: MergeInput, op: Extract<Op, { readonly 0: 1 }>, time: Uint8Array): void => {
    const at = tableOf(source, op[1])
    const [, , columns, count, values] = op
    const ids = { crypto, space: source.space.id, opId: source.opId }
    for (let row = 0; row < count; row += 1) {
      const id = upsertedRowId(ids, at.table, { columns, rows: count, values, row })
      if (showing.base(at, id)?.change === source.number) {
        statements(`DELETE FROM ${at.table.physical} WHERE "$space" = ? AND id = ?`).run(at.space, id)
        loseBase(source, at, id)
        continue
      }
      clearCell(source, time, at, id)
      for (const column of columns)
        if (!at.table.key.includes(column)) clearCell(source, time, at, id, at.table.columns[column])
    }
  }

  const unapplyOp = (source: MergeInput, op: Op, start: number, time: Uint8Array, tables: Set<string>): void => {
    const { number, space } = source
    if (op[0] === opCodes.profile || op[0] === opCodes.title) return labels.remove(space.n, number)
    const at = tableOf(source, op[1])
    tables.add(at.table.id)
    if (op[0] === opCodes.insert) return unapplyInserts(source, op, start)
    if (op[0] === opCodes.upsert) return unapplyUpserts(source, op, time)
    const id = typeof op[2] === 'number' ? source.opId(op[2]) : op[2]
    if (op[0] === opCodes.text) return unapplyText(source, at, id, op[3], time)
    if (op[0] !== opCodes.update) return clearCell(source, time, at, id)
    for (let cell = 0; cell < op[3].length; cell += 2) {
      const column = at.table.columns[op[3][cell] as number]
      clearCell(source, time, at, id, column?.kind === undefined ? undefined : column)
    }
  }

  const unapplyText = (source: MergeInput, at: TablePlace, id: Uint8Array, column: number, time: Uint8Array): void => {
    clearCell(source, time, at, id, at.table.columns[column])
    texts.retracted(at, id, column)
  }

  /** Another upsert of a keyed row becomes its base, if one is here. */
  const findBase = (at: TablePlace, id: Uint8Array): boolean => {
    const upserts = cells.all(showing.placeOf(at, id, undefined)).filter(({ value }) => isUpsertMark(value))
    const [next] = upserts.sort((left, right) => left.change - right.change || left.op - right.op)
    if (!next) return false
    const source = read(next.change)
    assert(source, 'an upsert that cannot be read')
    // As a base it writes into the app's table what it wrote as cells before.
    for (const number of cells.columnsOf(at.space, id))
      cells.removeOp({ space: at.space, row: id, column: number }, next)
    rows.expect(at, id)
    merge.upsertAgain(source, next.op)
    return true
  }

  const showAgain = (at: TablePlace, id: Uint8Array, base: Base, column: StoredColumn | undefined): void => {
    if (!column) return showing.deletesChanged(at, id)
    const cell = showing.placeOf(at, id, column)
    const baseValue = (): SqlValue => readBaseValue(read(base.change), crypto, at, id, column)
    if (column.kind === 'richText' || column.kind === undefined) return
    if (column.kind === 'set') {
      // What the insert put there moved into `cell` when the set was first changed: nobody has changed it now.
      if (cells.all(cell).some(({ op }) => op !== baseOp)) return showing.setChanged(at, id, column)
      cells.removeOp(cell, { time: initialTime, change: base.change, op: baseOp })
      return showing.set(at, id, column, baseValue())
    }
    if (column.kind === 'counter') {
      const deltas = cells.all(cell)
      const value = baseValue()
      if (deltas.length === 0) return showing.set(at, id, column, value)
      const sum = deltas.reduce((total, write) => total + BigInt(write.value as number), BigInt((value as number) ?? 0))
      return showing.set(at, id, column, BigInt.asIntN(64, sum))
    }
    const newest = cells.newest(cell)
    const shows = newest && rows.isAboveBase(id, base, newest)
    showing.set(at, id, column, shows ? newest.value : baseValue())
  }

  const read = keepRead(input.read)

  return {
    unapply: (source) => {
      const tables = new Set<string>()
      const time = timeToBytes(source.change.header.time)
      for (const [index, op] of source.body.ops.entries())
        unapplyOp(source, op, source.body.starts[index] as number, time, tables)
      return tables
    },
    unapplyVoid: (source) => {
      const tables = new Set<string>()
      const time = timeToBytes(source.change.header.time)
      for (const op of source.body.ops) {
        if (op[0] !== opCodes.text || typeof op[2] === 'number') continue
        const at = tableOf(source, op[1])
        if (at.table?.columns[op[3]]?.kind !== 'richText') continue
        tables.add(at.table.id)
        unapplyText(source, at, op[2], op[3], time)
      }
      return tables
    },
    unexpect: (space, row) => {
      for (const { tbl } of statements('SELECT tbl FROM orphan WHERE space = ? AND row = ?').all(space, row)) {
        const { app, table } = registry.columnOf(tbl as number)
        rows.markMissing({ space, app, table: { id: table, physical: tableToPhysical(app, table) } }, row)
      }
    },
    settle: () => {
      // Rows of one insert lie side by side by their ids: its body is decoded once for all.
      const all = [...touched].sort(([left], [right]) => (left < right ? -1 : 1))
      touched = new Map()
      const gone: Uint8Array[] = []
      const unmarked: Uint8Array[] = []
      for (const { at, id, columns, lostBase } of all.map(([, row]) => row)) {
        const base = showing.base(at, id)
        if (base) for (const column of columns.values()) showAgain(at, id, base, column)
        else if (!(lostBase && at.table.isKeyed && findBase(at, id))) {
          rows.markMissing(at, id)
          if (lostBase) gone.push(id)
          else unmarked.push(id)
        }
      }
      return { gone, unmarked }
    },
  }
}
