import { KithError, toBase32 } from '../../bytes/index.ts'
import { createStatements, prepareLayout } from '../../database/index.ts'
import { parseDeviceCode } from '../../keys/index.ts'
import type { Platform } from '../../ports/index.ts'
import type { App } from '../../schema/index.ts'
import { checkHubUrl, type Isolation } from '../../sync/index.ts'
import { type Identity, loadIdentity } from '../identity.ts'
import { createDeviceKeys, recoverIdentity, welcomeToIdentity } from './new-device.ts'
import { createGuest } from './pairing.ts'

export type LinkDeviceOptions = {
  /** What the other device shows: the code, or the link. */
  readonly code: string
  /** Hubs of the other device; a link names them itself. */
  readonly hubs?: readonly string[]
  /** How this person is called in spaces from now on. */
  readonly name?: string
  /** As in `openKith`. */
  readonly isolation?: Isolation | undefined
  /** How the other devices call this one. */
  readonly deviceName?: string
  /** The apps that this device is for; all that the other one gives where they are not named. */
  readonly apps?: readonly (App | string)[]
}

/** A device that is being linked: the new one's side. */
export type LinkingDevice<Opened> = {
  /** Six digits, which the other device must show too: a person compares them. */
  readonly check: string
  /** Of the person that this becomes a device of. */
  readonly address: string
  /** The person has compared. Resolves when the other side is confirmed too, and this is a device. @throws KithError `device-not-linked`. */
  readonly confirm: () => Promise<Opened>
  readonly cancel: () => void
}

export type RecoverPersonOptions = {
  readonly phrase: string
  /** At least one that the person used; the recovery sheet names them. */
  readonly hubs: readonly string[]
  readonly name?: string
  /** As in `openKith`. */
  readonly isolation?: Isolation | undefined
  /** Ends all devices that the person had, because they are lost. */
  readonly revokesOthers?: boolean
}

type Open<Opened> = (identity: Identity, hubs: readonly string[]) => Promise<Opened>

export const linkPlatform = async <Opened>(
  platform: Platform,
  options: LinkDeviceOptions,
  open: Open<Opened>,
): Promise<LinkingDevice<Opened>> => {
  const { code, hubs = [], apps, deviceName = '' } = options
  await checkEmpty(platform)
  const parsed = parseDeviceCode(platform.crypto, code)
  const urls = [...new Set([...parsed.hubs, ...hubs])]
  if (urls.length === 0)
    throw new KithError('hub-unreachable', 'A code does not say at which hub the other device waits. Name its hub.')
  for (const url of urls) checkHubUrl(url)
  const device = createDeviceKeys(platform)
  const nowMs = (): number => platform.clock.now()
  const ids = apps?.map((app) => (typeof app === 'string' ? app : app.id))
  const guest = await createGuest({ platform, urls, secret: parsed.secret, device, name: deviceName, apps: ids, nowMs })
  return {
    check: guest.check,
    address: toBase32(guest.host.address),
    confirm: async () => {
      const payload = await guest.confirm()
      const found = await welcomeToIdentity(platform, device, payload, guest.host.address, urls)
      return open(found.identity, found.hubs)
    },
    cancel: guest.end,
  }
}

export const recoverPlatform = async <Opened>(
  platform: Platform,
  options: RecoverPersonOptions,
  open: Open<Opened>,
): Promise<Opened> => {
  for (const url of options.hubs) checkHubUrl(url)
  await checkEmpty(platform)
  const { phrase, hubs, revokesOthers = false } = options
  const found = await recoverIdentity(platform, { phrase, hubs, revokesOthers }, platform.clock.now())
  return open(found.identity, found.hubs)
}

/** Before anything is asked of anybody: a database holds one person. */
const checkEmpty = async (platform: Platform): Promise<void> => {
  const database = await platform.openDatabase()
  try {
    prepareLayout(database)
    if (loadIdentity(platform.crypto, createStatements(database, platform.vault)))
      throw new KithError('not-allowed', 'There is a person in this place already. Choose another.')
  } finally {
    database.close()
  }
}
