export * from '@kith/core'
export { databaseFile, linkDevice, openKith, type OpenKithOptions, recoverPerson } from './open-kith.ts'
export { createNodePlatform } from './platform/platform.ts'
