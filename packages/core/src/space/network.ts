import { equalBytes, KithError } from '../bytes/index.ts'
import { clockCorrectionMsMax, clockForwardMsMax } from '../limits/index.ts'
import type { Cancel } from '../ports/index.ts'
import {
  createHubLink,
  createSplitLink,
  type HubLink,
  type HubSignal,
  type Isolation,
  type Parcel,
  type SyncSource,
  type SyncSpace,
} from '../sync/index.ts'
import { bytesToPolicy, type Lane } from '../wire/index.ts'
import type { Stop } from './api.ts'
import type { HubStatus, SpaceStatus } from './status-api.ts'
import { createDueWatch } from './due.ts'
import type { Engine, HubRow } from './engine.ts'
import type { Wallet } from './hub-members/index.ts'
import type { ReplicaSyncSpace } from './sync-space.ts'

/** The links to all hubs of this device. */
export type Network = {
  readonly addHub: (hub: HubRow) => void
  readonly wake: (spaces: Iterable<number>) => void
  readonly wakeParcels: () => void
  /** There are tokens for a hub: what it refused for want of them is tried again. */
  readonly tokensCame: (url: string) => void
  /** Resolves when one hub and this device have the same. @throws KithError `hub-unreachable`. */
  readonly synced: (space: number, timeoutMs: number) => Promise<void>
  /** As `synced`, and what was put on other logs is at that hub too. @throws KithError `hub-unreachable`. */
  readonly delivered: (space: number, timeoutMs: number) => Promise<void>
  /** Resolves when a hub has all that is on its way, and nothing `isDue` to be made. @throws KithError `hub-unreachable`. */
  readonly allDelivered: (isDue: () => boolean, timeoutMs: number) => Promise<void>
  readonly status: () => HubStatus[]
  /** Milliseconds that hubs say our clock is behind, where that is more than they are believed; else 0. */
  readonly clockDoubtMs: () => number
  /** On each hub that has the log open, or to one connection of one of them. */
  readonly signal: (log: Uint8Array, bytes: Uint8Array, to?: Pick<HubSignal, 'hub' | 'from'>) => void
  readonly onSignals: (space: number, listener: SignalListener) => Stop
  readonly spaceStatus: (space: number) => SpaceStatus['hubs']
  readonly close: () => void
}

/** What a space hears that nobody keeps. */
export type SignalListener = {
  readonly opened: (log: Uint8Array) => void
  readonly heard: (signal: HubSignal) => void
}

/** No hub has run before this program was written, and none is asked about the year 2200: what says so is no clock. */
const leastTimeMs = Date.UTC(2026, 0)
const mostTimeMs = Date.UTC(2200, 0)

