/** From a Kysely query to SQL, parameters and what is needed to decode its rows. Touches no database: it can run in a page. */
import { type OperationNode, type PrimitiveValueListNode, SqliteQueryCompiler, type ValueNode } from 'kysely'
import { assert, fromBase32, KithError } from '../bytes/index.ts'
import type { SqlRow, SqlValue } from '../ports/index.ts'
import { canonicalJson, elementsToSql, type SetElement, sqlDecoder } from '../schema/index.ts'
import { analyseQuery } from './query-scope.ts'
import { type RowSelect, toRowSelect } from './query-rows.ts'
import type { QueryKind, QueryTable } from './query-source.ts'

export type QueryPlan = {
  /** Its first parameter is the local number of the space where `takesSpace`. */
  readonly sql: string
  readonly takesSpace: boolean
  /** Ids of the app's tables whose changes can change the result. */
  readonly tables: readonly string[]
  /** Translates the parameters of one use of the query. */
  readonly toParameters: (values: readonly unknown[]) => SqlValue[]
  readonly decode: (rows: readonly SqlRow[]) => object[]
  /** The same query row by row, where that can be; made when it is first asked for. */
  readonly byRow: () => RowPlan | undefined
}

/** A query that can be asked for some of its rows; its parameters are those of the whole query. */
export type RowPlan = Pick<RowSelect, 'table' | 'toKey' | 'compare'> & {
  readonly sql: string
  /** Takes a space, this many ids, and the query's own parameters. */
  readonly someSql: (rows: number) => string
  readonly decode: (rows: readonly SqlRow[]) => object[]
}

export type CompiledSelect = { readonly plan: QueryPlan; readonly parameters: SqlValue[] }

/** An app uses a few hundred queries; lists of varying length make more. */
const plansMax = 1000
/** SQLite's default SQLITE_MAX_VARIABLE_NUMBER is 32,766. */
const parametersMax = 32_000

/** Plans are kept by the SQL that Kysely gives: equal texts resolve equally, because all names in them do. */
export const createQueryCompiler = (
  tables: ReadonlyMap<string, QueryTable>,
  spanning: boolean,
): ((node: OperationNode) => CompiledSelect) => {
  const plans = new Map<string, QueryPlan>()
  const compiler = new RecordingCompiler()
  return (node) => {
    // Before compiling, because Kysely itself throws plain errors for what has no SQL in SQLite.
    if (node.kind !== 'SelectQueryNode') analyseQuery(node, tables)
    const { sql, parameters, holders } = compiler.record(node)
    let plan = plans.get(sql)
    if (!plan) {
      plan = createPlan(node, sql, holders, tables, spanning, (other) => compiler.record(other).sql)
      if (plans.size >= plansMax) plans.delete(plans.keys().next().value as string)
      plans.set(sql, plan)
    }
    return { plan, parameters: plan.toParameters(parameters) }
  }
}

const createPlan = (
  node: OperationNode,
  sql: string,
  holders: readonly OperationNode[],
  appTables: ReadonlyMap<string, QueryTable>,
  spanning: boolean,
  toSql: (node: OperationNode) => string,
): QueryPlan => {
  const { tables, output, parameters } = analyseQuery(node, appTables)
  const encoders = holders.map((holder) => parameterEncoder(parameters.get(holder)))
  const used = [...tables]
  let rowPlan: RowPlan | undefined
  let isRowPlanMade = false
  return {
    byRow: () => {
      if (!isRowPlanMade) rowPlan = createRowPlan(node, appTables, output, toSql)
      isRowPlanMade = true
      return rowPlan
    },
    sql: withSources(
      sql,
      used.map((table) => table.sql),
    ),
    takesSpace: !spanning && used.length > 0,
    tables: [...new Set(used.flatMap((table) => table.reads))],
    toParameters: (values) => {
      if (values.length > parametersMax) {
        throw new KithError('too-large', `A query takes at most ${parametersMax} values. Split the list.`)
      }
      return values.map((value, at) => (encoders[at] as ParameterEncoder)(value))
    },
    decode: createRowDecoder(output),
  }
}

const createRowPlan = (
  node: OperationNode,
  tables: ReadonlyMap<string, QueryTable>,
  output: ReadonlyMap<string, QueryKind>,
  toSql: (node: OperationNode) => string,
): RowPlan | undefined => {
  const select = toRowSelect(node, tables)
  if (!select) return undefined
  const sql = toSql(select.node)
  return {
    ...select,
    sql: withSources(sql, [select.table.sql]),
    someSql: (rows) => withSources(sql, [select.table.someSql(rows)]),
    decode: createRowDecoder(output, select.hidden),
  }
}

