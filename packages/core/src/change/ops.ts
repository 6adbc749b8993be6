import type { CborValue } from '../bytes/index.ts'

/**
 * The ops of a data change, as they stand in its body: arrays that begin with a code. Tables and columns are indexes
 * into the schema record that the header names. A row is its 16-byte id, or the op index of an insert earlier in the
 * same change.
 */
export const opCodes = {
  insert: 0,
  upsert: 1,
  update: 2,
  delete: 3,
  restore: 4,
  text: 5,
  profile: 6,
  title: 7,
} as const

/** A row's 16-byte id, or the op index of an insert earlier in the same change. */
export type RowReference = Uint8Array | number

/** What a cell holds on the wire; its type is the column's (see docs/protocol/change.md) and checked by the database. */
export type Cell = CborValue

/** `rows` inserts (so as many op indexes) into one table; values by column: `values[column × rows + row]`. */
export type InsertOp = readonly [
  code: 0,
  table: number,
  columns: readonly number[],
  rows: number,
  values: readonly Cell[],
]
/** The same for a keyed table, where insert and upsert are one. */
export type UpsertOp = readonly [
  code: 1,
  table: number,
  columns: readonly number[],
  rows: number,
  values: readonly Cell[],
]
/** `cells` is column, value, column, value, … with columns ascending. */
export type UpdateOp = readonly [code: 2, table: number, row: RowReference, cells: readonly Cell[]]
export type DeleteOp = readonly [code: 3, table: number, row: RowReference]
/** `deletes` are the ids of the delete ops that it takes back. */
export type RestoreOp = readonly [code: 4, table: number, row: RowReference, deletes: readonly Uint8Array[]]
/** Structs of one Yjs client and a delete set; the session salt (16 bytes) in a session's first op, null after. */
export type TextOp = readonly [
  code: 5,
  table: number,
  row: RowReference,
  column: number,
  salt: Uint8Array | null,
  structs: Uint8Array,
  deletes: Uint8Array,
]
/** The author's own name in this space, and a picture: both replace what was there. */
export type ProfileOp = readonly [code: 6, name: string] | readonly [code: 6, name: string, picture: Uint8Array]
/** The space's name. */
export type TitleOp = readonly [code: 7, title: string]

export type Op = InsertOp | UpsertOp | UpdateOp | DeleteOp | RestoreOp | TextOp | ProfileOp | TitleOp

/** How many op indexes an op takes: an insert of n rows takes n. */
export function opToCount(op: Op): number {
  return op[0] === opCodes.insert || op[0] === opCodes.upsert ? op[3] : 1
}
