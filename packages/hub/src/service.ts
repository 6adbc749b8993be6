/** A hub without a socket: its storage, and connections over whatever carries whole messages both ways. */
import { trimDelayMs } from '@kith/core/limits'
import type { Clock } from '@kith/core/ports'
import { createAccess } from './access/access.ts'
import { createMembers, type Members } from './access/invite.ts'
import { type AccessOptions, checkAccess, defaultAccess } from './access/options.ts'
import { backupTo } from './backup.ts'
import { type Channel, type Connection, createConnection } from './connection.ts'
import { createLocalFanOut, type FanOut } from './fan-out.ts'
import { createCarrier, noCarrier } from './forward/carrier.ts'
import { checkForward, type ForwardOptions } from './forward/options.ts'
import type { Reach } from './forward/reach.ts'
import { createAllowance } from './limits/allowance.ts'
import { createBuckets } from './limits/bucket.ts'
import { defaultLimits, type HubLimitOptions } from './limits/hub-limits.ts'
import { createKnocks } from './limits/knocks.ts'
import { unlimited } from './limits/prefixes.ts'
import type { HubLog } from './log.ts'
import { createMeter } from './meter.ts'
import { nextTurn, nodeClock } from './node-clock.ts'
import { nodeVerifying, random } from './node-crypto.ts'
import type { HubContext } from './session.ts'
import { dayMs } from './store/days.ts'
import { StoreFailure } from './store/entry-store.ts'
import type { HubStorage } from './store/hub-storage.ts'
import { createTurns } from './turns.ts'

export type HubServiceOptions = {
  readonly storage: HubStorage
  readonly access?: Partial<AccessOptions> | undefined
  readonly limits?: Partial<HubLimitOptions> | undefined
  readonly log?: HubLog | undefined
  readonly clock?: Clock | undefined
  readonly fanOut?: FanOut | undefined
  /** To which other hubs connections are carried; to none unless given. */
  readonly forward?: ForwardOptions | undefined
  /** How those are reached: over sockets unless given. The simulator's go over its wires. */
  readonly reach?: Reach | undefined
  /** The operating system's generator unless given: the simulator's is seeded. */
  readonly random?: ((length: number) => Uint8Array) | undefined
}

export type HubService = {
  readonly context: HubContext
  readonly members: Members
  /** Serves one client. Its channel must give whole messages in order, and tell `closed` once. */
  readonly accept: (channel: Channel, defect: (cause: unknown) => void) => Connection
  /** Drops what is due now; returns how many entries went. */
  readonly dropDue: () => Promise<number>
  /** Copies everything to a folder: see `backup.ts`. */
  readonly backup: (storage: string, folder: string) => Promise<void>
}

const dropPieceEntries = 1000

/** Pieces of 256 KiB that are read for clients at once: encoding and sending them takes as long again as reading. */
const readsMax = 8
/** The same where they wait for S3: a few slow ones must not hold up the others. */
const farReadsMax = 64

export function createHubService(options: HubServiceOptions): HubService {
  const limits = { ...defaultLimits, ...options.limits }
  const access = { ...defaultAccess, ...options.access }
  checkAccess(access)
  if (options.forward !== undefined) checkForward(options.forward)
  const clock = options.clock ?? nodeClock
  const log = options.log ?? (() => {})
  const randomBytes = options.random ?? random
  const meter = createMeter()
  const { identity, store, fanOut } = options.storage.start({
    ...limits,
    wantsTokens: access.access !== 'open',
    wallDay: Math.floor(clock.now() / dayMs),
    trimDays: trimDelayMs / dayMs,
    random: randomBytes,
    soon: clock.soon,
    failed({ reason }) {
      meter.add('storageFailures')
      log({ event: 'storage-failed', reason })
    },
  })
  const newLogs = createBuckets({ ...limits.perConnection, newLogs: limits.newLogs }, clock.monotonic)
  const context: HubContext = {
    identity,
    crypto: nodeVerifying,
    clock,
    turns: createTurns(clock),
    readTurns: createTurns(clock, options.storage.isFar === true ? farReadsMax : readsMax),
    random: randomBytes,
    store,
    knocks: createKnocks(store, limits, clock.monotonic, options.storage.isShared),
    access: createAccess(store.access, identity, access, limits, clock),
    carrier:
      options.forward === undefined
        ? noCarrier
        : createCarrier(options.forward, identity.publicKey, limits, options.reach),
    newLogs: { add: () => void newLogs.take('newLogs', 1), room: () => newLogs.room('newLogs') },
    fanOut: options.fanOut ?? fanOut ?? createLocalFanOut(),
    limits,
    meter,
  }

  async function dropDue(): Promise<number> {
    let dropped = 0
    try {
      await store.tick(Math.floor(clock.now() / dayMs))
      await context.access.tidy()
      let isDone = false
      let logs = 0
      while (!isDone) {
        const piece = await store.expire(dropPieceEntries)
        dropped += piece.entries
        logs += piece.logs
        meter.add('entriesExpired', piece.entries)
        meter.add('logsExpired', piece.logs)
        isDone = piece.isDone
        await nextTurn(clock)
      }
      if (dropped > 0 || logs > 0) await store.scrub()
      await store.tend()
    } catch (cause) {
      if (!(cause instanceof StoreFailure)) throw cause
      log({ event: 'storage-failed', reason: cause.reason })
    }
    if (dropped > 0) log({ event: 'entries-dropped', entries: dropped })
    return dropped
  }

  return {
    context,
    members: createMembers(store.access, identity.publicKey, access.inviteDays, clock.now),
    accept: (channel, defect) => {
      const buckets = createBuckets(limits.perConnection, clock.monotonic)
      return createConnection(context, channel, createAllowance(buckets, unlimited), defect)
    },
    dropDue,
    backup: (storage, folder) => backupTo(store.snapshot, storage, folder),
  }
}