/** Kysely's compiler, which also tells which node each parameter came from. (A class, because Kysely's is one.) */
class RecordingCompiler extends SqliteQueryCompiler {
  #holders: OperationNode[] = []

  record(node: OperationNode): { sql: string; parameters: readonly unknown[]; holders: readonly OperationNode[] } {
    this.#holders = []
    const { sql, parameters } = this.compileQuery(node as Parameters<SqliteQueryCompiler['compileQuery']>[0], queryId)
    assert(this.#holders.length === parameters.length, 'a parameter of a query has no node')
    return { sql, parameters, holders: this.#holders }
  }

  protected override visitValue(node: ValueNode): void {
    if (!node.immediate) this.#holders.push(node)
    super.visitValue(node)
  }

  protected override visitPrimitiveValueList(node: PrimitiveValueListNode): void {
    for (let at = 0; at < node.values.length; at += 1) this.#holders.push(node)
    super.visitPrimitiveValueList(node)
  }
}

// Kysely uses it to tell queries apart in its own logs.
const queryId = { queryId: 'kith' }

/** Puts the tables before the query's own CTEs, which may read them. */
const withSources = (sql: string, tables: readonly string[]): string => {
  if (tables.length === 0) return sql
  const sources = tables.join(', ')
  const own = /^with (recursive )?/.exec(sql)
  if (!own) return `WITH ${sources} ${sql}`
  return `WITH ${own[1] ? 'RECURSIVE ' : ''}${sources}, ${sql.slice(own[0].length)}`
}

type ParameterEncoder = (value: unknown) => SqlValue

const idBytes: { readonly [K in string]: number } = { id: 16, ref: 16, space: 32, person: 48 }

/**
 * How a parameter becomes what SQLite compares. Ids, references and addresses are texts to apps and bytes in SQLite: they are translated
 * where they are compared with such a column. Compared with an expression that has no column's type they stay texts.
 */
const parameterEncoder = (kind: QueryKind): ParameterEncoder => {
  const length = kind && idBytes[kind]
  if (length !== undefined) return (value) => (typeof value === 'string' ? idToSql(value, length) : plainToSql(value))
  if (kind === 'json') {
    return (value) => (value === null ? null : (canonicalJson(value) ?? refuseParameter(value)))
  }
  if (kind === 'set') {
    return (value) => (Array.isArray(value) ? elementsToSql(value as SetElement[]) : plainToSql(value))
  }
  if (kind === 'time') return (value) => (typeof value === 'string' ? refuseParameter(value) : plainToSql(value))
  return plainToSql
}

const idToSql = (text: string, length: number): Uint8Array => {
  try {
    const bytes = fromBase32(text)
    if (bytes.length === length) return bytes
  } catch {
    // Reported below, in the words of a query.
  }
  throw new KithError(
    'bad-value',
    `A query compares an id with a text that is none (${length} bytes of base32hex are due).`,
  )
}

const plainToSql: ParameterEncoder = (value) => {
  if (value === null || typeof value === 'string' || typeof value === 'bigint' || value instanceof Uint8Array)
    return value
  if (typeof value === 'number' && !Number.isNaN(value)) return value
  if (typeof value === 'boolean') return value ? 1 : 0
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.getTime()
  return refuseParameter(value)
}

const refuseParameter = (value: unknown): never => {
  const got = value instanceof Date ? 'a Date without a time' : typeof value
  throw new KithError('bad-value', `A query cannot compare with this value (${got}).`, { got })
}

/** Rows are new plain objects. Bytes that no column explains (an expression over ids) are shown as ids too. */
const createRowDecoder =
  (output: ReadonlyMap<string, QueryKind>, hidden?: ReadonlySet<string>): QueryPlan['decode'] =>
  (rows) => {
    const [first] = rows
    if (!first) return []
    const names = Object.keys(first).filter((name) => !hidden?.has(name))
    const columns = names.map((name) => {
      const kind = output.get(name)
      return { name, decode: kind ? sqlDecoder(kind) : sqlDecoder('id') }
    })
    return rows.map((row) => {
      const decoded: Record<string, unknown> = {}
      for (const { name, decode } of columns) {
        const value = row[name] as SqlValue
        decoded[name] = decode ? decode(value) : value
      }
      return decoded
    })
  }
