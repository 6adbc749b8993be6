import { join } from 'node:path'
import { createKith, type Kith, type KithOptions } from '@kith/core'
import { createNodePlatform } from './platform/platform.ts'

export type OpenKithOptions = KithOptions & {
  /** Folder of this person's data on this device; made if it is not there. One process at a time. */
  readonly path: string
}

/** The database's name in the person's folder. */
export const databaseFile = (path: string): string => join(path, 'kith.db')

/**
 * Opens a person's data, or makes a new person in an empty folder.
 *
 * @throws KithError `storage-busy`, `storage-damaged`, `storage-newer`, `storage-full`, `insecure-url`.
 */
export const openKith = async ({ path, ...options }: OpenKithOptions): Promise<Kith> =>
  createKith(await createNodePlatform(databaseFile(path)), options)
