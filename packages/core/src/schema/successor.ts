import { encodeCbor, equalBytes, ifUsable, KithError } from '../bytes/index.ts'
import {
  type ColumnRecord,
  findColumn,
  findTable,
  isFixed,
  isOptional,
  type SchemaRecord,
  type TableRecord,
} from './record.ts'
import { bytesToSchemaRecord } from './record-codec.ts'

/**
 * Checks that `next` may follow `published` without losing data. Throws KithError 'schema-mismatch' naming the table or column that
 * is neither there, nor renamed with `.was()`, nor in `dropped`; the one whose type, reference or key changed; or the new
 * column that would leave existing rows without a value.
 */
export const checkSuccessor = (published: SchemaRecord, next: SchemaRecord): void => {
  if (published.app !== next.app) {
    throw new KithError('wrong-app', `The space belongs to "${published.app}", not to "${next.app}".`)
  }
  const dropped = new Set(next.dropped)
  for (const id of published.dropped) {
    if (!dropped.has(id))
      throw mismatch(
        id,
        `"${id}" was dropped by an earlier version: keep it in dropped, or old values come back under it`,
      )
  }
  for (const table of published.tables) {
    if (dropped.has(table.id)) continue
    const successor = next.tables[findTable(next, table.id)]
    if (!successor) throw lost(table.id, 'table')
    if (!sameKey(table, successor))
      throw mismatch(table.id, `the key of table "${table.id}" changed: row ids derive from it`)
    for (const column of table.columns) checkColumn(table, column, successor, dropped)
    for (const column of successor.columns) {
      if (findColumn(table, column.id) < 0) checkAdded(successor, column)
    }
  }
}

const checkColumn = (table: TableRecord, column: ColumnRecord, successor: TableRecord, dropped: Set<string>): void => {
  const id = `${table.id}.${column.id}`
  if (dropped.has(id)) return
  const now = successor.columns[findColumn(successor, column.id)]
  if (!now) throw lost(id, 'column')
  if (now.type !== column.type) {
    throw mismatch(
      id,
      `column "${id}" was ${column.type} and is ${now.type}: give the new column an id of its own, and drop the old one`,
    )
  }
  if (now.target !== column.target)
    throw mismatch(id, `column "${id}" referenced "${column.target}" and references "${now.target}"`)
  if (isFixed(now) && !isFixed(column)) {
    throw mismatch(id, `column "${id}" was not fixed: rules would read what has been updated since`)
  }
  if (isOptional(column) && !isOptional(now) && now.default === undefined) {
    throw mismatch(id, `column "${id}" was optional: rows without a value need a default`)
  }
}

const checkAdded = (table: TableRecord, column: ColumnRecord): void => {
  if (isOptional(column) || column.default !== undefined || ['counter', 'set', 'richText'].includes(column.type)) return
  const id = `${table.id}.${column.id}`
  throw mismatch(
    id,
    `column "${id}" is new and table "${table.id}" is not: rows from before need .optional() or .default()`,
  )
}

const sameKey = (left: TableRecord, right: TableRecord): boolean =>
  left.key.length === right.key.length &&
  left.key.every((at, place) => left.columns[at]?.id === right.columns[right.key[place] as number]?.id)

/**
 * Whether `next` only adds tables or columns to `published` (or puts its version up), so that any writer may publish it (rule 7). Names,
 * search and indexes may change: they give nobody a right and take nothing away.
 */
export const isAdditive = (published: SchemaRecord, next: SchemaRecord): boolean => {
  try {
    checkSuccessor(published, next)
  } catch {
    return false
  }
  if (next.version < published.version || !sameValue(published.roles, next.roles)) return false
  if (!sameValue(published.dropped, next.dropped)) return false
  return published.tables.every((table) => {
    const successor = next.tables[findTable(next, table.id)]
    if (!successor || !sameValue(Object.values(table.rules), Object.values(successor.rules))) return false
    return table.columns.every((column) => {
      const now = successor.columns[findColumn(successor, column.id)]
      return (
        now !== undefined && now.flags === column.flags && now.onDelete === column.onDelete && sameDefault(column, now)
      )
    })
  })
}

/**
 * What a record does to those published before it (membership rule 7). It has to follow one of them; of several that stand side by
 * side, and may contradict each other, not all: or nobody could ever publish again. What is no record breaks everything.
 */
export const schemaStep = (next: Uint8Array, before: readonly Uint8Array[]): 'adds' | 'changes' | 'breaks' => {
  const record = ifUsable(() => bytesToSchemaRecord(next))
  if (!record) return 'breaks'
  const published = before.flatMap((bytes) => ifUsable(() => bytesToSchemaRecord(bytes)) ?? [])
  if (published.length === before.length && published.every((older) => isAdditive(older, record))) return 'adds'
  return published.length === 0 || published.some((older) => follows(older, record)) ? 'changes' : 'breaks'
}

const follows = (published: SchemaRecord, next: SchemaRecord): boolean => {
  try {
    checkSuccessor(published, next)
    return true
  } catch {
    return false
  }
}

const sameDefault = (left: ColumnRecord, right: ColumnRecord): boolean =>
  sameValue(left.default === undefined ? [] : [left.default], right.default === undefined ? [] : [right.default])

const sameValue = (left: Parameters<typeof encodeCbor>[0], right: Parameters<typeof encodeCbor>[0]): boolean =>
  equalBytes(encodeCbor(left), encodeCbor(right))

const lost = (id: string, what: string): KithError =>
  mismatch(
    id,
    `${what} "${id}" is in the space but not in this app: keep it, rename it with was("…"), or name it in dropped`,
  )

const mismatch = (id: string, what: string): KithError =>
  new KithError('schema-mismatch', `The app's schema does not follow the one in the space: ${what}.`, { id })
