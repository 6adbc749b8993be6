import type { Platform } from '../ports/index.ts'
import type { Kith } from './api.ts'
import { type KithOptions, openPerson } from './kith.ts'

/** Opens a person's data on a platform; makes a new person in an empty database. The platforms' `openKith` call it. */
export const createKith = async (platform: Platform, options: KithOptions = {}): Promise<Kith> =>
  (await openPerson(platform, options)).kith
