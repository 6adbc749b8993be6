import { type DataBody, opCodes } from '../change/index.ts'
import type { CompiledRecord, CompiledTable } from './compiled.ts'
import type { Registry } from './registry.ts'
import type { TablePlace } from './showing.ts'
import type { Statements } from './statements.ts'

/**
 * Two changes that insert one row. No honest device makes them: a row's id holds the change's time and random salt. A hostile one can,
 * and then author, fixed columns and values would be those of the change that came first. So both are held back, whatever order they
 * came in: a row that was inserted twice is not there. Whoever finds the second after the first took effect rebuilds the space.
 *
 * What takes part is settled by each change itself: those that membership allows and that are well-formed. Applied ones are found
 * by the key of the app's table; those that wait for a row, or that a rule refused because of a row, by their *claims*.
 */
export type Twins = {
  readonly found: (at: TablePlace, row: Uint8Array) => void
  /** Whether a change inserts a row that another inserts too. Also notes such rows as found. */
  readonly isTwin: (change: TwinInput) => boolean
  /** Notes the rows of a change that has no effect, but might have. */
  readonly claim: (change: TwinInput) => void
  /** Whether a twin was found since the last call: then the space has to be rebuilt. */
  readonly takeFound: (space: number) => boolean
  readonly cleared: (space: number) => void
}

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
  const fresh = new Set<number>()

  const tableNumber = (app: string, table: CompiledTable): number => registry.column(app, table.id, '')
  const note = (space: number, table: number, row: Uint8Array): void => {
    const sql = 'INSERT OR IGNORE INTO twin (space, tbl, row) VALUES (?, ?, ?) RETURNING 1 AS added'
    if (!statements(sql).get(space, table, row)) return
    withTwins.add(space)
    fresh.add(space)
  }

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
    found: ({ space, app, table }, row) => note(space, tableNumber(app, table), row),
    isTwin: (change) => {
      const space = change.space.n
      let isTwin = false
      if (withTwins.has(space)) {
        eachRow(change, (_table, number, row) => {
          isTwin ||=
            statements('SELECT 1 AS found FROM twin WHERE space = ? AND tbl = ? AND row = ?').get(
              space,
              number,
              row,
            ) !== undefined
        })
      }
      if (withClaims.has(space)) {
        eachRow(change, (_table, number, row) => {
          const other = statements(
            'SELECT 1 AS found FROM claim WHERE space = ? AND tbl = ? AND row = ? AND change <> ?',
          ).get(space, number, row, change.number)
          if (!other) return
          isTwin = true
          note(space, number, row)
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
        const other = statements(`SELECT 1 AS found FROM ${table.physical} WHERE "$space" = ? AND id = ?`).get(
          space,
          row,
        )
        if (other) note(space, number, row)
      })
    },
    takeFound: (space) => fresh.delete(space),
    cleared: (space) => {
      withClaims.delete(space)
    },
  }
}
