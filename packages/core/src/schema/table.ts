import type { Column } from './column.ts'
import type { RuleInput } from './rule.ts'

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
  /** Text columns for full-text search. */
  readonly search?: readonly (keyof C & string)[]
  /** The table's id, where its name has changed: the first name it ever had. */
  readonly was?: string
}

export type Table<C extends Columns = Columns, K extends readonly string[] = readonly string[]> = {
  readonly columns: C
  readonly options: TableOptions<Columns, readonly string[]> & { readonly key?: K }
}

/** Declares a table: its columns by name, then its rules, key and indexes. */
export const table = <C extends Columns, const K extends readonly (keyof C & string)[] = readonly []>(
  columns: C,
  options: TableOptions<C, K> = {},
): Table<C, K> => ({ columns, options: options as Table<C, K>['options'] })

export type Tables = { readonly [name: string]: Table }
