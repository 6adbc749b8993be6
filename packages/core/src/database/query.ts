/** Read-only, typed queries over one space or over all spaces of an app. */
import {
  type Compilable,
  DefaultConnectionProvider,
  DefaultQueryExecutor,
  DummyDriver,
  DynamicModule,
  expressionBuilder,
  type Kysely,
  type OperationNodeSource,
  QueryCreator,
  type Simplify,
  SqliteAdapter,
  SqliteQueryCompiler,
} from 'kysely'
import type { ReadonlyQueryCreator } from 'kysely/readonly'
import { assert, KithError } from '../bytes/index.ts'
import type { SqlDatabase, SqlRow, SqlStatement, SqlValue } from '../ports/index.ts'
import type { App, DatabaseOf, SpanningDatabaseOf } from '../schema/index.ts'
import { createLensMemory, type LensFailure } from './lens-memory.ts'
import { createQueryCompiler, type RowPlan } from './query-compile.ts'
import type { RowKey } from './query-rows.ts'
import { createQueryTables } from './query-source.ts'

/** What a query is built from: Kysely's `selectFrom`, `with` and expressions; nothing that writes. */
export type QueryStart<DB> = ReadonlyQueryCreator<DB> & Pick<Kysely<DB>, 'case' | 'dynamic' | 'fn'>

/** A Kysely SELECT whose rows are `Row`. */
export type Query<Row> = Compilable<Row> & OperationNodeSource

/** A query as data, ready to run here or in the engine's worker. */
export type CompiledQuery = {
  readonly sql: string
  readonly parameters: readonly SqlValue[]
  /** Ids of the app's tables whose changes can change the result. */
  readonly tables: readonly string[]
}

export type Queries<DB> = {
  readonly compile: <Row>(build: (start: QueryStart<DB>) => Query<Row>) => CompiledQuery
  /** Runs the query now. Throws KithError 'not-allowed', 'not-found', 'bad-value' or 'not-supported'. */
  readonly run: <Row>(build: (start: QueryStart<DB>) => Query<Row>) => Simplify<Row>[]
  /** The same, once what lenses have to say of its rows is here. */
  readonly ask: <Row>(build: (start: QueryStart<DB>) => Query<Row>) => Promise<Simplify<Row>[]>
  /** Rows for which a lens failed, of those that queries have asked about: its columns read as null there. */
  readonly lensFailures: (space: number) => LensFailure[]
  /** The same, with what a live query has to watch. */
  readonly watch: <Row>(build: (start: QueryStart<DB>) => Query<Row>) => {
    /** Ids of the app's tables whose changes can change the result. */
    readonly tables: readonly string[]
    /** Undefined: it can run. Otherwise resolves when what it was waiting for came; then ask again. */
    readonly ready: () => Promise<void> | undefined
    readonly run: () => Simplify<Row>[]
    /** The same query row by row, where each row of the result comes from one row of one table. */
    readonly byRow: () => RowQuery | undefined
  }
}

/** A query that can be asked for some of its rows. */
export type RowQuery = {
  /** The table's id in the app, and its name in SQLite. */
  readonly table: string
  readonly sqlName: string
  readonly all: () => KeyedRow[]
  /** What the query shows of these rows, if anything. */
  readonly some: (space: number, ids: readonly Uint8Array[]) => KeyedRow[]
  /** Where rows belong. */
  readonly compare: (left: RowKey, right: RowKey) => number
}

export type KeyedRow = { readonly key: RowKey; readonly row: object }

/** Statements kept prepared; SQLite prepares one in about 30 µs. */
const statementsMax = 200

/**
 * Queries over the rows of one space, given its local number, or of all spaces of the app when `space` is left out: then each row has a `space`.
 * The tables have to be there (`prepareTables`).
 */
