import { fromHex } from '../bytes/index.ts'
import { type Op, opCodes } from '../change/index.ts'
import type { CompiledRecord } from './compiled.ts'
import { type IdSource, upsertsIn } from './inserts.ts'

/** What one op does to one row. */
export type RowWrite = { readonly table: string; readonly action: RowAction; readonly row: Uint8Array }
export type RowAction = 'insert' | 'upsert' | 'update' | 'delete' | 'restore' | 'type'

/**
 * The rows that a change writes, whatever its verdict: for people who look at it, not for merging. What names a table that the record does not
 * have is left out.
 */
export function* rowWrites(source: IdSource, record: CompiledRecord): Generator<RowWrite> {
  for (const [at, op] of source.body.ops.entries()) {
    if (op[0] === opCodes.profile || op[0] === opCodes.title) continue
    const table = record.tables[op[1]]
    if (!table) continue
    const action = actions[op[0]]
    for (const row of rowsOf(source, op, source.body.starts[at] as number, () => upsertsIn(source, table)))
      yield { table: table.name, action, row }
  }
}

const actions = ['insert', 'upsert', 'update', 'delete', 'restore', 'type'] as const satisfies RowAction[]

type RowOp = Exclude<Op, { readonly 0: 6 | 7 }>

function* rowsOf(
  { opId }: IdSource,
  op: RowOp,
  start: number,
  upserts: () => ReadonlyMap<string, { readonly values: unknown }>,
): Generator<Uint8Array> {
  if (op[0] === opCodes.insert) {
    for (let row = 0; row < op[3]; row += 1) yield opId(start + row)
  } else if (op[0] === opCodes.upsert) {
    for (const [id, inserted] of upserts()) if (inserted.values === op[4]) yield fromHex(id)
  } else yield typeof op[2] === 'number' ? opId(op[2]) : op[2]
}
