import { type CborValue, toHex } from '../bytes/index.ts'
import type { SqlValue } from '../ports/index.ts'
import type { StoredColumn } from './compiled.ts'
import { cellOf, findInsert, findUpsert, type InsertedRow } from './inserts.ts'
import type { MergeInput } from './merge.ts'
import type { TablePlace } from './showing.ts'

/** A change by its number, read once more from its segment; undefined where it cannot be read as a change of rows. */
export type ReadChange = (change: number) => MergeInput | undefined

/** Bodies kept decoded: rows that are shown anew often come from few large changes. */
const keptMax = 16

export const keepRead = (read: ReadChange): ReadChange => {
  const kept = new Map<number, MergeInput | undefined>()
  return (change) => {
    if (!kept.has(change)) {
      if (kept.size >= keptMax) kept.delete(kept.keys().next().value as number)
      kept.set(change, read(change))
    }
    return kept.get(change)
  }
}

/** What the base of a row wrote into a column, as the insert put it into SQLite: the app's table may show a later write by now. */
export const readBaseValue = (
  source: MergeInput | undefined,
  crypto: Parameters<typeof findUpsert>[0]['crypto'],
  at: TablePlace,
  id: Uint8Array,
  column: StoredColumn,
): SqlValue => {
  const table = source?.record.tables.find((candidate) => candidate.id === at.table.id)
  if (!source || !table) return null
  const { body, opId, space } = source
  const found = table.isKeyed
    ? findUpsert({ crypto, space: space.id, body, opId }, table, id)
    : findInserted(source, id)
  const index = table.columns.findIndex(({ key }) => key === column.key)
  const value: CborValue | undefined = found && cellOf(found, index)
  if (value === undefined || index < 0) return null
  const isIndex = typeof value === 'number' && table.columns[index]?.kind === 'ref'
  return table.columns[index]?.toSql(isIndex ? opId(value) : value) ?? null
}

const findInserted = ({ body, opId }: MergeInput, id: Uint8Array): InsertedRow | undefined => {
  const index = ((id[14] as number) << 8) | (id[15] as number)
  return index < body.count && toHex(opId(index)) === toHex(id) ? findInsert(body, index) : undefined
}