export function createQueries<A extends App>(options: {
  database: SqlDatabase
  app: A
  space: number
}): Queries<DatabaseOf<A>>
export function createQueries<A extends App>(options: {
  database: SqlDatabase
  app: A
  space?: undefined
}): Queries<SpanningDatabaseOf<A>>
export function createQueries(options: {
  database: SqlDatabase
  app: App
  space?: number | undefined
}): Queries<unknown> {
  const { database, app, space } = options
  const compileNode = createQueryCompiler(createQueryTables(app, space === undefined), space === undefined)
  const lenses = createLensMemory(database, app)
  const statements = new Map<string, SqlStatement>()
  const start = createStart()

  const prepare = (sql: string): SqlStatement => {
    let statement = statements.get(sql)
    if (!statement) {
      statement = prepareQuery(database, sql)
      if (statements.size >= statementsMax) statements.delete(statements.keys().next().value as string)
      statements.set(sql, statement)
    }
    return statement
  }

  const compile = (build: (start: QueryStart<unknown>) => Query<unknown>) => {
    const { plan, parameters } = compileNode(build(start).toOperationNode())
    return { plan, parameters: plan.takesSpace ? [space as number, ...parameters] : parameters }
  }

  const watch: Queries<unknown>['watch'] = (build) => {
    const { plan, parameters } = compile(build)
    return {
      tables: plan.tables,
      ready: () => lenses?.ready(plan.tables),
      run: () => plan.decode(prepare(plan.sql).all(...parameters)) as never,
      byRow: () => {
        const byRow = plan.byRow()
        return byRow && createRowQuery(byRow, prepare, parameters, plan.takesSpace)
      },
    }
  }

  return {
    compile: (build) => {
      const { plan, parameters } = compile(build)
      return { sql: plan.sql, parameters, tables: plan.tables }
    },
    run: (build) => {
      const watched = watch(build)
      assert(!watched.ready(), 'a query with a lens that is elsewhere is waited for')
      return watched.run()
    },
    ask: async (build) => {
      const watched = watch(build)
      for (let wait = watched.ready(); wait; wait = watched.ready()) await wait
      return watched.run()
    },
    lensFailures: (of) => lenses?.failures(of) ?? [],
    watch,
  }
}

const createRowQuery = (
  plan: RowPlan,
  prepare: (sql: string) => SqlStatement,
  parameters: readonly SqlValue[],
  takesSpace: boolean,
): RowQuery => {
  const toKeyed = (rows: readonly SqlRow[]): KeyedRow[] => {
    const decoded = plan.decode(rows)
    return rows.map((row, at) => ({ key: plan.toKey(row), row: decoded[at] as object }))
  }
  const own = takesSpace ? parameters.slice(1) : parameters
  return {
    table: plan.table.id,
    sqlName: plan.table.sqlName,
    compare: plan.compare,
    all: () => toKeyed(prepare(plan.sql).all(...parameters)),
    some: (space, ids) => {
      // By powers of four, so that few statements serve all numbers; the last id again where there are fewer.
      let count = 1
      while (count < ids.length) count *= 4
      const filled = Array.from({ length: count }, (_, at) => ids[Math.min(at, ids.length - 1)] as Uint8Array)
      return toKeyed(prepare(plan.someSql(count)).all(space, ...filled, ...own))
    },
  }
}

/** What SQLite cannot do is said in its words; the query's text holds no values. */
const prepareQuery = (database: SqlDatabase, sql: string): SqlStatement => {
  try {
    return database.prepare(sql)
  } catch (cause) {
    if (cause instanceof KithError || !(cause instanceof Error)) throw cause
    throw new KithError('not-supported', `SQLite cannot run this query: ${cause.message}.`, {}, cause)
  }
}

/** What of Kysely builds queries and never runs them; a whole `Kysely` brings what makes tables and transactions, which pages would load too. */
const createStart = (): QueryStart<unknown> => {
  const connections = new DefaultConnectionProvider(new DummyDriver())
  const executor = new DefaultQueryExecutor(new SqliteQueryCompiler(), new SqliteAdapter(), connections)
  const eb = expressionBuilder()
  const parts = { fn: eb.fn, case: eb.case.bind(eb), dynamic: new DynamicModule() }
  return Object.assign(new QueryCreator<never>({ executor }), parts) as unknown as QueryStart<unknown>
}

/**
 * A text that is the same for queries that are: for those who keep results by query, such as user interfaces that build it anew each time.
 */
export const createQueryNames = (): ((build: (start: never) => Query<unknown>) => string) => {
  const start = createStart()
  return (build) => JSON.stringify(build(start as never).toOperationNode(), nameValue)
}

/** What JSON would lose, or take for something else. */
function nameValue(this: Record<string, unknown>, name: string, value: unknown): unknown {
  const original = this[name]
  if (original instanceof Date) return ['Date', original.getTime()]
  if (original instanceof Uint8Array) return ['bytes', ...original]
  if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value)))
    return [typeof value, String(value)]
  return value
}
