export * from '@kith/core'
export { databaseFile, openKith, type OpenKithOptions } from './open-kith.ts'
