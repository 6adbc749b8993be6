export type * from './api.ts'
export type * from './contacts/api.ts'
export { createKith, type KithOptions } from './kith.ts'
