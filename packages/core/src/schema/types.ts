import type { App } from './app.ts'
import type { ColumnTypes, TypesOf } from './column.ts'
import type { Increment, SetOperation } from './operation.ts'
import type { Columns, Table } from './table.ts'

/**
 * The types of rows, inserts and updates, inferred from a table. Dates are `Date`, ids and addresses strings, a set an
 * array in a stable order, rich text its plain text.
 */
export type RowOf<T> =
  T extends Table<infer C, infer _K, infer _L>
    ? Flat<{ id: string } & { [N in keyof C & string]: ValueOf<TypesOf<C[N]>> }>
    : never

/** What `insert` (and `upsert`) takes: columns with a default, optional ones, counters and sets may be left out. */
export type InsertOf<T> =
  T extends Table<infer C, infer _K, infer L>
    ? Flat<
        { [N in Exclude<NamesOf<C, 'needed'>, L>]: InsertValueOf<TypesOf<C[N]>> } & {
          [N in Exclude<NamesOf<C, 'omittable'>, L>]?: InsertValueOf<TypesOf<C[N]>> | undefined
        }
      >
    : never

/**
 * What `update` takes. Fixed and key columns cannot be updated; rich text is edited through `space.text()`; what a lens replaces it
 * writes itself.
 */
export type UpdateOf<T> =
  T extends Table<infer C, infer K, infer L>
    ? Flat<{
        [N in keyof C & string as IsUpdatable<TypesOf<C[N]>> extends true
          ? N extends K[number] | L
            ? never
            : N
          : never]?: UpdateValueOf<TypesOf<C[N]>> | undefined
      }>
    : never

/** The key columns of a keyed table with their values; `never` for others. */
export type KeyOf<T> =
  T extends Table<infer C, infer K, infer _L>
    ? K[number] extends never
      ? never
      : Flat<{ [N in K[number] & keyof C & string]: ValueOf<TypesOf<C[N]>> }>
    : never

/** What Kysely is told about an app's tables. */
export type DatabaseOf<A> = A extends App<infer T> ? { [N in keyof T & string]: RowOf<T[N]> } : never

/** The same for queries that span all spaces of the app: each row says which space it is of. */
export type SpanningDatabaseOf<A> =
  A extends App<infer T> ? { [N in keyof T & string]: Flat<RowOf<T[N]> & { space: string }> } : never

/** An app of any tables. */
export type AppLike = App

/** The tables that an app declares. */
export type TablesOf<A> = A extends App<infer T> ? T : never

type Flat<T> = { [K in keyof T]: T[K] }

export type ValueOf<T extends ColumnTypes> = T['isOptional'] extends true ? T['value'] | null : T['value']

type NamesOf<C extends Columns, Which extends 'needed' | 'omittable'> = {
  [N in keyof C & string]: TypesOf<C[N]> extends infer T extends ColumnTypes
    ? T['kind'] extends 'richText'
      ? never
      : IsOmittable<T> extends true
        ? Which extends 'omittable'
          ? N
          : never
        : Which extends 'needed'
          ? N
          : never
    : never
}[keyof C & string]

type IsOmittable<T extends ColumnTypes> = T['kind'] extends 'counter' | 'set'
  ? true
  : T['isOptional'] extends true
    ? true
    : T['hasDefault']

type IsUpdatable<T extends ColumnTypes> = T['kind'] extends 'richText'
  ? false
  : T['isFixed'] extends true
    ? false
    : true

type ElementOf<T extends ColumnTypes> = T['value'] extends readonly (infer E extends string | number)[] ? E : never

type InsertValueOf<T extends ColumnTypes> = T['kind'] extends 'counter'
  ? Increment
  : T['kind'] extends 'set'
    ? readonly ElementOf<T>[] | SetOperation<ElementOf<T>>
    : ValueOf<T>

type UpdateValueOf<T extends ColumnTypes> = T['kind'] extends 'counter'
  ? Increment
  : T['kind'] extends 'set'
    ? SetOperation<ElementOf<T>> | readonly SetOperation<ElementOf<T>>[]
    : ValueOf<T>
