import type { App } from '@kith/core'
import { lensesOf, type Lens, type Table, writeThroughLenses } from '@kith/core/schema'
import { columnsToData } from '../port/app-data.ts'
import { newRowName, type Step } from '../port/steps.ts'
import type { QueryNode } from '../worker/query.ts'
import type { ToQueryNode } from './query.ts'

type Values = Readonly<Record<string, unknown>>
type Ask = (node: QueryNode) => Promise<object[]>

/** Whether a step writes what a lens of the page has to see. */
export const concernsLens = (app: App, { table, verb }: Step): boolean =>
  verb !== 'delete' && verb !== 'restore' && lensesOf(app.tables[table] ?? noTable).length > 0

/**
 * Steps of one transaction with what older versions of the app are to read: lenses are functions and cannot go to the worker. Newer columns that
 * a step leaves as they are come along by name (`kept`), and the worker writes them only where it has to.
 */
export const throughLenses = async (
  app: App,
  toNode: ToQueryNode,
  transaction: string,
  steps: readonly Step[],
  ask: Ask,
): Promise<readonly Step[]> => {
  const known = new Map<string, Values>()
  const through: Step[] = []
  for (const [index, step] of steps.entries()) {
    if (!concernsLens(app, step)) {
      through.push(step)
      continue
    }
    const declared = app.tables[step.table] as Table
    const given = step.parameters.at(-1) as Values
    const row = step.verb === 'update' ? (step.parameters[0] as string) : newRowName(transaction, index)
    const shown = known.get(row) ?? (await showing(toNode, ask, declared, step, given))
    // Validated when it was recorded.
    const bare = { columns: columnsToData(declared), lenses: lensesOf(declared) }
    const wrote: [Lens, Values][] = []
    const written = writeThroughLenses(step.table, bare, given, {
      ...(step.verb === 'update' && { row }),
      ...(shown && { stateOf: (lens: Lens) => ({ isFresh: false, values: pick(shown, lens.to) }) }),
      wrote: (lens, values) => wrote.push([lens, values]),
    })
    known.set(row, Object.assign({}, shown, ...wrote.map(([, values]) => values)) as Values)
    const kept = wrote.flatMap(([lens]) => lens.to.filter((column) => shown && given[column] === undefined))
    through.push({ ...step, parameters: [...step.parameters.slice(0, -1), written, kept] })
  }
  return through
}

/** The newer columns of a row that is there, as they are shown. */
const showing = async (
  toNode: ToQueryNode,
  ask: Ask,
  declared: Table,
  { table, verb, parameters }: Step,
  given: Values,
): Promise<Values | undefined> => {
  const wanted = lensesOf(declared).filter(({ to }) => to.some((column) => given[column] !== undefined))
  if (verb === 'insert' || wanted.length === 0) return undefined
  const key = declared.options.key ?? []
  const by: [string, unknown][] = verb === 'update' ? [['id', parameters[0]]] : key.map((name) => [name, given[name]])
  const columns = wanted.flatMap(({ to }) => to)
  const node = toNode(((start: AnyStart) => {
    let query = start.selectFrom(table).select(columns)
    for (const [name, value] of by) query = query.where(name, '=', value)
    return query
  }) as never)
  const [row] = await ask(node)
  return row as Values | undefined
}

type AnyQuery = { readonly where: (name: string, operator: '=', value: unknown) => AnyQuery }
type AnyStart = {
  readonly selectFrom: (table: string) => { readonly select: (columns: readonly string[]) => AnyQuery }
}

const pick = (values: Values, names: readonly string[]): Values =>
  Object.fromEntries(names.map((name) => [name, values[name]]))

const noTable: Table = { columns: {}, options: {} }
