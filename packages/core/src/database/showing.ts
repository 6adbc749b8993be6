import { toHex } from '../bytes/index.ts'
import type { SqlValue } from '../ports/index.ts'
import { elementsToSql } from '../schema/index.ts'
import { type CellPlace, type Cells, standingDeletes, standingElements } from './cells.ts'
import type { CompiledTable, StoredColumn, StoredTable } from './compiled.ts'
import type { Registry } from './registry.ts'
import type { Statements } from './statements.ts'

export type StoredPlace = { readonly space: number; readonly app: string; readonly table: StoredTable }
export type TablePlace = StoredPlace & { readonly table: CompiledTable }

/** Number of the change that made the row and, in a keyed table, its time. */
export type Base = { readonly change: number; readonly time: Uint8Array | null | undefined }

/** What apps see of a row, written into the app's table. */
export type Showing = {
  readonly base: (at: TablePlace, id: Uint8Array) => Base | undefined
  readonly isHere: (at: StoredPlace, id: Uint8Array) => boolean
  readonly read: (at: StoredPlace, id: Uint8Array, column: StoredColumn) => SqlValue
  readonly set: (at: StoredPlace, id: Uint8Array, column: StoredColumn, value: SqlValue) => void
  /** Adds to a counter, modulo 2^64: a sum that does not depend on the order. Queries clamp what they show to safe integers. */
  readonly count: (at: StoredPlace, id: Uint8Array, column: StoredColumn, by: number | bigint) => void
  /** A set has changed: shown by `settle`, once for all writes of a transaction, for each reading takes them all. */
  readonly setChanged: (at: StoredPlace, id: Uint8Array, column: StoredColumn) => void
  /** A row was deleted or restored: the same. */
  readonly deletesChanged: (at: StoredPlace, id: Uint8Array) => void
  readonly settle: () => void
  /** The cell of a column, or of the row itself, to be written. */
  readonly place: (at: StoredPlace, id: Uint8Array, column: StoredColumn | undefined) => CellPlace
  /** The same, to be read: also outside a transaction. */
  readonly placeOf: (at: StoredPlace, id: Uint8Array, column: StoredColumn | undefined) => CellPlace
}

type Changed = { readonly at: StoredPlace; readonly id: Uint8Array; readonly column: StoredColumn | undefined }

export const createShowing = (statements: Statements, registry: Registry, cells: Cells): Showing => {
  const changed = new Map<string, Changed>()
  const where = 'WHERE "$space" = ? AND id = ?'

  const place: Showing['place'] = ({ space, app, table }, row, column) => ({
    space,
    row,
    column: registry.column(app, table.id, column?.key ?? ''),
  })
  const placeOf: Showing['placeOf'] = ({ space, app, table }, row, column) => ({
    space,
    row,
    column: registry.writtenColumn(app, table.id, column?.key ?? ''),
  })
  const set: Showing['set'] = ({ space, table }, id, column, value) =>
    statements(`UPDATE ${table.physical} SET ${column.physical} = ? ${where}`).run(value, space, id)
  /** Ids may be views of a buffer that serves many rows. */
  const note = (at: StoredPlace, id: Uint8Array, column: StoredColumn | undefined): void => {
    changed.set(`${at.space}/${at.table.physical}/${column?.physical ?? ''}/${toHex(id)}`, {
      at,
      id: id.slice(),
      column,
    })
  }

  return {
    place,
    placeOf,
    set,
    base: ({ space, table }, id) =>
      statements(
        `SELECT "$change" AS change${table.isKeyed ? ', "$time" AS time' : ''} FROM ${table.physical} ${where}`,
      ).get(space, id) as Base | undefined,
    isHere: ({ space, table }, id) =>
      statements(`SELECT 1 AS found FROM ${table.physical} ${where}`).get(space, id) !== undefined,
    read: ({ space, table }, id, column) =>
      statements(`SELECT ${column.physical} AS value FROM ${table.physical} ${where}`).get(space, id)?.value ?? null,
    count: ({ space, table }, id, { physical }, by) =>
      statements(
        `UPDATE ${table.physical} SET ${physical} = ${wrappingSum(physical)} WHERE "$space" = ?2 AND id = ?3`,
      ).run(by, space, id),
    setChanged: (at, id, column) => note(at, id, column),
    deletesChanged: (at, id) => note(at, id, undefined),
    settle: () => {
      for (const { at, id, column } of changed.values()) {
        if (column) {
          const writes = cells.all(place(at, id, column))
          // None: they were taken back since, and what the insert wrote shows again.
          if (writes.length > 0) set(at, id, column, elementsToSql(standingElements(writes).keys()))
          continue
        }
        const hidden = standingDeletes(cells.all(place(at, id, undefined))).length > 0 ? 1 : 0
        statements(`UPDATE ${at.table.physical} SET "$hidden" = ? ${where}`).run(hidden, at.space, id)
      }
      changed.clear()
    },
  }
}

/**
 * `?1` added to a counter as a 64-bit integer that wraps around. SQLite's own sum turns into a float where it passes 64 bits, and
 * then no sum of the same deltas is like another; a parameter may come as a float already (node:sqlite), so it is cast.
 */
const wrappingSum = (column: string): string => {
  const sum = `coalesce(${column}, 0)`
  const by = 'CAST(?1 AS INTEGER)'
  const [least, greatest] = ['(-9223372036854775807 - 1)', '9223372036854775807']
  return (
    `CASE WHEN ${by} > 0 AND ${sum} > ${greatest} - ${by} THEN ((${sum} + ${least}) + ${by}) + ${least} ` +
    `WHEN ${by} < 0 AND ${sum} < ${least} - ${by} THEN ((${sum} - ${least}) + ${by}) - ${least} ` +
    `ELSE ${sum} + ${by} END`
  )
}
