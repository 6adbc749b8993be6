import { type DataBody, opCodes } from '../change/index.ts'
import { type CompiledRecord, type CompiledTable, tableToPhysical } from './compiled.ts'
import type { Registry } from './registry.ts'
import type { TablePlace } from './showing.ts'
import type { Statements } from './statements.ts'

/**
 * Two changes that insert one row. No honest device makes them: a row's id holds the change's time and random salt. A hostile one can,
 * and then author, fixed columns and values would be those of the change that came first. So both are held back, whatever order they
 * came in: a row that was inserted twice is not there. Those that took effect before the second was found are judged again.
 *
 * What takes part is settled by each change itself: those that membership allows and that are well-formed. Applied ones are found
 * by the key of the app's table; those that wait for a row, or that a rule refused because of a row, by their *claims*.
 */
export type Twins = {
  readonly found: (at: TablePlace, row: Uint8Array, changes: readonly number[]) => void
  /** Whether a change inserts a row that another inserts too. Also notes such rows as found. */
  readonly isTwin: (change: TwinInput) => boolean
  /** Notes the rows of a change that has no effect, but might have. */
  readonly claim: (change: TwinInput) => void
  /** The changes that were found since the last call to be twins: they have to be judged again. */
  readonly takeFound: (space: number) => number[]
  /** A change takes part no longer: its claims go. Returns those of its rows that another change inserts too. */
  readonly release: (space: number, change: number) => TwinRow[]
  /** Looks again whether two changes insert a row. If not, the one that is left, if any, has to be judged again: its number. */
  readonly recheck: (space: number, row: TwinRow) => number | undefined
  /** All of a space was deleted. */
  readonly cleared: (space: number) => void
}

export type TwinRow = { readonly table: number; readonly row: Uint8Array }

export type TwinInput = {
  readonly space: { readonly n: number }
  readonly number: number
  readonly record: CompiledRecord
  readonly body: DataBody
  readonly opId: (index: number) => Uint8Array
}

export const createTwins = (statements: Statements, registry: Registry): Twins => {
  const spacesWith = (table: 'twin' | 'claim') =>
    new Set(
      statements(`SELECT DISTINCT space FROM ${table}`)
        .all()
        .map((row) => row.space as number),
    )
  const withTwins = spacesWith('twin')
  const withClaims = spacesWith('claim')
  const fresh = new Map<number, Set<number>>()

  const tableNumber = (app: string, table: CompiledTable): number => registry.column(app, table.id, '')
  const note = (space: number, table: number, row: Uint8Array, changes: readonly number[]): void => {
    statements('INSERT OR IGNORE INTO twin (space, tbl, row) VALUES (?, ?, ?)').run(space, table, row)
    withTwins.add(space)
    let found = fresh.get(space)
    if (!found) fresh.set(space, (found = new Set()))
    for (const change of changes) found.add(change)
  }
  const isMarked = (space: number, table: number, row: Uint8Array): boolean =>
    statements('SELECT 1 AS found FROM twin WHERE space = ? AND tbl = ? AND row = ?').get(space, table, row) !==
    undefined
  const claimants = (space: number, table: number, row: Uint8Array): number[] =>
    statements('SELECT change FROM claim WHERE space = ? AND tbl = ? AND row = ?')
      .all(space, table, row)
      .map((found) => found.change as number)
  const inserterOf = (space: number, physical: string, row: Uint8Array): number | undefined =>
    statements(`SELECT "$change" AS change FROM ${physical} WHERE "$space" = ? AND id = ?`).get(space, row)?.change as
      | number
      | undefined

  /** Calls `see` for each row that a change inserts into a table that has no key. */
  const eachRow = (
    { record, body, opId }: TwinInput,
    see: (table: CompiledTable, number: number, row: Uint8Array) => void,
  ): void => {
    for (const [at, op] of body.ops.entries()) {
      if (op[0] !== opCodes.insert) continue
      const table = record.tables[op[1]]
      if (!table || table.isKeyed) continue
      const number = tableNumber(record.app, table)
      const start = body.starts[at] as number
      for (let row = 0; row < op[3]; row += 1) see(table, number, opId(start + row))
    }
  }

  return {
    found: ({ space, app, table }, row, changes) => note(space, tableNumber(app, table), row, changes),
    isTwin: (change) => {
      const space = change.space.n
      let isTwin = false
      if (withTwins.has(space)) {
        eachRow(change, (_table, number, row) => {
          isTwin ||= isMarked(space, number, row)
        })
      }
      if (withClaims.has(space)) {
        eachRow(change, (_table, number, row) => {
          const others = claimants(space, number, row).filter((other) => other !== change.number)
          if (others.length === 0) return
          isTwin = true
          if (!isMarked(space, number, row)) note(space, number, row, others)
        })
      }
      return isTwin
    },
    claim: (change) => {
      const space = change.space.n
      withClaims.add(space)
      eachRow(change, (table, number, row) => {
        statements('INSERT OR IGNORE INTO claim (space, tbl, row, change) VALUES (?, ?, ?, ?)').run(
          space,
          number,
          row,
          change.number,
        )
        const other = inserterOf(space, table.physical, row)
        if (other !== undefined) note(space, number, row, [other, change.number])
      })
    },
    takeFound: (space) => {
      const found = fresh.get(space)
      fresh.delete(space)
      return found ? [...found] : []
    },
    release: (space, change) => {
      if (!withClaims.has(space)) return []
      return statements('DELETE FROM claim WHERE change = ? RETURNING tbl, row')
        .all(change)
        .map((gone): TwinRow => ({ table: gone.tbl as number, row: gone.row as Uint8Array }))
        .filter(({ table, row }) => isMarked(space, table, row))
    },
    recheck: (space, { table, row }) => {
      const { app, table: id } = registry.columnOf(table)
      const inserter = inserterOf(space, tableToPhysical(app, id), row)
      const inserters = new Set([...claimants(space, table, row), ...(inserter === undefined ? [] : [inserter])])
      if (inserters.size > 1) return undefined
      statements('DELETE FROM twin WHERE space = ? AND tbl = ? AND row = ?').run(space, table, row)
      return [...inserters][0]
    },
    cleared: (space) => {
      withTwins.delete(space)
      withClaims.delete(space)
      fresh.delete(space)
    },
  }
}
