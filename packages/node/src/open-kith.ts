import { join } from 'node:path'
import {
  createKith,
  type Kith,
  type KithOptions,
  type LinkDeviceOptions,
  type LinkingDevice,
  linkKith,
  type RecoverPersonOptions,
  recoverKith,
} from '@kith/core'
import { createNodePlatform } from './platform/platform.ts'

type Place = {
  /** Folder of this person's data on this device; made if it is not there. One process at a time. */
  readonly path: string
}

export type OpenKithOptions = KithOptions & Place

/** The database's name in the person's folder. */
export const databaseFile = (path: string): string => join(path, 'kith.db')

const platformAt = ({ path }: Place) => createNodePlatform(databaseFile(path))

/**
 * Opens a person's data, or makes a new person in an empty folder.
 *
 * @throws KithError `storage-busy`, `storage-damaged`, `storage-newer`, `storage-full`, `insecure-url`.
 */
export const openKith = async ({ path, ...options }: OpenKithOptions): Promise<Kith> =>
  createKith(await platformAt({ path }), options)

/**
 * Makes an empty folder a further device of a person: `addDevice()` on one that the person has gives the code.
 *
 * @throws KithError `bad-device-code`, `device-not-linked`, `hub-unreachable`, `not-allowed` (there is a person in the folder).
 */
export const linkDevice = async ({ path, ...options }: LinkDeviceOptions & Place): Promise<LinkingDevice<Kith>> =>
  linkKith(await platformAt({ path }), options)

/**
 * A person comes back in an empty folder, by the twelve words of the recovery phrase.
 *
 * @throws KithError `bad-phrase`, `hub-unreachable`, `not-found` (no hub knows the phrase), `not-allowed`.
 */
export const recoverPerson = async ({ path, ...options }: RecoverPersonOptions & Place): Promise<Kith> =>
  recoverKith(await platformAt({ path }), options)
