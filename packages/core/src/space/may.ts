import { type CborValue, equalBytes, KithError } from '../bytes/index.ts'
import { type CompiledTable, withRulesOf } from '../database/index.ts'
import { type Actor, type App, type BoundTable, bindTable, type RuleFacts, rankNumbers } from '../schema/index.ts'
import { needsUpdate } from './app-version.ts'
import type { Engine } from './engine.ts'
import { findOrigin } from './origin.ts'
import { toRowId } from './recorder.ts'
import type { Replica } from './replica.ts'

export type Action = 'insert' | 'update' | 'delete'

/** What a rule is asked with: where something is missing, it may come out either way. */
type Facts = Actor & Partial<RuleFacts>

/**
 * Whether the rules of the space would let us do this now, by all records that a change of ours would be judged by; nothing is written.
 * What is not given (a row, values) counts as what the rules want.
 *
 * @throws KithError `not-found` for a table that there is not, `bad-value` for what is no row.
 */
export const may = (
  engine: Engine,
  app: App,
  replica: Replica,
  action: Action,
  name: string,
  given: string | object | undefined,
): boolean => {
  const { compiled } = replica.record()
  const bound = bindTable(app, name, compiled.record)
  const table = compiled.tables[bound.index] as CompiledTable
  if (given !== undefined && (action === 'insert') !== (typeof given === 'object'))
    throw new KithError('bad-value', 'An insert is asked about by the values of a row, all else by the id of one.')
  const me = replica.me()
  if (!me || me.rank === 'reader' || needsUpdate(app, replica)) return false
  const actor: Facts = { rank: rankNumbers[me.rank], role: me.role, me: me.address }
  const facts =
    typeof given === 'object'
      ? withValues(actor, bound, table, given)
      : typeof given === 'string'
        ? withRow(engine, replica, table, actor, given)
        : { ...actor, ...(action === 'insert' && { isAuthor: true }) }
  if (!facts) return false
  const { records } = engine.store()
  return replica.membership.newestSchemas().every(({ record }) => {
    const ruling = records.get(record, compiled.app)
    const ruled = ruling && (ruling === compiled ? compiled : withRulesOf(compiled, ruling)).tables[table.index]
    // What is no record allows nothing.
    return ruled !== undefined && ruled.rules[action].judgeActor(facts) !== false
  })
}

const withValues = (actor: Facts, bound: BoundTable, table: CompiledTable, row: object): Facts | undefined => {
  const { columns, values } = table.isKeyed
    ? bound.upsertToWire(row)
    : { columns: bound.insertColumns, values: bound.insertToWire(row) }
  const cell = (column: number): CborValue | undefined => values[columns.indexOf(column)]
  // A row of such a table names its writer.
  const named = table.personKey === undefined ? undefined : (cell(table.personKey) as Uint8Array)
  if (named && actor.me && !equalBytes(named, actor.me)) return undefined
  return { ...actor, isAuthor: true, fixed: cell, value: cell }
}

/** Undefined: the row is not here. */
const withRow = (
  engine: Engine,
  replica: Replica,
  table: CompiledTable,
  actor: Facts,
  id: string,
): Facts | undefined => {
  const { statements } = engine
  const { history } = engine.store()
  const originOf = findOrigin({ statements, history, membership: replica.membership, space: replica.entry.n })
  const origin = originOf(table, toRowId(id))
  if (!origin) return undefined
  const isAuthor = origin.author !== undefined && actor.me !== undefined && equalBytes(origin.author, actor.me)
  return { ...actor, isAuthor, fixed: origin.fixed }
}
