import { type CborValue, compareBytes } from '../bytes/index.ts'
import type { SqlValue } from '../ports/index.ts'
import type { SetElement } from '../schema/index.ts'
import {
  type Cells,
  type CellWrite,
  deleteToCell,
  restoreToCell,
  setWriteToCell,
  standingDeletes,
  standingElements,
  upsertMark,
} from './cells.ts'
import { type BulkInsert, createBulkInsert } from './bulk.ts'
import { type CompiledColumn, type CompiledTable, keyToColumn, type StoredColumn } from './compiled.ts'
import type { History } from './history.ts'
import { compareStamps, type Stamp } from './order.ts'
import { createPlans, type InsertPlan, type PlannedColumn } from './plan.ts'
import type { Registry } from './registry.ts'
import { type Base, createShowing, type Showing, type StoredPlace, type TablePlace } from './showing.ts'
import type { Statements } from './statements.ts'

/**
 * The showing state of rows, kept equal to what the total order of writes says. A row has one *base*: the insert (or, in a
 * keyed table, the upsert that arrived first). Only other writes are in `cell`. Ids and stamps that are handed over are not kept.
 */
export type Rows = {
  readonly insert: (at: TablePlace, plan: InsertPlan, id: Uint8Array, stamp: Stamp, values: RowValues) => void
  /** Inserts as many rows of an op as go at once; the rest goes through `insert`. */
  readonly insertMany: BulkInsert
  readonly upsert: (
    at: TablePlace,
    plan: InsertPlan,
    id: Uint8Array,
    stamp: Stamp,
    opId: Uint8Array,
    values: RowValues,
  ) => void
  readonly update: (
    at: TablePlace,
    id: Uint8Array,
    column: number,
    stamp: Stamp,
    opId: Uint8Array,
    value: CborValue,
  ) => void
  readonly delete: (at: TablePlace, id: Uint8Array, stamp: Stamp, opId: Uint8Array) => void
  readonly restore: (at: TablePlace, id: Uint8Array, stamp: Stamp, deletes: readonly Uint8Array[]) => void
  /** Shows a text's plain text. */
  readonly show: (at: StoredPlace, id: Uint8Array, column: StoredColumn, value: SqlValue) => void
  /** Deletes of a row that stand, for a restore to name. */
  readonly deletesOf: (at: TablePlace, id: Uint8Array) => Uint8Array[]
  /** Additions that hold an element of a set, for a removal to name. */
  readonly additionsOf: (at: TablePlace, id: Uint8Array, column: CompiledColumn) => Map<SetElement, Uint8Array[]>
  readonly base: (at: TablePlace, id: Uint8Array) => Base | undefined
  readonly plan: (table: CompiledTable, columns: readonly number[]) => InsertPlan
  /** Something waits for a row that is not here: its coming is told by `takeArrived`. */
  readonly expect: (at: TablePlace, id: Uint8Array) => void
  /** Rows that have come since the last call, of those that something waited for. */
  readonly takeArrived: () => { readonly space: number; readonly id: Uint8Array }[]
  /** No row of this table is here: whether anything was written to it decides whether it is known as missing. */
  readonly markMissing: (at: StoredPlace, id: Uint8Array) => void
  /** Whether a write stands above the insert that made the row, which wrote all its cells. */
  readonly isAboveBase: (id: Uint8Array, base: Base, stamp: Stamp) => boolean
  readonly showing: Showing
  /** Call after the last of several changes: shows what many writes to one set, or deletes of one row, added up to. */
  readonly settle: () => void
}

/** The wire value at a place of the op, references resolved. */
export type RowValues = (at: number) => CborValue

export type RowsInput = {
  readonly statements: Statements
  readonly registry: Registry
  readonly history: History
  readonly cells: Cells
  /** Called when a row has come that was typed in before. */
  readonly showText: (at: TablePlace, id: Uint8Array, column: StoredColumn) => void
  /** Two changes insert one row, which no honest device does: see `twins.ts`. */
  readonly insertedTwice: (at: TablePlace, id: Uint8Array, changes: readonly number[]) => void
}

