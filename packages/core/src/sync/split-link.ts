import { assert } from '../bytes/index.ts'
import { createHubLink, type HubLink, type HubLinkOptions, type LinkStatus } from './hub-link.ts'
import type { SyncSource } from './source.ts'

/** A link to one hub that is as many as there are spaces, each with a connection and a resumption key of its own; one more for parcels, once there are some. */
export const createSplitLink = (options: HubLinkOptions): HubLink => {
  const { hub, source } = options
  const links = new Map<number | 'parcels', HubLink>()
  let isClosed = false

  const linkOf = (part: number | 'parcels'): HubLink => {
    const known = links.get(part)
    if (known) return known
    const link = createHubLink({ ...options, source: partOf(source, part) })
    links.set(part, link)
    return link
  }
  /** Links for what has come since. */
  const look = (): void => {
    if (isClosed) return
    for (const { n } of source.spaces()) linkOf(n)
    if (source.parcels(hub.n).length > 0) linkOf('parcels')
  }
  look()

  return {
    wake: (space) => {
      look()
      links.get(space)?.wake(space)
    },
    wakeParcels: () => {
      look()
      links.get('parcels')?.wakeParcels()
    },
    synced: async (space) => {
      look()
      await linkOf(space).synced(space)
    },
    parcelsDelivered: async () => {
      look()
      await links.get('parcels')?.parcelsDelivered()
    },
    signal: (log, bytes, to) => {
      for (const link of links.values()) link.signal(log, bytes, to)
    },
    status: () => sum([...links.values()].map((link) => link.status())),
    isCaughtUp: (space) => links.get(space)?.isCaughtUp(space) ?? false,
    undone: () => {
      for (const link of links.values()) link.undone()
    },
    close: () => {
      isClosed = true
      for (const link of links.values()) link.close()
    },
  }
}

const partOf = (source: SyncSource, part: number | 'parcels'): SyncSource => ({
  ...source,
  spaces: () => source.spaces().filter(({ n }) => n === part),
  parcels: (hub) => (part === 'parcels' ? source.parcels(hub) : []),
})

/** Connected only where all are; of what one link alone can say, the first that can. */
const sum = (all: readonly LinkStatus[]): LinkStatus => {
  const worst = all.find(({ state }) => state !== 'connected') ?? all[0]
  assert(worst, 'a person has a space')
  const refused: Record<string, number> = {}
  for (const status of all)
    for (const [code, count] of Object.entries(status.refused)) refused[code] = (refused[code] ?? 0) + count
  return {
    state: worst.state,
    problem: all.find(({ problem }) => problem)?.problem,
    refused,
    sentBytes: all.reduce((bytes, status) => bytes + status.sentBytes, 0),
    receivedBytes: all.reduce((bytes, status) => bytes + status.receivedBytes, 0),
    workingMs: all.find(({ workingMs }) => workingMs !== undefined)?.workingMs,
    roundTripMs: all.find(({ roundTripMs }) => roundTripMs !== undefined)?.roundTripMs,
  }
}
