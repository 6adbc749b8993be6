export * from '@kith/core'
export { databaseFile, openKith, type OpenKithOptions, readBundle, writeBundle } from './open-kith.ts'