export const createNetwork = (
  engine: Engine,
  spaces: () => readonly (SyncSpace &
    Pick<ReplicaSyncSpace, 'retryDue'> &
    Partial<Pick<ReplicaSyncSpace, 'entriesAt'>>)[],
  changed: () => void,
  wallet: Pick<Wallet, 'members' | 'tokens' | 'purse'>,
  isolation: Isolation = {},
): Network => {
  const { statements, unit, platform, clock } = engine
  const links = new Map<number, { url: string; link: HubLink }>()
  /** What hubs say that our clock is behind, where that is more than they are believed. */
  let doubtedMs = 0
  /** How far off each hub says that our clock is, by its last hello. */
  const offsets = new Map<number, number>()
  const ends = new Set<(reason: KithError) => void>()
  const signalListeners = new Map<number, SignalListener>()
  const due = createDueWatch(engine, (n) =>
    spaces()
      .find((space) => space.n === n)
      ?.retryDue(),
  )

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
    logOpened: (space, log) => signalListeners.get(space)?.opened(log),
    signalled: (space, signal) => signalListeners.get(space)?.heard(signal),
    greeted: (hub, { key, timeMs }) => {
      const known = engine.hubs().find(({ n }) => n === hub)
      if (!known?.key || !equalBytes(known.key, key)) engine.nameHub(hub, key)
      if (timeMs > leastTimeMs && timeMs < mostTimeMs) offsets.set(hub, timeMs - platform.clock.now())
      correctClock()
      engine.hubGreeted()
    },
  }

  /**
   * Where hubs disagree, the one that is nearest to our clock counts: a single hub that lies cannot move us. Below a
   * minute our clock is as good as a hub's word.
   */
  const correctClock = (): void => {
    const [nearest = 0] = [...offsets.values()].sort((left, right) => Math.abs(left) - Math.abs(right))
    // A clock from before this program was written was never set: then a hub's word is all there is.
    const isTooFar = nearest > clockForwardMsMax && platform.clock.now() > leastTimeMs
    doubtedMs = isTooFar ? nearest : 0
    const correctedMs = Math.abs(nearest) > clockCorrectionMsMax && !isTooFar ? nearest : 0
    if (correctedMs === clock.correctionMs()) return
    clock.correct(correctedMs)
    due.look()
  }

  const createLink = isolation.connectionPerSpace ? createSplitLink : createHubLink
  const addHub = (hub: HubRow): void => {
    if (!links.has(hub.n))
      links.set(hub.n, {
        url: hub.url,
        link: createLink({
          hub: { n: hub.n, url: hub.url },
          platform,
          source,
          isolation,
          purse: wallet.purse,
          changed,
        }),
      })
  }
  for (const hub of engine.hubs()) addHub(hub)
  engine.onUndone(() => {
    for (const { link } of links.values()) link.undone()
  })
  engine.notifier.listen(due.look)
  due.look()

  /** The first of the links for which `wait` succeeds; the wait ends after `timeoutMs`. */
  const first = (wait: (link: HubLink, hub: number) => Promise<void>, timeoutMs: number): Promise<void> =>
    new Promise((resolve, reject) => {
      let isOver = false
      const retries = new Set<Cancel>()
      const end = (settle: () => void): void => {
        if (isOver) return
        isOver = true
        cancelTimeout()
        for (const cancel of retries) cancel()
        ends.delete(fail)
        settle()
      }
      const fail = (reason: KithError): void => end(() => reject(reason))
      const cancelTimeout = platform.clock.after(timeoutMs, () => fail(notInTime(timeoutMs)))
      ends.add(fail)
      // A connection may break while we wait: then the same link is asked again, until the time is over.
      const attempt = (link: HubLink, hub: number): void => {
        wait(link, hub).then(
          () => end(resolve),
          () => {
            if (isOver) return
            const cancel = platform.clock.after(retryMs, () => {
              retries.delete(cancel)
              attempt(link, hub)
            })
            retries.add(cancel)
          },
        )
      }
      if (links.size === 0) return fail(noHub())
      for (const [hub, { link }] of links) attempt(link, hub)
    })

  const notInTime = (timeoutMs: number): KithError => {
    const [problem] = [...links.values()].flatMap(({ link }) => link.status().problem ?? [])
    const why = problem ? ` (${problem.message})` : ''
    return new KithError(
      'hub-unreachable',
      `No hub has answered in time${why}. What you wrote is safe here and syncs later.`,
      { timeoutMs, ...(problem ? { why: problem.code } : {}) },
    )
  }

  const pendingAt = (hub: number): number =>
    statements(
      'SELECT (SELECT count(*) FROM outbox WHERE hub = ?1 AND due <= ?2) + (SELECT count(*) FROM parcel WHERE hub = ?1) AS n',
    ).get(hub, clock.nowMs())?.n as number

  const entriesAt = (hub: number, space: number): { unread: number; unpacked: number } =>
    spaces()
      .find(({ n }) => n === space)
      ?.entriesAt?.(hub) ?? { unread: 0, unpacked: 0 }

  const membershipOf = (url: string): HubStatus['membership'] => {
    const member = wallet.members().find((one) => one.url === url)
    return member && { tokens: wallet.tokens(member.hubKey) }
  }

  return {
    addHub,
    wake: (changedSpaces) => {
      for (const space of changedSpaces) for (const { link } of links.values()) link.wake(space)
    },
    wakeParcels: () => {
      for (const { link } of links.values()) link.wakeParcels()
    },
    tokensCame: (url) => {
      for (const { url: known, link } of links.values()) {
        const code = link.status().problem?.code
        if (known === url && (code === 'tokens-used-up' || code === 'invite-needed')) link.undone()
      }
    },
    synced: (space, timeoutMs) => first((link) => link.synced(space), timeoutMs),
    delivered: (space, timeoutMs) =>
      first(async (link) => {
        await link.parcelsDelivered()
        await link.synced(space)
      }, timeoutMs),
    allDelivered: (isDue, timeoutMs) =>
      first(async (link, hub) => {
        const isThere = link.status().state === 'connected' && pendingAt(hub) === 0 && !isDue()
        // Asked again a little later, like a link that broke.
        if (!isThere) throw new KithError('hub-unreachable', 'The hub does not have everything yet.')
      }, timeoutMs),
    signal: (log, bytes, to) => {
      for (const [hub, { link }] of links) if (!to || to.hub === hub) link.signal(log, bytes, to?.from)
    },
    onSignals: (space, listener) => {
      signalListeners.set(space, listener)
      return () => signalListeners.delete(space)
    },
    clockDoubtMs: () => doubtedMs,
    status: () =>
      [...links].map(([hub, { url, link }]) => {
        const { problem, ...status } = link.status()
        return {
          url,
          ...status,
          problem: problem && { code: problem.code, message: problem.message },
          membership: membershipOf(url),
          pending: pendingAt(hub),
        }
      }),
    spaceStatus: (space) =>
      [...links].map(([hub, { url, link }]) => ({
        url,
        caughtUp: link.isCaughtUp(space),
        ...entriesAt(hub, space),
        pending: statements('SELECT count(*) AS n FROM outbox WHERE hub = ? AND space = ? AND due <= ?').get(
          hub,
          space,
          clock.nowMs(),
        )?.n as number,
      })),
    close: () => {
      due.close()
      const reason = new KithError('closed', 'This person was closed.')
      for (const end of ends) end(reason)
      for (const { link } of links.values()) link.close()
    },
  }
}

const retryMs = 50

const noHub = (): KithError =>
  new KithError('hub-unreachable', 'No hub is set. What you wrote is safe here; name a hub to sync.')
