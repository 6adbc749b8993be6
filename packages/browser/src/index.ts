export * from '@kith/core'
export { openKith, type OpenKithOptions } from './open-kith.ts'
export type { BrowserKith } from './page/kith.ts'
export type { StorageKind, StorageStatus } from './platform/storage-status.ts'
