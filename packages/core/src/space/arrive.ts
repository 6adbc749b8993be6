/** The ways for a person who is known into an empty database; apart from `start.ts`, so that a page is not given what it does not use. */
import type { Platform } from '../ports/index.ts'
import { carried } from '../sync/index.ts'
import type { Kith } from './api.ts'
import type { Identity } from './identity.ts'
import { type KithOptions, openPerson } from './kith.ts'
import {
  type LinkDeviceOptions,
  type LinkingDevice,
  linkPlatform,
  recoverPlatform,
  type RecoverPersonOptions,
} from './people/index.ts'

/**
 * Makes an empty database one of a device more of a person, who has another at hand: `kith.addDevice()` there gives the code. The
 * platforms' `linkDevice` call it.
 *
 * @throws KithError `bad-device-code`, `device-not-linked`, `hub-unreachable`, `not-allowed` (there is a person already).
 */
export const linkKith = async (platform: Platform, options: LinkDeviceOptions): Promise<LinkingDevice<Kith>> =>
  linkPlatform(await carried(platform, options.isolation), options, opener(platform, options))

/**
 * A person comes back by the recovery phrase, in an empty database. The platforms' `recoverPerson` call it.
 *
 * @throws KithError `bad-phrase`, `hub-unreachable`, `not-found` (no hub knows the phrase), `not-allowed`.
 */
export const recoverKith = async (platform: Platform, options: RecoverPersonOptions): Promise<Kith> =>
  recoverPlatform(await carried(platform, options.isolation), options, opener(platform, options))

const opener =
  (platform: Platform, { name, isolation }: Pick<KithOptions, 'name' | 'isolation'>) =>
  (identity: Identity, hubs: readonly string[]): Promise<Kith> =>
    openFound(platform, { name, isolation, hubs }, identity)

/** How long a device waits for the spaces of its person before it is used without: they go on coming. */
const firstSpacesMs = 10_000

const openFound = async (platform: Platform, options: KithOptions, identity: Identity): Promise<Kith> => {
  const { kith, caughtUp } = await openPerson(platform, options, identity)
  const { clock } = platform
  await new Promise<void>((resolve) => {
    const cancel = clock.after(firstSpacesMs, resolve)
    const end = (): void => {
      cancel()
      resolve()
    }
    caughtUp().then(end, end)
  })
  return kith
}
