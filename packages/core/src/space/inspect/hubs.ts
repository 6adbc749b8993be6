import { toHex } from '../../bytes/index.ts'
import type { Engine } from '../engine.ts'
import type { Network } from '../network.ts'
import type { InspectedHub } from './api.ts'

export const inspectHubs = (
  engine: Engine,
  network: Pick<Network, 'status' | 'spaceStatus'>,
  space: number | undefined,
): InspectedHub[] => {
  const ofSpace = space === undefined ? [] : network.spaceStatus(space)
  return network.status().map((hub) => {
    const key = engine.hubs().find(({ url }) => url === hub.url)?.key
    const there = ofSpace.find(({ url }) => url === hub.url)
    return {
      ...hub,
      refused: { ...hub.refused },
      key: key && toHex(key),
      space: there && { pending: there.pending, caughtUp: there.caughtUp },
    }
  })
}
