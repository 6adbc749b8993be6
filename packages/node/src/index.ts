export * from '@kith/core'
export { databaseFile, linkDevice, listPersons, openKith, type OpenKithOptions, recoverPerson } from './open-kith.ts'
export { createNodePlatform } from './platform/platform.ts'
