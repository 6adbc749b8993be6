/**
 * A lens shows what older versions of an app wrote in the columns that a newer one has instead, and the other way round. The older columns
 * stay what is law between versions; the newer ones are columns too, and count as long as the older ones still say what was written together
 * with them. That is what a *mark* is for: beside each older column, a copy of what it was when the lens last wrote it.
 */
import { KithError } from '../bytes/index.ts'
import { badValue } from './cell.ts'
import type { Column, ColumnSpec } from './column.ts'
import { runValidator } from './validator.ts'

export type Lens = {
  /** Columns that older versions read and write. */
  readonly from: readonly string[]
  /** Columns of this version that take their place. */
  readonly to: readonly string[]
  /** The newer columns by the older ones, and back: pure functions. Where a page has them, the engine's worker does not. */
  readonly forward?: (old: never) => object
  readonly back?: (now: never) => object
  /** Tells one lens from another whose functions read otherwise. */
  readonly code: string
  /** Asks who has the functions for `forward` of many. */
  readonly ask?: (olds: readonly object[]) => Promise<readonly LensAnswer[]>
}

/** What came of one call: the values, or what was thrown. */
export type LensAnswer = { readonly values: Readonly<Record<string, unknown>> } | { readonly failed: string }

type Values = Readonly<Record<string, unknown>>
type Columns = { readonly [name: string]: Column }
type Lensed = { readonly columns: Columns; readonly lenses?: readonly Lens[] }

export const lensesOf = ({ lenses }: Lensed): readonly Lens[] => lenses ?? []

/** The id, and the name, of the column that keeps what `from` was when `lens` last wrote it. */
export const markName = (table: Lensed, lens: Lens, from: string): string =>
  `${idOf(table, lens.to[0] as string)}_of_${idOf(table, from)}`

const idOf = ({ columns }: Lensed, name: string): string => columns[name]?.spec.id ?? name

/** `findBadLens` has seen to it that the column is there. */
const specOf = ({ columns }: Lensed, name: string): ColumnSpec => (columns[name] as Column).spec

/** All columns of a table that the record holds: a lens adds its marks, and has its own columns empty where an older version writes. */
export const storedColumns = (table: Lensed): { readonly [name: string]: { readonly spec: ColumnSpec } } => {
  const stored: { [name: string]: { spec: ColumnSpec } } = { ...table.columns }
  for (const lens of lensesOf(table)) {
    for (const name of lens.to) {
      // It is validated before `back` sees it.
      const { defaultValue: _, validator: __, ...spec } = specOf(table, name)
      stored[name] = { spec: { ...spec, isOptional: true } }
    }
    for (const name of lens.from) {
      const { kind, target } = specOf(table, name)
      stored[markName(table, lens, name)] = {
        spec: { kind, isOptional: true, ...(target === undefined ? {} : { target }) },
      }
    }
  }
  return stored
}

const merged: readonly string[] = ['counter', 'set', 'richText']

/** What is wrong with the lenses of a table; undefined: nothing. */
export const findBadLens = (name: string, table: Lensed, key: readonly string[]): string | undefined => {
  const used = new Set<string>()
  for (const { from, to } of lensesOf(table)) {
    if (from.length === 0 || to.length === 0) return `a lens of "${name}" needs columns on both sides`
    for (const column of [...from, ...to]) {
      const where = `"${name}.${column}"`
      const spec = Object.hasOwn(table.columns, column) ? table.columns[column]?.spec : undefined
      if (!spec) return `a lens names ${where}, which is not there`
      if (used.has(column)) return `${where} stands in two lenses, or on both sides of one`
      if (merged.includes(spec.kind)) return `a lens cannot take ${where}: a ${spec.kind} merges by itself`
      if (key.includes(column) || spec.isFixed) return `a lens cannot take ${where}: it is fixed`
      used.add(column)
    }
  }
  return undefined
}

/** `forward`, once for each; what it throws is an answer. */
export const lensForward = (lens: Lens, olds: readonly object[]): LensAnswer[] =>
  olds.map((old) => {
    try {
      return { values: { ...lens.forward?.(old as never) } }
    } catch (cause) {
      return { failed: messageOf(cause) }
    }
  })

