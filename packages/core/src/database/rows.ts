import { type CborValue, compareBytes } from '../bytes/index.ts'
import type { SqlValue } from '../ports/index.ts'
import {
  type Cells,
  type CellPlace,
  deleteToCell,
  restoreToCell,
  setWriteToCell,
  standingDeletes,
  standingElements,
} from './cells.ts'
import { elementsToSql, type SetElement } from '../schema/index.ts'
import type { CompiledColumn, CompiledTable } from './compiled.ts'
import type { History } from './history.ts'
import { compareStamps, type Stamp } from './order.ts'
import type { Registry } from './registry.ts'
import type { Statements } from './statements.ts'

/**
 * The showing state of rows, kept equal to what the total order of writes says. A row has one *base*: the insert (or, in a
 * keyed table, the upsert that arrived first). Only other writes are in `cell`.
 */
export type Rows = {
  readonly insert: (
    table: TablePlace,
    plan: InsertPlan,
    id: Uint8Array,
    stamp: Stamp,
    values: (column: number) => CborValue,
  ) => void
  readonly upsert: (
    table: TablePlace,
    plan: InsertPlan,
    id: Uint8Array,
    stamp: Stamp,
    opId: Uint8Array,
    values: (column: number) => CborValue,
  ) => void
  readonly update: (
    table: TablePlace,
    id: Uint8Array,
    column: number,
    stamp: Stamp,
    opId: Uint8Array,
    value: CborValue,
  ) => void
  readonly delete: (table: TablePlace, id: Uint8Array, stamp: Stamp, opId: Uint8Array) => void
  readonly restore: (table: TablePlace, id: Uint8Array, stamp: Stamp, deletes: readonly Uint8Array[]) => void
  /** Shows a text's plain text. */
  readonly show: (table: TablePlace, id: Uint8Array, column: CompiledColumn, value: SqlValue) => void
  /** Deletes of a row that stand, for a restore to name. */
  readonly deletesOf: (table: TablePlace, id: Uint8Array) => Uint8Array[]
  /** Additions that hold an element of a set, for a removal to name. */
  readonly additionsOf: (table: TablePlace, id: Uint8Array, column: CompiledColumn) => Map<SetElement, Uint8Array[]>
  readonly base: (table: TablePlace, id: Uint8Array) => Base | undefined
  readonly plan: (table: TablePlace, columns: readonly number[]) => InsertPlan
}

export type TablePlace = { readonly space: number; readonly app: string; readonly table: CompiledTable }

/** Number of the change that made the row and, in a keyed table, its time. */
export type Base = { readonly change: number; readonly time: Uint8Array | undefined }

/** How an insert of certain columns becomes SQL; made once for many rows. */
export type InsertPlan = { readonly sql: string; readonly columns: readonly PlannedColumn[] }
export type PlannedColumn = { readonly column: CompiledColumn /** Its place in the op. */; readonly at: number }

export type RowsInput = {
  readonly statements: Statements
  readonly registry: Registry
  readonly history: History
  readonly cells: Cells
  /** Ids of the columns that an upsert names, read from history. */
  readonly upsertedColumns: (change: number, tableId: string, row: Uint8Array) => readonly string[]
  /** Called when a row that texts waited for has come. */
  readonly showTexts: (table: TablePlace, id: Uint8Array) => void
}

