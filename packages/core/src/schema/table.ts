import type { Column, TypesOf } from './column.ts'
import { type Lens, lensCode } from './lens.ts'
import type { RuleInput } from './rule.ts'
import type { ValueOf } from './types.ts'

export type Columns = { readonly [name: string]: Column }

export type TableOptions<C extends Columns, K extends readonly (keyof C & string)[]> = {
  /** Who may insert, update and delete (or restore) a row; `writer` when not given. See `RuleInput`. */
  readonly insert?: RuleInput
  readonly update?: RuleInput
  readonly delete?: RuleInput
  /** The columns that make a row unique: there is at most one row with these values, and inserting it again updates it. */
  readonly key?: K
  /** Columns to look up or sort by, in order. */
  readonly index?: readonly (readonly (keyof C & string)[])[]
  /** Text columns for full-text search: see `matches`. */
  readonly search?: readonly (keyof C & string)[]
  /** The table's id, where its name has changed: the first name it ever had. */
  readonly was?: string
}

/** Carries types only: columns that are for older versions, which a lens writes. */
declare const replacedColumns: unique symbol

export type Table<
  C extends Columns = Columns,
  K extends readonly string[] = readonly string[],
  L extends string = string,
> = {
  readonly columns: C
  readonly options: TableOptions<Columns, readonly string[]> & { readonly key?: K }
  readonly lenses?: readonly Lens[]
  readonly [replacedColumns]?: L
}

type ValuesOf<C extends Columns, N extends keyof C> = { readonly [Name in N]: ValueOf<TypesOf<C[Name]>> }

/** A table whose declaration can go on. */
export type TableBuilder<C extends Columns, K extends readonly string[], L extends string> = Table<C, K, L> & {
  /**
   * Columns that take the place of others which older versions of the app still use: `forward` makes the newer values of the older ones, `back` the
   * other way round. Both are pure and have to take whatever anybody could write.
   */
  readonly lens: <F extends keyof C & string, T extends Exclude<keyof C & string, F>>(lens: {
    readonly from: readonly F[]
    readonly to: readonly T[]
    readonly forward: (old: ValuesOf<C, F>) => ValuesOf<C, T>
    readonly back: (now: ValuesOf<C, T>) => ValuesOf<C, F>
  }) => TableBuilder<C, K, L | F>
}

/** Declares a table: its columns by name, then its rules, key and indexes. */
export const table = <C extends Columns, const K extends readonly (keyof C & string)[] = readonly []>(
  columns: C,
  options: TableOptions<C, K> = {},
): TableBuilder<C, K, never> => withLenses(columns, options as Table<C, K>['options'], [])

const withLenses = <C extends Columns, K extends readonly string[], L extends string>(
  columns: C,
  options: Table<C, K>['options'],
  lenses: readonly Lens[],
): TableBuilder<C, K, L> => ({
  columns,
  options,
  ...(lenses.length > 0 && { lenses }),
  lens: (lens) => withLenses(columns, options, [...lenses, { ...lens, code: lensCode(lens.forward, lens.back) }]),
})

export type Tables = { readonly [name: string]: Table }