/** What older versions read where this one writes `now`. Throws KithError 'lens-failed'. */
const lensBack = (table: string, lens: Lens, now: Values, row: string | undefined): Values => {
  try {
    return { ...lens.back?.(now as never) }
  } catch (cause) {
    throw lensError(table, lens.from, row, messageOf(cause), cause)
  }
}

export const lensError = (
  table: string,
  columns: readonly string[],
  row: string | undefined,
  what: string,
  cause?: unknown,
): KithError =>
  new KithError(
    'lens-failed',
    `The lens that makes "${columns.map((column) => `${table}.${column}`).join('", "')}"${row === undefined ? '' : ` of row ${row}`} failed: ${what}`,
    { table, columns: columns.join(', '), ...(row === undefined ? {} : { row }) },
    cause,
  )

/** What a row shows through a lens now. `isFresh`: the newer columns count as they are stored. */
export type LensState = { readonly isFresh: boolean; readonly values: Values }

/** Where a write goes through lenses. */
export type LensWrite = {
  /** For messages. */
  readonly row?: string
  /** Newer columns that the caller gives for older versions alone: they were not written. */
  readonly kept?: readonly string[]
  /** What the row shows now; undefined for one that the write makes. */
  readonly stateOf?: (lens: Lens) => LensState | undefined
  /** Told what the row will show by each lens. */
  readonly wrote?: (lens: Lens, values: Values) => void
}

/**
 * A write of newer columns, with what older versions are to read. Where the newer ones count as they are, only those that are written are: what
 * somebody else writes to the others at the same time stays. Throws KithError 'lens-failed', 'bad-value'.
 */
export const writeThroughLenses = (name: string, table: Lensed, given: Values, write: LensWrite): Values => {
  const { kept = [], stateOf, row } = write
  const written: Record<string, unknown> = { ...given }
  for (const lens of lensesOf(table)) {
    const isGiven = (column: string): boolean => given[column] !== undefined
    if (lens.back && lens.from.some(isGiven)) throw writtenByLens(name, lens)
    const state = stateOf?.(lens)
    if (state && !lens.to.some((column) => isGiven(column) && !kept.includes(column))) continue
    if (lens.back) {
      const now = valuesOf(name, table, lens, given, state)
      for (const column of lens.to) if (!state?.isFresh || isGiven(column)) written[column] = now[column]
      const old = lensBack(name, lens, now, row)
      for (const column of lens.from) written[column] = old[column] ?? null
      write.wrote?.(lens, now)
    } else {
      write.wrote?.(lens, Object.fromEntries(lens.to.map((column) => [column, given[column]])))
      for (const column of kept) if (state?.isFresh && lens.to.includes(column)) delete written[column]
    }
    for (const column of lens.from) written[markName(table, lens, column)] = written[column]
  }
  return written
}

/** All newer columns as they will be: what is written, else what shows, else what stands by default. */
const valuesOf = (name: string, table: Lensed, lens: Lens, given: Values, state: LensState | undefined): Values =>
  Object.fromEntries(
    lens.to.map((column) => {
      const { defaultValue, isOptional, validator } = specOf(table, column)
      const otherwise = state ? state.values[column] : (defaultValue ?? (isOptional ? null : undefined))
      const value = given[column] === undefined ? otherwise : given[column]
      if (value === undefined) throw badValue(name, column, 'given: it has no default', value)
      return [column, validator && given[column] !== undefined ? runValidator(validator, name, column, value) : value]
    }),
  )

const writtenByLens = (table: string, { from, to }: Lens): KithError =>
  new KithError(
    'bad-value',
    `"${table}.${from.join(`", "${table}.`)}" is for older versions of the app: write "${to.join('", "')}" instead.`,
    { table, columns: from.join(', ') },
  )

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

/** FNV-1a over what the functions read: memory of one lens must not serve another that was edited since. */
export const lensCode = (...functions: readonly unknown[]): string => {
  let hash = 0x811c9dc5
  for (const unit of functions.map(String).join('\n'))
    hash = Math.imul(hash ^ (unit.codePointAt(0) as number), 0x01000193)
  return (hash >>> 0).toString(36)
}
