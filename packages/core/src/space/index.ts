export type * from './api.ts'
export { createKith, type KithOptions } from './kith.ts'