export const createRows = ({ statements, registry, history, cells, upsertedColumns, showTexts }: RowsInput): Rows => {
  const plans = new Map<string, InsertPlan>()
  // Most spaces never have an orphan; then inserts need not look for one.
  const withOrphans = new Set(
    statements('SELECT DISTINCT space FROM orphan')
      .all()
      .map((row) => row.space as number),
  )

  const place = ({ space, app, table }: TablePlace, row: Uint8Array, column: string): CellPlace => ({
    space,
    row,
    column: registry.column(app, table.id, column),
  })
  const where = 'WHERE "$space" = ? AND id = ?'
  const base: Rows['base'] = ({ space, table }, id) => {
    const time = table.isKeyed ? ', "$time" AS time' : ''
    return statements(`SELECT "$change" AS change${time} FROM ${table.physical} ${where}`).get(space, id) as
      | Base
      | undefined
  }
  const set = ({ space, table }: TablePlace, id: Uint8Array, column: CompiledColumn, value: SqlValue): void =>
    statements(`UPDATE ${table.physical} SET ${column.physical} = ? ${where}`).run(value, space, id)
  const markOrphan = (space: number, row: Uint8Array): void => {
    withOrphans.add(space)
    statements('INSERT OR IGNORE INTO orphan (space, row) VALUES (?, ?)').run(space, row)
  }

  const plan: Rows['plan'] = ({ table }, columns) => {
    const key = `${table.physical}:${columns.map((column) => table.columns[column]?.id).join()}`
    const known = plans.get(key)
    // The same columns of another record are the same plan only if their types agree, and types never change under an id.
    if (known) return known
    const planned = columns
      .map((column, index) => ({ column: table.columns[column] as CompiledColumn, at: index }))
      .filter(({ column }) => column.kind !== undefined)
    const names = planned.map(({ column }) => column.physical)
    const system = table.isKeyed ? ['"$space"', 'id', '"$change"', '"$time"'] : ['"$space"', 'id', '"$change"']
    const all = [...system, ...names]
    const made = {
      sql: `INSERT INTO ${table.physical} (${all.join(', ')}) VALUES (${all.map(() => '?').join(', ')})`,
      columns: planned,
    }
    plans.set(key, made)
    return made
  }

  /** Whether a later write to the cell stands above the base's own. */
  const isAboveBase = (
    table: CompiledTable,
    id: Uint8Array,
    found: Base,
    stamp: Stamp,
    column: CompiledColumn,
  ): boolean => {
    const baseTime = found.time ?? id.subarray(0, 6)
    const byTime = compareBytes(stamp.time.subarray(0, baseTime.length), baseTime)
    if (byTime > 0) return true
    if (byTime === 0) {
      const change = history.change(found.change)
      const time = new Uint8Array(8)
      time.set(baseTime)
      time[6] = change.header.time.counter >>> 8
      time[7] = change.header.time.counter
      const op = table.isKeyed ? -1 : ((id[14] as number) << 8) | (id[15] as number)
      if (compareStamps(history, stamp, { time, change: found.change, op }) > 0) return true
    }
    // An insert writes all cells of its row; an upsert only those that it names.
    return table.isKeyed && !upsertedColumns(found.change, table.id, id).includes(column.id)
  }

  const writePlain = (
    at: TablePlace,
    id: Uint8Array,
    column: CompiledColumn,
    stamp: Stamp,
    value: SqlValue,
    found: Base,
  ): void => {
    const cell = place(at, id, column.id)
    const newest = cells.newest(cell)
    cells.add(cell, stamp, value)
    if (newest && compareStamps(history, newest, stamp) > 0) return
    if (isAboveBase(at.table, id, found, stamp, column)) set(at, id, column, value)
  }

  const showSet = (at: TablePlace, id: Uint8Array, column: CompiledColumn): void =>
    set(at, id, column, elementsToSql(standingElements(cells.all(place(at, id, column.id))).keys()))

  /** What the insert put into a set moves into `cell` when the set is first changed: the insert's addition has the row's id. */
  const moveInitialElements = (at: TablePlace, id: Uint8Array, column: CompiledColumn, found: Base): void => {
    const cell = place(at, id, column.id)
    if (at.table.isKeyed || cells.all(cell).some((write) => write.op === initialOp)) return
    const shown = statements(`SELECT ${column.physical} AS elements FROM ${at.table.physical} ${where}`).get(
      at.space,
      id,
    )
    const added = JSON.parse((shown?.elements as string | null) ?? '[]') as SetElement[]
    cells.add(
      cell,
      { time: new Uint8Array(8), change: found.change, op: initialOp },
      setWriteToCell({ id, added, removed: [] }),
    )
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
    if (column.kind === undefined) return
    const cell = place(at, id, column.id)
    if (column.kind === 'set') {
      const [added, removed] = value as unknown as [SetElement[], [SetElement, Uint8Array[]][]]
      if (found) moveInitialElements(at, id, column, found)
      cells.add(cell, stamp, setWriteToCell({ id: opId, added, removed }))
      if (found) showSet(at, id, column)
      else markOrphan(at.space, id)
      return
    }
    if (column.kind === 'counter') {
      cells.add(cell, stamp, value as number)
      if (found) {
        statements(
          `UPDATE ${at.table.physical} SET ${column.physical} = coalesce(${column.physical}, 0) + ? ${where}`,
        ).run(value as number, at.space, id)
      } else markOrphan(at.space, id)
      return
    }
    if (found) writePlain(at, id, column, stamp, column.toSql(value), found)
    else {
      cells.add(cell, stamp, column.toSql(value))
      markOrphan(at.space, id)
    }
  }

  const showHidden = (at: TablePlace, id: Uint8Array): void => {
    const hidden = standingDeletes(cells.all(place(at, id, ''))).length > 0 ? 1 : 0
    statements(`UPDATE ${at.table.physical} SET "$hidden" = ? ${where}`).run(hidden, at.space, id)
  }

  /** The row of waiting cells has come: everything that was written to it takes its place. */
  const adopt = (at: TablePlace, id: Uint8Array, found: Base): void => {
    const gone = statements('DELETE FROM orphan WHERE space = ? AND row = ? RETURNING 1 AS gone').get(at.space, id)
    if (!gone) return
    const written = new Set(cells.columnsOf(at.space, id))
    if (written.has(registry.column(at.app, at.table.id, ''))) showHidden(at, id)
    for (const column of at.table.columns) {
      const cell = place(at, id, column.id)
      if (!written.has(cell.column)) continue
      if (column.kind === 'set') {
        moveInitialElements(at, id, column, found)
        showSet(at, id, column)
      } else if (column.kind === 'counter') {
        const sum = cells.all(cell).reduce((total, write) => total + BigInt(write.value as number), 0n)
        statements(
          `UPDATE ${at.table.physical} SET ${column.physical} = coalesce(${column.physical}, 0) + ? ${where}`,
        ).run(sum, at.space, id)
      } else if (column.kind === 'richText') showTexts(at, id)
      else {
        const newest = cells.newest(cell)
        if (newest && isAboveBase(at.table, id, found, newest, column)) set(at, id, column, newest.value)
      }
    }
  }

  const insertBase = (
    at: TablePlace,
    { sql, columns }: InsertPlan,
    id: Uint8Array,
    stamp: Stamp,
    values: (column: number) => CborValue,
  ): void => {
    const system = at.table.isKeyed ? 4 : 3
    const parameters = new Array<SqlValue>(system + columns.length)
    parameters[0] = at.space
    parameters[1] = id
    parameters[2] = stamp.change
    if (at.table.isKeyed) parameters[3] = stamp.time
    for (let index = 0; index < columns.length; index += 1) {
      const planned = columns[index] as PlannedColumn
      parameters[system + index] = planned.column.toSql(values(planned.at))
    }
    statements(sql).run(...parameters)
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
        // One device made two inserts of one id, which honest ones never do: their cells merge like any writes.
        for (const { column, at: place } of planned.columns) {
          if (column.kind !== 'set' && column.kind !== 'counter')
            writePlain(at, id, column, stamp, column.toSql(values(place)), found)
        }
        return
      }
      if (withOrphans.has(at.space)) adopt(at, id, { change: stamp.change, time: undefined })
    },
    upsert: (at, planned, id, stamp, opId, values) => {
      const found = base(at, id)
      if (!found) {
        insertBase(at, planned, id, stamp, values)
        for (const { column, at: index } of planned.columns) {
          if (column.kind === 'set')
            cells.add(
              place(at, id, column.id),
              stamp,
              setWriteToCell({ id: opId, added: values(index) as SetElement[], removed: [] }),
            )
        }
        if (withOrphans.has(at.space)) adopt(at, id, { change: stamp.change, time: stamp.time })
        return
      }
      for (const { column, at: index } of planned.columns) {
        const value = values(index)
        if (at.table.key.some((key) => at.table.columns[key]?.id === column.id)) continue
        updateCell(at, id, column, stamp, opId, column.kind === 'set' ? [value, []] : value)
      }
    },
    update: (at, id, column, stamp, opId, value) =>
      updateCell(at, id, at.table.columns[column] as CompiledColumn, stamp, opId, value),
    delete: (at, id, stamp, opId) => {
      cells.add(place(at, id, ''), stamp, deleteToCell(opId))
      if (base(at, id)) showHidden(at, id)
      else markOrphan(at.space, id)
    },
    restore: (at, id, stamp, deletes) => {
      cells.add(place(at, id, ''), stamp, restoreToCell(deletes))
      if (base(at, id)) showHidden(at, id)
      else markOrphan(at.space, id)
    },
    show: (at, id, column, value) => {
      if (base(at, id)) set(at, id, column, value)
      else markOrphan(at.space, id)
    },
    deletesOf: (at, id) => standingDeletes(cells.all(place(at, id, ''))),
    additionsOf: (at, id, column) => {
      const found = base(at, id)
      if (found) moveInitialElements(at, id, column, found)
      return standingElements(cells.all(place(at, id, column.id)))
    },
  }
}

/** Marks what an insert put into a set, moved into `cell`: it is no op of its own. */
const initialOp = -1
