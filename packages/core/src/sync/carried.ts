import type { Platform } from '../ports/index.ts'
import { clientMessageToFrame, frameToHubMessage, refusalToError } from '../wire/index.ts'
import { checkHubUrl } from './hub-connection-url.ts'
import type { Isolation } from './hub-link.ts'

/**
 * The platform with a network that goes through other hubs, if that is asked for. `knownKey`: of hubs that this device was connected to.
 *
 * @throws KithError `bad-link`, `insecure-url`, `bad-key`.
 */
export const carried = async <Some extends Pick<Platform, 'network' | 'crypto'>>(
  platform: Some,
  isolation: Isolation = {},
  knownKey: (url: string) => Uint8Array | undefined = () => undefined,
): Promise<Some> => {
  if (!isolation.through?.length) return platform
  const { createCarriedNetwork } = await import('./carried/network.ts')
  const tools = { clientMessageToFrame, frameToHubMessage, refusalToError, checkHubUrl }
  return { ...platform, network: createCarriedNetwork(platform, tools, isolation, knownKey) }
}
