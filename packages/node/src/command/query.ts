import { parseArgs } from 'node:util'
import { KithError } from '@kith/core/bytes'
import type { App, ColumnSpec, Table } from '@kith/core/schema'
import type { Space } from '@kith/core/space'
import { parseCondition } from './condition.ts'
import { findSpace, openSpace, withFolder } from './folder.ts'
import { type Command, UsageError } from './output.ts'
import { formatTable } from './text-table.ts'

type Row = Record<string, unknown>

/** `kith query`: rows of one table, or the list of tables. Reads only, offline. */
export const runQuery: Command = async (parameters, output) => {
  const { values, positionals } = parseArgs({
    args: parameters,
    allowPositionals: true,
    options: {
      where: { type: 'string', multiple: true, default: [] },
      columns: { type: 'string' },
      sort: { type: 'string' },
      descending: { type: 'boolean', default: false },
      limit: { type: 'string', default: '20' },
      json: { type: 'boolean', default: false },
    },
  })
  const [folder, wanted, tableName, ...more] = positionals
  if (folder === undefined || wanted === undefined || more.length > 0)
    throw new UsageError('Say: kith query DIR SPACE [TABLE].')
  if (!/^\d{1,9}$/.test(values.limit)) throw new UsageError(`"${values.limit}" is no limit.`)

  const rows = await withFolder(folder, async (kith): Promise<Row[]> => {
    const { app, space } = await openSpace(kith, folder, await findSpace(kith, wanted))
    if (tableName === undefined) return countRows(app, space)
    const declared = Object.hasOwn(app.tables, tableName) ? app.tables[tableName] : undefined
    if (!declared)
      throw new KithError('not-found', `There is no table "${tableName}". Here: ${Object.keys(app.tables).join(', ')}.`)
    return readRows(space, tableName, columnsOf(declared), { ...values, limit: Number(values.limit) })
  })
  if (values.json) rows.forEach((row) => output.print(JSON.stringify(row)))
  else output.print(formatTable(rows, output.columns))
  return 0
}

type Wishes = {
  readonly where: readonly string[]
  readonly columns?: string | undefined
  readonly sort?: string | undefined
  readonly descending: boolean
  readonly limit: number
}

const readRows = (
  space: Space<App>,
  table: string,
  columns: Record<string, ColumnSpec>,
  wishes: Wishes,
): Promise<Row[]> => {
  const check = (name: string): string => {
    if (Object.hasOwn(columns, name)) return name
    throw new KithError('not-found', `There is no column "${name}". Here: ${Object.keys(columns).join(', ')}.`)
  }
  const conditions = wishes.where.map((word) => parseCondition(word, columns))
  const shown = wishes.columns?.split(',').map(check) ?? Object.keys(columns)
  const sort = check(wishes.sort ?? 'id')
  return space.query((query) => {
    let built = query.selectFrom(table).select(shown as 'id'[])
    for (const { column, operator, value } of conditions) {
      built =
        operator === 'contains'
          ? built.where((of) =>
              of(of.fn('instr', [of.fn('lower', [column as 'id']), of.fn('lower', [of.val(value)])]), '>', 0),
            )
          : built.where(column as 'id', operator, value as string)
    }
    return built.orderBy(sort as 'id', wishes.descending ? 'desc' : 'asc').limit(wishes.limit)
  })
}

const countRows = async (app: App, space: Space<App>): Promise<Row[]> => {
  const counts: Row[] = []
  for (const table of Object.keys(app.tables)) {
    const [row] = await space.query((query) =>
      query.selectFrom(table).select((of) => of.fn.countAll<number>().as('rows')),
    )
    counts.push({ table, rows: row?.rows ?? 0 })
  }
  return counts
}

const columnsOf = (table: Table): Record<string, ColumnSpec> => ({
  id: { kind: 'text' },
  ...Object.fromEntries(Object.entries(table.columns).map(([name, column]) => [name, column.spec])),
})
