import { KithError } from '@kith/core/bytes'
import type { App, ColumnSpec } from '@kith/core/schema'
import type { Space } from '@kith/core/space'
import type { DataRow, DataTables } from './data-file.ts'
import { ownIdColumn } from './infer-app.ts'

/** Rows in one change: all of a chunk is in the space, or none. */
const chunkRows = 1000

/** The writes of a transaction without the types of one app. */
type Writer = {
  readonly insert: (row: object) => string
  readonly upsert: (row: object) => string
  readonly update: (id: string, values: object) => void
}
type Later = {
  readonly table: string
  readonly id: string
  readonly column: string
  readonly target: string
  readonly fileId: unknown
}

/** Tables in an order in which references find their rows, and which column goes where. */
export type ImportPlan = readonly TablePlan[]

/**
 * All that can be known before anything is written.
 *
 * @throws KithError `bad-schema` (a table or column is not in the app), `dangling-reference` (a row that is named is not in the file).
 */
export const planImport = (app: App, data: DataTables): ImportPlan => {
  const plans = orderTables([...data].map(([name, rows]) => planTable(app, name, rows)))
  const numbers = new Map(plans.map(({ name, rows }) => [name, new Set(rows.map((row) => row[ownIdColumn(name)]))]))
  for (const { name, columns, rows } of plans) {
    for (const { from, spec } of columns.filter((column) => column.spec.kind === 'ref')) {
      const known = numbers.get(spec.target ?? '')
      for (const row of rows) {
        const fileId = row[from] ?? null
        if (fileId !== null && known?.has(fileId) !== true) throw dangling(name, from, spec.target ?? '', fileId)
      }
    }
  }
  return plans
}

/**
 * Writes the file's rows into the space; a reference to a row that comes later is null at first. Resolves with the number
 * of rows.
 *
 * @throws KithError `bad-value` where a value does not fit its column: the chunks before it are in the space.
 */
export const loadRows = async (space: Space<App>, plans: ImportPlan): Promise<number> => {
  const ids = new Map<string, Map<unknown, string>>(plans.map((plan) => [plan.name, new Map()]))
  const later: Later[] = []
  let rows = 0
  const transact = async <T>(
    items: readonly T[],
    write: (writer: (table: string) => Writer, item: T) => void,
  ): Promise<void> => {
    for (let start = 0; start < items.length; start += chunkRows) {
      await space.transact((tx) => {
        for (const item of items.slice(start, start + chunkRows)) write((table) => tx[table] as unknown as Writer, item)
      })
    }
  }
  for (const plan of plans) {
    const known = ids.get(plan.name)
    await transact(plan.rows, (writer, row) => {
      const { values, waiting } = convertRow(plan, row, ids)
      const id = plan.isKeyed ? writer(plan.name).upsert(values) : writer(plan.name).insert(values)
      const fileId = row[ownIdColumn(plan.name)]
      if (fileId !== undefined && fileId !== null) known?.set(fileId, id)
      for (const reference of waiting) later.push({ table: plan.name, id, ...reference })
    })
    rows += plan.rows.length
  }
  await transact(later, (writer, { table, id, column, target, fileId }) => {
    const found = ids.get(target)?.get(fileId)
    if (found === undefined) throw dangling(table, column, target, fileId)
    writer(table).update(id, { [column]: found })
  })
  return rows
}

type ColumnPlan = { readonly from: string; readonly to: string; readonly spec: ColumnSpec }
type TablePlan = {
  readonly name: string
  readonly rows: readonly DataRow[]
  readonly columns: readonly ColumnPlan[]
  readonly isKeyed: boolean
}

const planTable = (app: App, name: string, rows: readonly DataRow[]): TablePlan => {
  const declared = Object.hasOwn(app.tables, name) ? app.tables[name] : undefined
  if (declared === undefined) throw new KithError('bad-schema', `The schema has no table "${name}".`)
  const own = ownIdColumn(name)
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].flatMap((from): ColumnPlan[] => {
    const to = findColumn(Object.keys(declared.columns), from)
    const spec = to === undefined ? undefined : declared.columns[to]?.spec
    if (to !== undefined && spec !== undefined) return [{ from, to, spec }]
    if (from === own) return []
    throw new KithError('bad-schema', `The schema has no column for "${name}.${from}".`)
  })
  return { name, rows, columns, isKeyed: (declared.options.key ?? []).length > 0 }
}

/** `Title` is `title`, and `ArtistId` may be `artist`. */
const findColumn = (columns: readonly string[], from: string): string | undefined => {
  const wanted = [from, from.toLowerCase(), from.toLowerCase().replace(/id$/, '')]
  return columns.find((column) => column === from) ?? columns.find((column) => wanted.includes(column.toLowerCase()))
}

const convertRow = (plan: TablePlan, row: DataRow, ids: ReadonlyMap<string, ReadonlyMap<unknown, string>>) => {
  const values: Record<string, unknown> = {}
  const waiting: { column: string; target: string; fileId: unknown }[] = []
  for (const { from, to, spec } of plan.columns) {
    const value = row[from] ?? null
    if (value === null) {
      // What is not in the file has its default, or is refused as missing.
      if (spec.isOptional === true) values[to] = null
    } else if (spec.kind === 'ref') {
      const found = ids.get(spec.target ?? '')?.get(value)
      if (found !== undefined) values[to] = found
      else if (spec.isOptional === true && spec.isFixed !== true) {
        values[to] = null
        waiting.push({ column: to, target: spec.target ?? '', fileId: value })
      } else throw dangling(plan.name, from, spec.target ?? '', value)
    } else if (spec.kind === 'time') {
      values[to] = toDate(value)
    } else {
      values[to] = value
    }
  }
  return { values, waiting }
}

const toDate = (value: unknown): unknown =>
  typeof value === 'string'
    ? new Date(/(Z|[+-]\d\d:\d\d)$/.test(value) || !value.includes('T') ? value : `${value}Z`)
    : value

/** Referenced tables first; where they go in circles, in the file's order. */
const orderTables = (plans: readonly TablePlan[]): TablePlan[] => {
  const ordered: TablePlan[] = []
  const visited = new Set<string>()
  const visit = (plan: TablePlan): void => {
    if (visited.has(plan.name)) return
    visited.add(plan.name)
    for (const { spec } of plan.columns) {
      const target = plans.find((other) => spec.kind === 'ref' && other.name === spec.target)
      if (target !== undefined) visit(target)
    }
    ordered.push(plan)
  }
  plans.forEach(visit)
  return ordered
}

const dangling = (table: string, column: string, target: string, fileId: unknown): KithError =>
  new KithError(
    'dangling-reference',
    `${table}.${column} names ${target} ${JSON.stringify(fileId)}, which is not in the file.`,
  )
