export { hasBranches } from './branches.ts'
export { type CompiledColumn, type CompiledRecord, type CompiledTable, withRulesOf } from './compiled.ts'
export { type Content, createContent } from './content.ts'
export { createContentOrder } from './content-order.ts'
export { judgeByAll } from './judge-records.ts'
export type { History, NumberedChange, StoredSegment } from './history.ts'
export type { RowOrigin } from './judge.ts'
export { spaceLabel } from './labels.ts'
export { layoutVersion, notUnderstood, prepareLayout } from './layout.ts'
export { matches } from './matches.ts'
export {
  createQueries,
  createQueryNames,
  type KeyedRow,
  type Queries,
  type Query,
  type QueryStart,
  type RowQuery,
} from './query.ts'
export { createRecords, type Records } from './records.ts'
export type { ChainEntry, Registry, SpaceEntry } from './registry.ts'
export { type RowAction, type RowWrite, rowWrites } from './row-writes.ts'
export type { Rows } from './rows.ts'
export type { TablePlace } from './showing.ts'
export { createStatements, type Statements } from './statements.ts'
export { createStore, type Store } from './store.ts'
export { createUnit, type Haste, type Unit } from './unit.ts'
export { createTouched, type Touched, type TouchedRows } from './touched.ts'
export { createTextSession, type TextOpBytes, type TextSession } from './text/index.ts'
