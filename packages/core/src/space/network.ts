import { equalBytes, KithError } from '../bytes/index.ts'
import { createHubLink, type HubLink, type Parcel, type SyncSource, type SyncSpace } from '../sync/index.ts'
import { bytesToPolicy, type Lane } from '../wire/index.ts'
import type { HubStatus, SpaceStatus } from './api.ts'
import type { Engine, HubRow } from './engine.ts'

/** The links to all hubs of this device. */
export type Network = {
  readonly addHub: (hub: HubRow) => void
  readonly wake: (spaces: Iterable<number>) => void
  readonly wakeParcels: () => void
  /** Resolves when one hub and this device have the same. @throws KithError `hub-unreachable`. */
  readonly synced: (space: number, timeoutMs: number) => Promise<void>
  /** Resolves when a hub has all that a joiner needs, or the time is over: a link may be given out offline too. */
  readonly inviteReady: (space: number, timeoutMs: number) => Promise<void>
  readonly status: () => HubStatus[]
  readonly spaceStatus: (space: number) => SpaceStatus['hubs']
  readonly close: () => void
}

/** Below this our clock is as good as the hub's word (design §4). */
const clockOffMs = 60_000

export const createNetwork = (engine: Engine, spaces: () => readonly SyncSpace[], changed: () => void): Network => {
  const { statements, unit, platform, clock } = engine
  const links = new Map<number, { url: string; link: HubLink }>()

  const source: SyncSource = {
    spaces,
    parcels: (hub) =>
      statements('SELECT n, policy, seed, lane, bytes FROM parcel WHERE hub = ? ORDER BY n')
        .all(hub)
        .map(
          (row): Parcel => ({
            n: row.n as number,
            policy: bytesToPolicy(row.policy as Uint8Array),
            seed: row.seed as Uint8Array,
            lane: row.lane as Lane,
            bytes: row.bytes as Uint8Array,
          }),
        ),
    parcelDelivered: (hub, parcel) => {
      unit.enter()
      statements('DELETE FROM parcel WHERE hub = ? AND n = ?').run(hub, parcel)
    },
    greeted: (hub, { key, timeMs }) => {
      const known = engine.hubs().find(({ n }) => n === hub)
      if (!known?.key || !equalBytes(known.key, key)) engine.nameHub(hub, key)
      const offMs = timeMs - platform.clock.now()
      clock.correct(Math.abs(offMs) > clockOffMs ? offMs : 0)
    },
  }

  const addHub = (hub: HubRow): void => {
    if (!links.has(hub.n))
      links.set(hub.n, {
        url: hub.url,
        link: createHubLink({ hub: { n: hub.n, url: hub.url }, platform, source, changed }),
      })
  }
  for (const hub of engine.hubs()) addHub(hub)

  /** The first of the links for which `wait` succeeds; the wait ends after `timeoutMs`. */
  const first = (wait: (link: HubLink) => Promise<void>, timeoutMs: number): Promise<void> =>
    new Promise((resolve, reject) => {
      let isOver = false
      const end = (settle: () => void): void => {
        if (isOver) return
        isOver = true
        cancel()
        settle()
      }
      const cancel = platform.clock.after(timeoutMs, () =>
        end(() =>
          reject(
            new KithError(
              'hub-unreachable',
              'No hub has answered in time. What you wrote is safe here and syncs later.',
              { timeoutMs },
            ),
          ),
        ),
      )
      // A connection may break while we wait: then the same link is asked again, until the time is over.
      const attempt = (link: HubLink): void => {
        wait(link).then(
          () => end(resolve),
          () => {
            if (!isOver) platform.clock.after(retryMs, () => !isOver && attempt(link))
          },
        )
      }
      for (const { link } of links.values()) attempt(link)
    })

  return {
    addHub,
    wake: (changedSpaces) => {
      for (const space of changedSpaces) for (const { link } of links.values()) link.wake(space)
    },
    wakeParcels: () => {
      for (const { link } of links.values()) link.wakeParcels()
    },
    synced: (space, timeoutMs) => first((link) => link.synced(space), timeoutMs),
    inviteReady: async (space, timeoutMs) => {
      const ready = first(async (link) => {
        await link.parcelsDelivered()
        await link.synced(space)
      }, timeoutMs)
      await ready.catch(() => {})
    },
    status: () =>
      [...links].map(([hub, { url, link }]) => {
        const { problem, ...status } = link.status()
        return {
          url,
          ...status,
          problem: problem && { code: problem.code, message: problem.message },
          pending: statements('SELECT count(*) AS n FROM outbox WHERE hub = ?').get(hub)?.n as number,
        }
      }),
    spaceStatus: (space) =>
      [...links].map(([hub, { url, link }]) => ({
        url,
        caughtUp: link.isCaughtUp(space),
        pending: statements('SELECT count(*) AS n FROM outbox WHERE hub = ? AND space = ?').get(hub, space)
          ?.n as number,
      })),
    close: () => {
      for (const { link } of links.values()) link.close()
    },
  }
}

const retryMs = 50
