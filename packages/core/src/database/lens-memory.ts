import { KithError } from '../bytes/index.ts'
import type { SqlDatabase, SqlRow, SqlStatement, SqlValue } from '../ports/index.ts'
import {
  type App,
  type ColumnCodec,
  type ColumnKind,
  createColumnCodec,
  declaredTypes,
  type LensAnswer,
  lensError,
  lensForward,
  sqlToApp,
} from '../schema/index.ts'
import { type LensSql, tableLenses } from './lens-sql.ts'

/** A row that a lens failed for: its newer columns read as null. */
export type LensFailure = {
  readonly code: 'lens-failed'
  readonly table: string
  readonly columns: readonly string[]
  readonly row: Uint8Array
  readonly message: string
}

export type LensMemory = {
  /** Before a query of these tables (ids): undefined when all that it may look up is there; else resolves when it was asked for. Then ask again. */
  readonly ready: (tables: readonly string[]) => Promise<void> | undefined
  /** Rows of a space for which a lens failed, of those that were asked about. */
  readonly failures: (space: number) => LensFailure[]
}

/** Values asked about at once: a page answers them in one message. */
const askedMax = 2_000
/** Failures listed. */
const failuresMax = 100

/**
 * What lenses gave for the values that rows have, in temporary tables of this connection: it is found again by asking. All that says what is known
 * lies in SQLite, so that a transaction that is undone takes both back.
 */
export const createLensMemory = (database: SqlDatabase, app: App): LensMemory | undefined => {
  const lenses = app.record.tables.flatMap((table) => tableLenses(app, table))
  if (lenses.length === 0) return undefined
  const statements = new Map<string, SqlStatement>()
  const prepare = (sql: string): SqlStatement => {
    let statement = statements.get(sql)
    if (!statement) statements.set(sql, (statement = database.prepare(sql)))
    return statement
  }
  const codecs = new Map(
    lenses.map((found) => [found, found.to.map((column) => createColumnCodec(found.table, column))]),
  )

  /** Nothing was written to the database since this lens was last found to know all. */
  const isKnown = ({ key }: LensSql): boolean =>
    prepare('SELECT changes = total_changes() AS same FROM temp."$lenses" WHERE lens = ?').get(key)?.same === 1
  const setKnown = ({ key }: LensSql): void =>
    // Itself is one change more.
    prepare('INSERT OR REPLACE INTO temp."$lenses" VALUES (?, total_changes() + 1)').run(key)

  const unknown = ({ physical, asked, memory, isFresh, answers }: LensSql): SqlRow[] =>
    prepare(
      `SELECT DISTINCT ${asked.map((value, at) => `${value} AS f${at}`).join(', ')} FROM ${physical} AS t
       WHERE NOT ${isFresh} AND NOT EXISTS (SELECT 1 FROM ${memory} AS m WHERE ${answers}) LIMIT ${askedMax}`,
    ).all()

  const keep = (lens: LensSql, rows: readonly SqlRow[], answers: readonly LensAnswer[]): void => {
    const { from, to, memory } = lens
    const places = [...from, ...to, 'failed'].map(() => '?').join(', ')
    const insert = prepare(`INSERT OR REPLACE INTO ${memory} VALUES (${places})`)
    for (const [at, row] of rows.entries()) {
      const { values, failed } = toSql(lens, codecs.get(lens) as ColumnCodec[], answers[at])
      insert.run(...from.map((_, place) => row[`f${place}`] as SqlValue), ...values, failed)
    }
  }

  const ready = (lens: LensSql): Promise<void> | undefined => {
    for (const statement of memoryTables(lens)) database.exec(statement)
    if (isKnown(lens)) return undefined
    for (let rows = unknown(lens); rows.length > 0; rows = unknown(lens)) {
      const olds = rows.map((row) => toOld(lens, row))
      if (lens.lens.ask) {
        return lens.lens.ask(olds).then((answers) => {
          for (const statement of memoryTables(lens)) database.exec(statement)
          keep(lens, rows, answers)
        })
      }
      keep(lens, rows, lensForward(lens.lens, olds))
    }
    setKnown(lens)
    return undefined
  }

  return {
    ready: (tables) => {
      const waits = lenses.flatMap((lens) => (tables.includes(lens.tableId) ? (ready(lens) ?? []) : []))
      return waits.length === 0 ? undefined : Promise.all(waits).then(() => undefined)
    },
    failures: (space) =>
      lenses.flatMap((found) => {
        const { lens, table, physical, memory, isFresh, answers } = found
        for (const statement of memoryTables(found)) database.exec(statement)
        return prepare(
          `SELECT t.id AS id, m.failed AS failed FROM ${physical} AS t JOIN ${memory} AS m ON m.failed IS NOT NULL AND ${answers}
           WHERE t."$space" = ? AND t."$hidden" = 0 AND NOT ${isFresh} LIMIT ${failuresMax}`,
        )
          .all(space)
          .map(({ id, failed }) => ({
            code: 'lens-failed' as const,
            table,
            columns: lens.to,
            row: id as Uint8Array,
            message: String(failed),
          }))
      }),
  }
}

/** All can run again: what a transaction made is gone when it was undone. */
const memoryTables = ({ memory, from, to }: LensSql): string[] => {
  const columns = [
    ...from.map(({ type }, at) => `f${at} ${declaredTypes[type as ColumnKind]}`),
    ...to.map(({ type }, at) => `t${at} ${declaredTypes[type as ColumnKind]}`),
    'failed TEXT',
  ]
  const name = memory.slice('temp.'.length)
  return [
    'CREATE TEMP TABLE IF NOT EXISTS "$lenses" (lens TEXT PRIMARY KEY, changes INTEGER)',
    `CREATE TEMP TABLE IF NOT EXISTS ${name} (${columns.join(', ')})`,
    `CREATE INDEX IF NOT EXISTS temp.${name.replace(/"$/, ' asked"')} ON ${name} (${from.map((_, at) => `f${at}`).join(', ')})`,
  ]
}

const toOld = ({ lens, from }: LensSql, row: SqlRow): object =>
  Object.fromEntries(
    lens.from.map((name, at) => [name, sqlToApp(from[at]?.type as ColumnKind, row[`f${at}`] as SqlValue)]),
  )

/** What the app's function gave, as SQLite holds it. What is not of its column's type is a failure too. */
const toSql = (
  { lens, table, to }: LensSql,
  codecs: readonly ColumnCodec[],
  answer: LensAnswer | undefined,
): { values: SqlValue[]; failed: string | null } => {
  const nothing = to.map(() => null)
  if (!answer || 'failed' in answer)
    return {
      values: nothing,
      failed: lensError(table, lens.to, undefined, answer?.failed ?? 'it gave nothing').message,
    }
  try {
    const values = lens.to.map((name, at) =>
      (codecs[at] as ColumnCodec).toSql((codecs[at] as ColumnCodec).toWire(answer.values[name])),
    )
    return { values, failed: null }
  } catch (cause) {
    if (!(cause instanceof KithError)) throw cause
    return { values: nothing, failed: lensError(table, lens.to, undefined, cause.message).message }
  }
}