/** Marks in `cell` what the base wrote, moved there: it lies below every op of its change. */
export const baseOp = -1
/** An insert's additions to a set come before all others; sets have no order, so that only the place in `cell` matters. */
export const initialTime = new Uint8Array(8)

export const createRows = ({ statements, registry, history, cells, showText, insertedTwice }: RowsInput): Rows => {
  const showing = createShowing(statements, registry, cells)
  const { base, place, placeOf, set } = showing
  const plan = createPlans()
  const bulkInsert = createBulkInsert(statements)
  let arrived: { space: number; id: Uint8Array }[] = []
  /** Spaces in which a row came that was waited for: it may have been the last. */
  const adopted = new Set<number>()
  // Most spaces never have an orphan; then inserts need not look for one.
  const withOrphans = new Set(
    statements('SELECT DISTINCT space FROM orphan')
      .all()
      .map((row) => row.space as number),
  )
  /** Ids of rows of two tables may be the same where somebody hostile makes them so. */
  const tableNumber = ({ app, table }: StoredPlace): number => registry.column(app, table.id, '')
  const markOrphan = (at: StoredPlace, row: Uint8Array): void => {
    withOrphans.add(at.space)
    statements('INSERT OR IGNORE INTO orphan (space, row, tbl) VALUES (?, ?, ?)').run(at.space, row, tableNumber(at))
  }
  const takeOrphan = (at: StoredPlace, row: Uint8Array): boolean => {
    if (!withOrphans.has(at.space)) return false
    const sql = 'DELETE FROM orphan WHERE space = ? AND row = ? AND tbl = ? RETURNING 1 AS gone'
    return statements(sql).get(at.space, row, tableNumber(at)) !== undefined
  }

  /** Whether a write stands above the insert that made the row, which wrote all its cells. */
  const isAboveInsert = (id: Uint8Array, found: Base, stamp: Stamp): boolean => {
    const byTime = compareBytes(stamp.time.subarray(0, 6), id.subarray(0, 6))
    if (byTime !== 0) return byTime > 0
    const { counter } = history.change(found.change).header.time
    const time = new Uint8Array(8)
    time.set(id.subarray(0, 6))
    time[6] = counter >>> 8
    time[7] = counter
    const op = ((id[14] as number) << 8) | (id[15] as number)
    return compareStamps(history, stamp, { time, change: found.change, op }) > 0
  }

  /**
   * An upsert names only some columns, so that its place in the order counts for these alone: what it wrote moves into `cell` when the
   * column is first written again. (What it wrote as null is there from the start.)
   */
  const moveBase = (at: TablePlace, id: Uint8Array, column: StoredColumn, found: Base): Stamp | undefined => {
    const value = showing.read(at, id, column)
    if (value === null || !found.time) return undefined
    const stamp = { time: found.time, change: found.change, op: baseOp }
    cells.add(place(at, id, column), stamp, value)
    return stamp
  }

  const writePlain = (
    at: TablePlace,
    id: Uint8Array,
    column: CompiledColumn,
    stamp: Stamp,
    value: SqlValue,
    found: Base,
  ): void => {
    const cell = place(at, id, column)
    const newest = cells.newest(cell) ?? (found.time ? moveBase(at, id, column, found) : undefined)
    cells.add(cell, stamp, value)
    if (newest && compareStamps(history, newest, stamp) > 0) return
    if (found.time || isAboveInsert(id, found, stamp)) set(at, id, column, value)
  }

  /** What the insert put into a set, as an addition with the row's id; undefined where it lies in `cell` already. */
  const initialElements = (
    at: TablePlace,
    id: Uint8Array,
    column: StoredColumn,
    found: Base,
  ): CellWrite | undefined => {
    if (found.time || cells.has(placeOf(at, id, column), initialTime, baseOp)) return undefined
    const shown = showing.read(at, id, column) as string | null
    const added = JSON.parse(shown ?? '[]') as SetElement[]
    const value = setWriteToCell({ id, added, removed: [] })
    return { time: initialTime, change: found.change, op: baseOp, value }
  }
  /** It moves into `cell` when the set is first changed. */
  const moveInitialElements = (at: TablePlace, id: Uint8Array, column: StoredColumn, found: Base): void => {
    const initial = initialElements(at, id, column, found)
    if (initial) cells.add(place(at, id, column), initial, initial.value)
  }

  const updateCell = (
    at: TablePlace,
    id: Uint8Array,
    column: CompiledColumn,
    stamp: Stamp,
    opId: Uint8Array,
    value: CborValue,
  ): void => {
    const found = base(at, id)
    if (column.kind === undefined) {
      cells.add(place(at, id, undefined), stamp, null)
      if (!found) markOrphan(at, id)
      return
    }
    const cell = place(at, id, column)
    if (column.kind === 'set') {
      const [added, removed] = value as unknown as [SetElement[] | null, [SetElement, Uint8Array[]][]]
      if (found) moveInitialElements(at, id, column, found)
      cells.add(cell, stamp, setWriteToCell({ id: opId, added: added ?? [], removed }))
      if (found) showing.setChanged(at, id, column)
    } else if (column.kind === 'counter') {
      cells.add(cell, stamp, (value as number | null) ?? 0)
      if (found) showing.count(at, id, column, (value as number | null) ?? 0)
    } else if (found) writePlain(at, id, column, stamp, column.toSql(value), found)
    else cells.add(cell, stamp, column.toSql(value))
    if (!found) markOrphan(at, id)
  }

  /** The row of waiting cells has come: everything that was written to it takes its place. */
  const adopt = (at: TablePlace, id: Uint8Array, found: Base): void => {
    arrived.push({ space: at.space, id: id.slice() })
    adopted.add(at.space)
    for (const number of cells.columnsOf(at.space, id)) {
      if (number === tableNumber(at)) {
        showing.deletesChanged(at, id)
        continue
      }
      const named = registry.columnOf(number)
      if (named.column === '' || named.table !== at.table.id || named.app !== at.app) continue
      // Not only the columns that the insert's record has: a change that came before it may have been made under a newer one.
      const column = keyToColumn(named.column)
      const cell = place(at, id, column)
      if (column.kind === 'set') {
        moveInitialElements(at, id, column, found)
        showing.setChanged(at, id, column)
      } else if (column.kind === 'counter') {
        const sum = cells.all(cell).reduce((total, write) => total + BigInt(write.value as number), 0n)
        showing.count(at, id, column, BigInt.asIntN(64, sum))
      } else if (column.kind === 'richText') showText(at, id, column)
      else {
        const newest = cells.newest(cell)
        if (newest && (found.time || isAboveInsert(id, found, newest))) set(at, id, column, newest.value)
      }
    }
  }

  const insertBase = (
    at: TablePlace,
    { sql, columns, parameters }: InsertPlan,
    id: Uint8Array,
    stamp: Stamp,
    values: RowValues,
  ): void => {
    parameters[0] = at.space
    parameters[1] = id
    parameters[2] = stamp.change
    if (at.table.isKeyed) parameters[3] = stamp.time
    const system = at.table.isKeyed ? 4 : 3
    for (let index = 0; index < columns.length; index += 1) {
      const { column, at: place } = columns[index] as PlannedColumn
      parameters[system + index] = place < 0 ? null : column.toSql(values(place))
    }
    statements(sql).run(...parameters)
  }

  /** Of a keyed row's base, what a plain value in the app's table does not tell: additions to sets, and nulls. */
  const keepOfBase = (
    at: TablePlace,
    { columns }: InsertPlan,
    id: Uint8Array,
    stamp: Stamp,
    opId: Uint8Array,
    values: RowValues,
    isOrphan: boolean,
  ): void => {
    for (const { column, at: index } of columns) {
      if (index < 0 || column.kind === 'counter') continue
      const value = values(index)
      if (column.kind === 'set') {
        const added = (value as SetElement[] | null) ?? []
        cells.add(place(at, id, column), stamp, setWriteToCell({ id: opId, added, removed: [] }))
      } else if (value === null || isOrphan) cells.add(place(at, id, column), stamp, column.toSql(value))
    }
  }

  const writeDelete = (at: TablePlace, id: Uint8Array, stamp: Stamp, value: Uint8Array): void => {
    cells.add(place(at, id, undefined), stamp, value)
    if (base(at, id)) showing.deletesChanged(at, id)
    else markOrphan(at, id)
  }

  return {
    plan,
    base,
    insert: (at, planned, id, stamp, values) => {
      try {
        insertBase(at, planned, id, stamp, values)
      } catch (cause) {
        const found = base(at, id)
        if (!found || found.change === stamp.change) throw cause
        return insertedTwice(at, id.slice(), [found.change, stamp.change])
      }
      if (takeOrphan(at, id)) adopt(at, id, { change: stamp.change, time: undefined })
    },
    // Where something waits for rows, each has to be asked whether it is one of those.
    insertMany: (at, planned, many) => (withOrphans.has(at.space) ? 0 : bulkInsert(at, planned, many)),
    upsert: (at, planned, id, stamp, opId, values) => {
      if (!base(at, id)) {
        insertBase(at, planned, id, stamp, values)
        const isOrphan = takeOrphan(at, id)
        keepOfBase(at, planned, id, stamp, opId, values, isOrphan)
        if (isOrphan) adopt(at, id, { change: stamp.change, time: stamp.time })
        return
      }
      cells.add(place(at, id, undefined), stamp, upsertMark)
      for (const { column, at: index } of planned.columns) {
        if (index < 0 || at.table.key.some((key) => at.table.columns[key] === column)) continue
        const value = values(index)
        updateCell(at, id, column, stamp, opId, column.kind === 'set' ? [value, []] : value)
      }
    },
    update: (at, id, column, stamp, opId, value) =>
      updateCell(at, id, at.table.columns[column] as CompiledColumn, stamp, opId, value),
    delete: (at, id, stamp, opId) => writeDelete(at, id, stamp, deleteToCell(opId)),
    restore: (at, id, stamp, deletes) => writeDelete(at, id, stamp, restoreToCell(deletes)),
    show: (at, id, column, value) => {
      if (showing.isHere(at, id)) set(at, id, column, value)
      else markOrphan(at, id)
    },
    deletesOf: (at, id) => standingDeletes(cells.all(placeOf(at, id, undefined))),
    additionsOf: (at, id, column) => {
      const found = base(at, id)
      const initial = found && initialElements(at, id, column, found)
      const writes = cells.all(placeOf(at, id, column))
      return standingElements(initial ? [initial, ...writes] : writes)
    },
    expect: markOrphan,
    markMissing: (at, id) => {
      const here = cells.columnsOf(at.space, id).some((number) => {
        const { app, table } = registry.columnOf(number)
        return app === at.app && table === at.table.id
      })
      if (here) markOrphan(at, id)
      else takeOrphan(at, id)
    },
    isAboveBase: (id, found, stamp) => Boolean(found.time) || isAboveInsert(id, found, stamp),
    showing,
    takeArrived: () => {
      const taken = arrived
      if (taken.length > 0) arrived = []
      return taken
    },
    settle: () => {
      showing.settle()
      for (const space of adopted) {
        const left = statements('SELECT 1 AS found FROM orphan WHERE space = ? LIMIT 1').get(space)
        if (!left) withOrphans.delete(space)
      }
      adopted.clear()
    },
  }
}
