import type { SqlValue } from '../ports/index.ts'
import type { CompiledColumn, CompiledTable } from './compiled.ts'

/** How rows that name certain columns become SQL; made once for many rows. */
export type InsertPlan = {
  readonly sql: string
  readonly columns: readonly PlannedColumn[]
  /** Filled anew for each row, and read before the next: one array for a million rows. */
  readonly parameters: SqlValue[]
}
/** `at`: its place among the columns that the op names, -1 where it does not. */
export type PlannedColumn = { readonly column: CompiledColumn; readonly at: number }

/** Plans kept for each table: apps name the same few sets of columns over and over; a hostile one may name any. */
const keptMax = 64

/**
 * Plans by table of a record: one physical table has other positions, and in another's space even other types, under another record.
 * The SQL names all columns of the table, so that there are as many statements as tables, whatever a change names.
 */
export const createPlans = (): ((table: CompiledTable, columns: readonly number[]) => InsertPlan) => {
  const tables = new WeakMap<CompiledTable, Map<string, InsertPlan>>()
  return (table, columns) => {
    let plans = tables.get(table)
    if (!plans) tables.set(table, (plans = new Map<string, InsertPlan>()))
    const key = columns.join()
    let plan = plans.get(key)
    if (!plan) {
      if (plans.size >= keptMax) plans.clear()
      plans.set(key, (plan = createPlan(table, columns)))
    }
    return plan
  }
}

const createPlan = (table: CompiledTable, columns: readonly number[]): InsertPlan => {
  const places = new Map(columns.map((column, at) => [column, at]))
  const planned = table.columns
    .map((column, index) => ({ column, at: places.get(index) ?? -1 }))
    .filter(({ column }) => column.kind !== undefined)
  const system = table.isKeyed ? ['"$space"', 'id', '"$change"', '"$time"'] : ['"$space"', 'id', '"$change"']
  const names = [...system, ...planned.map(({ column }) => column.physical)]
  return {
    sql: `INSERT INTO ${table.physical} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
    columns: planned,
    parameters: names.map(() => null),
  }
}
