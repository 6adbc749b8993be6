import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  createKith,
  type Kith,
  KithError,
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
  /** Where several persons use one installation: which of them, by the name of a folder in `path`. */
  readonly person?: string
}

export type OpenKithOptions = KithOptions & Place

/** The database's name in the person's folder. */
export const databaseFile = (path: string): string => join(path, 'kith.db')

const platformAt = ({ path, person }: Place) => {
  if (person === undefined) return createNodePlatform(databaseFile(path))
  if (!folderName.test(person))
    throw new KithError('bad-value', 'A person’s folder is named by letters, digits, - and _; at most 64 of them.')
  return createNodePlatform(databaseFile(join(path, person)))
}

/** One folder, on every system: nothing that leads elsewhere. */
const folderName = /^[\p{L}\p{N}_-]{1,64}$/u

/** The persons in a folder, as `openKith({ path, person })` takes them. */
export const listPersons = async (path: string): Promise<string[]> => {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isDirectory() && existsSync(databaseFile(join(path, entry.name))))
    .map(({ name }) => name)
    .sort()
}

/**
 * Opens a person's data, or makes a new person in an empty folder.
 *
 * @throws KithError `storage-busy`, `storage-damaged`, `storage-newer`, `storage-full`, `insecure-url`.
 */
export const openKith = async ({ path, person, ...options }: OpenKithOptions): Promise<Kith> =>
  createKith(await platformAt(toPlace(path, person)), options)

/**
 * Makes an empty folder a further device of a person: `addDevice()` on one that the person has gives the code.
 *
 * @throws KithError `bad-device-code`, `device-not-linked`, `hub-unreachable`, `not-allowed` (there is a person in the folder).
 */
export const linkDevice = async ({
  path,
  person,
  ...options
}: LinkDeviceOptions & Place): Promise<LinkingDevice<Kith>> =>
  linkKith(await platformAt(toPlace(path, person)), options)

/**
 * A person comes back in an empty folder, by the twelve words of the recovery phrase.
 *
 * @throws KithError `bad-phrase`, `hub-unreachable`, `not-found` (no hub knows the phrase), `not-allowed`.
 */
export const recoverPerson = async ({ path, person, ...options }: RecoverPersonOptions & Place): Promise<Kith> =>
  recoverKith(await platformAt(toPlace(path, person)), options)

const toPlace = (path: string, person: string | undefined): Place =>
  person === undefined ? { path } : { path, person }
