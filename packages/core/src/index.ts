/** What app developers import: schemas, rules, operations, errors and the types of `openKith`. */
export { type ErrorCode, errorCodes, KithError } from './bytes/index.ts'
export {
  add,
  after,
  all,
  any,
  app,
  type App,
  between,
  bool,
  column,
  counter,
  equals,
  first,
  increment,
  type InsertOf,
  int,
  isMe,
  json,
  not,
  order,
  person,
  real,
  ref,
  remove,
  richText,
  type RowOf,
  set,
  table,
  text,
  time,
  type UpdateOf,
  value,
  writes,
} from './schema/index.ts'
export { matches } from './database/index.ts'
export * from './space/index.ts'
export type { Platform } from './ports/index.ts'
