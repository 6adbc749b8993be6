/**
 * The schema record: what an app's schema is to peers. Canonical CBOR arrays, sorted by id, so that equal schemas have equal
 * bytes. Ops refer to tables and columns by their position here. See docs/protocol/schema.md.
 */
import type { CborValue } from '../bytes/index.ts'
import type { OnDelete } from './column.ts'
import type { RuleCode } from './rule-code.ts'

export const recordFormat = 1

export type SchemaRecord = {
  readonly app: string
  /** The app's own version number. */
  readonly version: number
  readonly tables: readonly TableRecord[]
  /** App role → rank number, sorted by role. */
  readonly roles: readonly (readonly [role: string, rank: number])[]
  /** Ids of what earlier records had and this one gives up: `table` or `table.column`, sorted. */
  readonly dropped: readonly string[]
}

export type TableRecord = {
  readonly id: string
  readonly name: string
  readonly columns: readonly ColumnRecord[]
  /** Indexes of the key columns in the order that ids are derived from; empty: not keyed. */
  readonly key: readonly number[]
  /** Secondary indexes, each a list of column indexes. */
  readonly indexes: readonly (readonly number[])[]
  /** Columns for full-text search. */
  readonly search: readonly number[]
  readonly rules: { readonly insert: RuleCode; readonly update: RuleCode; readonly delete: RuleCode }
}

export type ColumnRecord = {
  readonly id: string
  readonly name: string
  /** A `ColumnKind`, or a type from a newer version: such a column is kept and passed on, never shown. */
  readonly type: string
  /** Bits of `columnFlags`; unknown ones are kept. */
  readonly flags: number
  /** Wire value; undefined: none. */
  readonly default: CborValue | undefined
  /** Id of the table that a `ref` names, else empty. */
  readonly target: string
  readonly onDelete: OnDelete
}

/** `fixed` is set for key columns too. */
export const columnFlags = { optional: 1, fixed: 2 } as const

export const onDeleteCodes: readonly OnDelete[] = ['keep', 'hide', 'null']

export const isOptional = (column: ColumnRecord): boolean => (column.flags & columnFlags.optional) !== 0
export const isFixed = (column: ColumnRecord): boolean => (column.flags & columnFlags.fixed) !== 0

export const findTable = (record: SchemaRecord, id: string): number =>
  record.tables.findIndex((table) => table.id === id)
export const findColumn = (table: TableRecord, id: string): number =>
  table.columns.findIndex((column) => column.id === id)
