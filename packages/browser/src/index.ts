export * from '@kith/core'
export { linkDevice, openKith, type OpenKithOptions, recoverPerson } from './open-kith.ts'
export type { BrowserKith } from './page/kith.ts'
export type { StorageKind, StorageStatus } from './platform/storage-status.ts'
