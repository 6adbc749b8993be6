import type { StandardSchemaV1 } from '@standard-schema/spec'

/** The column types that this version knows. A record may hold others, from newer versions: they are kept, not shown. */
export type ColumnKind =
  | 'text'
  | 'int'
  | 'real'
  | 'bool'
  | 'time'
  | 'json'
  | 'ref'
  | 'person'
  | 'counter'
  | 'set'
  | 'order'
  | 'richText'

export type OnDelete = 'keep' | 'hide' | 'null'

/** Carries types only; never there at run time. */
declare const valueType: unique symbol

/** What `app()` reads from a column of any type. */
export type ColumnSpec = {
  readonly kind: ColumnKind
  readonly id?: string
  readonly isOptional?: boolean
  readonly isFixed?: boolean
  readonly defaultValue?: unknown
  readonly target?: string
  readonly whenDeleted?: OnDelete
  readonly validator?: StandardSchemaV1
}

/** How the types of a row are inferred from a column. */
export type ColumnTypes = {
  kind: ColumnKind
  /** The value in a row, without null. */
  value: unknown
  isOptional: boolean
  hasDefault: boolean
  isFixed: boolean
}

export type Column<T extends ColumnTypes = ColumnTypes> = {
  readonly spec: ColumnSpec
  readonly [valueType]?: T
}

export type TypesOf<C> = C extends Column<infer T> ? T : never

type With<T extends ColumnTypes, Change> = Omit<T, keyof Change> & Change extends infer R extends ColumnTypes
  ? R
  : never

/** A column whose cells are replaced whole: the last writer wins. */
export type PlainColumn<T extends ColumnTypes> = Column<T> & {
  /** Null is allowed, and is what a row has when nothing is given. */
  readonly optional: () => PlainColumn<With<T, { isOptional: true }>>
  /** What a row gets when nothing is given, and what rows from before this column show. */
  readonly default: (value: T['value']) => PlainColumn<With<T, { hasDefault: true }>>
  /** Set by the insert, never updated: so that rules may read it. */
  readonly fixed: () => PlainColumn<With<T, { isFixed: true }>>
  /** The column's id, where its name has changed: the first name it ever had. */
  readonly was: (id: string) => PlainColumn<T>
  /** Any Standard Schema validator without promises; runs where a row is written and nowhere else. */
  readonly validate: (validator: StandardSchemaV1<T['value'], T['value']>) => PlainColumn<T>
}

/** A reference to a row of a table of the same app. */
export type RefColumn<T extends ColumnTypes> = Column<T> & {
  readonly optional: () => RefColumn<With<T, { isOptional: true }>>
  readonly fixed: () => RefColumn<With<T, { isFixed: true }>>
  readonly was: (id: string) => RefColumn<T>
  /** What is shown when the row that is named is deleted: `keep` the id (the default), `hide` this row, or `null`. */
  readonly onDelete: (what: OnDelete) => RefColumn<T>
}

/** A column whose cells are changed by operations that merge: counter, set, rich text. */
export type MergedColumn<T extends ColumnTypes> = Column<T> & {
  readonly was: (id: string) => MergedColumn<T>
}

type Plain<Kind extends ColumnKind, Value> = {
  kind: Kind
  value: Value
  isOptional: false
  hasDefault: false
  isFixed: false
}

/** What a `json` column can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

const plain = <T extends ColumnTypes>(spec: ColumnSpec): PlainColumn<T> => ({
  spec,
  optional: () => plain({ ...spec, isOptional: true }),
  default: (value) => plain({ ...spec, defaultValue: value }),
  fixed: () => plain({ ...spec, isFixed: true }),
  was: (id) => plain({ ...spec, id }),
  validate: (validator) => plain({ ...spec, validator }),
})

const reference = <T extends ColumnTypes>(spec: ColumnSpec): RefColumn<T> => ({
  spec,
  optional: () => reference({ ...spec, isOptional: true }),
  fixed: () => reference({ ...spec, isFixed: true }),
  was: (id) => reference({ ...spec, id }),
  onDelete: (whenDeleted) => reference({ ...spec, whenDeleted }),
})

const merged = <T extends ColumnTypes>(spec: ColumnSpec): MergedColumn<T> => ({
  spec,
  was: (id) => merged({ ...spec, id }),
})

export const text = (): PlainColumn<Plain<'text', string>> => plain({ kind: 'text' })
/** A whole number within ±(2^53 − 1). */
export const int = (): PlainColumn<Plain<'int', number>> => plain({ kind: 'int' })
/** A finite 64-bit float. */
export const real = (): PlainColumn<Plain<'real', number>> => plain({ kind: 'real' })
export const bool = (): PlainColumn<Plain<'bool', boolean>> => plain({ kind: 'bool' })
/** A `Date`, to the millisecond. */
export const time = (): PlainColumn<Plain<'time', Date>> => plain({ kind: 'time' })
/** Any JSON value, replaced whole. The type argument is believed; add `.validate()` to check it. */
export const json = <T = Json>(): PlainColumn<Plain<'json', T>> => plain({ kind: 'json' })
/** The id of a row in `table` (its name in the same app). */
export const ref = (table: string): RefColumn<Plain<'ref', string>> => reference({ kind: 'ref', target: table })
/** A person's address. */
export const person = (): PlainColumn<Plain<'person', string>> => plain({ kind: 'person' })
/** A place among siblings: see `first`, `after`, `between`. */
export const order = (): PlainColumn<Plain<'order', string>> => plain({ kind: 'order' })
/** The sum of all `increment`s; starts at 0. */
export const counter = (): MergedColumn<Plain<'counter', number>> => merged({ kind: 'counter' })
/** A set of strings or whole numbers, changed by `add` and `remove`; starts empty. */
export const set = <T extends string | number = string>(): MergedColumn<Plain<'set', readonly T[]>> =>
  merged({ kind: 'set' })
/** Text that several people type in at once. In rows it is its plain text; it is edited through `space.text()`. */
export const richText = (): MergedColumn<Plain<'richText', string>> => merged({ kind: 'richText' })
