import { decodeCbor, encodeCbor, toHex } from '../bytes/index.ts'
import type { SqlValue } from '../ports/index.ts'
import type { SetElement } from '../schema/index.ts'
import type { History } from './history.ts'
import { compareStamps, type Stamp } from './order.ts'
import type { Statements } from './statements.ts'

/** One cell of one row. Column '' of a table (see `Registry.column`) is the row itself. */
export type CellPlace = { readonly space: number; readonly row: Uint8Array; readonly column: number }
export type CellWrite = Stamp & { readonly value: SqlValue }

/** The writes to cells, besides those of the insert that made the row. */
export type Cells = {
  readonly add: (place: CellPlace, stamp: Stamp, value: SqlValue) => void
  readonly all: (place: CellPlace) => CellWrite[]
  /** The last write in the total order. */
  readonly newest: (place: CellPlace) => CellWrite | undefined
  /** Whether a write with this time and op index is here. */
  readonly has: (place: CellPlace, time: Uint8Array, op: number) => boolean
  /** Columns of a row that have writes here. */
  readonly columnsOf: (space: number, row: Uint8Array) => number[]
  /** Changes that have writes here to a row. */
  readonly writersOf: (space: number, row: Uint8Array) => number[]
  /** Takes away what one change of this time wrote to a cell. */
  readonly remove: (place: CellPlace, time: Uint8Array, change: number) => void
  /** The same for one op of it. */
  readonly removeOp: (place: CellPlace, stamp: Stamp) => void
  /** Takes away all that one change wrote to a row. */
  readonly removeAll: (space: number, row: Uint8Array, change: number) => void
}

export const createCells = (statements: Statements, history: History): Cells => {
  const where = 'WHERE space = ? AND row = ? AND col = ?'
  const from = `FROM cell ${where}`
  const select = `SELECT time, change, op, value ${from}`
  return {
    add: ({ space, row, column }, { time, change, op }, value) =>
      statements(
        'INSERT OR IGNORE INTO cell (space, row, col, time, change, op, value) VALUES (?, ?, ?, ?, ?, ?, ?)',
      ).run(space, row, column, time, change, op, value),
    all: ({ space, row, column }) => statements(select).all(space, row, column) as unknown as CellWrite[],
    newest: ({ space, row, column }) => {
      // Writes of one and the same time are rare; all of them are compared, whatever order SQLite has them in.
      const latest = statements(`${select} AND time = (SELECT max(time) ${from})`).all(
        space,
        row,
        column,
        space,
        row,
        column,
      ) as unknown as CellWrite[]
      return latest.reduce<CellWrite | undefined>(
        (best, write) => (best && compareStamps(history, best, write) > 0 ? best : write),
        undefined,
      )
    },
    has: ({ space, row, column }, time, op) =>
      statements(`SELECT 1 AS found ${from} AND time = ? AND op = ? LIMIT 1`).get(space, row, column, time, op) !==
      undefined,
    columnsOf: (space, row) =>
      statements('SELECT DISTINCT col FROM cell WHERE space = ? AND row = ?')
        .all(space, row)
        .map((found) => found.col as number),
    writersOf: (space, row) =>
      statements('SELECT DISTINCT change FROM cell WHERE space = ? AND row = ?')
        .all(space, row)
        .map((found) => found.change as number),
    remove: ({ space, row, column }, time, change) =>
      statements(`DELETE ${from} AND time = ? AND change = ?`).run(space, row, column, time, change),
    removeOp: ({ space, row, column }, { time, change, op }) =>
      statements(`DELETE ${from} AND time = ? AND change = ? AND op = ?`).run(space, row, column, time, change, op),
    removeAll: (space, row, change) =>
      statements('DELETE FROM cell WHERE space = ? AND row = ? AND change = ?').run(space, row, change),
  }
}

/**
 * Besides deletes and restores, column '' holds what else wrote to a row and would leave no trace: upserts of a row that is here already (an empty
 * value), and updates of columns that this version does not know (null). Who takes a change back has to know of both.
 */
export const upsertMark = new Uint8Array(0)
export const isUpsertMark = (value: SqlValue): boolean => value instanceof Uint8Array && value.length === 0

/** A delete or a restore of a row, as the cell of the row's column '' holds it. */
export const deleteToCell = (deleteId: Uint8Array): Uint8Array => deleteId
export const restoreToCell = (deletes: readonly Uint8Array[]): Uint8Array => encodeCbor([...deletes])

const deleteIdLength = 16

/** Ids of the deletes that no known restore names: a row is hidden while there is one. */
export const standingDeletes = (writes: readonly CellWrite[]): Uint8Array[] => {
  const restored = new Set<string>()
  const deletes: Uint8Array[] = []
  for (const { value } of writes) {
    if (value === null || isUpsertMark(value)) continue
    const bytes = value as Uint8Array
    if (bytes.length === deleteIdLength) deletes.push(bytes)
    else for (const id of decodeCbor(bytes) as Uint8Array[]) restored.add(toHex(id))
  }
  return deletes.filter((id) => !restored.has(toHex(id)))
}

/** One write to a set: what it adds, under the write's own id, and which additions it removes. */
export type SetWrite = {
  readonly id: Uint8Array
  readonly added: readonly SetElement[]
  readonly removed: readonly (readonly [SetElement, readonly Uint8Array[]])[]
}

export const setWriteToCell = ({ id, added, removed }: SetWrite): Uint8Array => encodeCbor([id, added, removed])

const cellToSetWrite = (value: SqlValue): SetWrite => {
  const [id, added, removed] = decodeCbor(value as Uint8Array) as unknown as [
    Uint8Array,
    SetElement[],
    SetWrite['removed'],
  ]
  return { id, added, removed }
}

/** The elements that stand, each with the ids of the additions that hold it: an addition counts unless a removal names it. */
export const standingElements = (writes: readonly CellWrite[]): Map<SetElement, Uint8Array[]> => {
  const parsed = writes.map(({ value }) => cellToSetWrite(value))
  const elementName = (element: SetElement, id: Uint8Array): string => `${typeof element}/${element}/${toHex(id)}`
  const gone = new Set<string>()
  for (const { removed } of parsed) {
    for (const [element, ids] of removed) for (const id of ids) gone.add(elementName(element, id))
  }
  const standing = new Map<SetElement, Uint8Array[]>()
  for (const { id, added } of parsed) {
    for (const element of added) {
      if (gone.has(elementName(element, id))) continue
      const ids = standing.get(element)
      if (ids) ids.push(id)
      else standing.set(element, [id])
    }
  }
  return standing
}
