import { type CborValue, decodeCbor, encodeCbor, KithError } from '../bytes/index.ts'
import { bytesToPolicy, type Lane, policyToBytes, policyToLogId } from '../wire/index.ts'
import type { Engine } from './engine.ts'
import type { Replica } from './replica.ts'
import { packAll, segmentsOf } from './packing.ts'
import { createSpaceLogs, type SpaceLog } from './space-logs.ts'
import type { ReplicaSyncSpace } from './sync-space.ts'

/** First field of a bundle, and its format. */
const bundleName = 'kith bundle'
const bundleVersion = 1

/**
 * All entries of a space, sealed as for a hub: CBOR ['kith bundle', 1, [[policy, [[lane, entry]…]]…]]. Whoever carries it learns what a hub
 * does, and no more.
 */
export const exportEntries = (engine: Engine, replica: Replica): Uint8Array => {
  const { n } = replica.entry
  const logs = createSpaceLogs({
    engine,
    n,
    replicaOf: () => replica,
    visitedMs: () => undefined,
    leftMs: () => undefined,
    isOwed: () => false,
  })
  const target = logs.target()
  const inUse = target && logs.mainOf(target.hash)
  if (!inUse) throw new KithError('cannot-open', 'The keys of this space are not here.')
  const { history, registry } = engine.store()
  const byLog = new Map<SpaceLog, number[]>([[inUse, []]])
  for (const number of segmentsOf(engine, n)) {
    const stored = history.segment(number)
    const log = stored && registry.chain(stored.chain).class === 1 ? logs.mainOf(stored.epoch) : inUse
    if (!log) continue
    const numbers = byLog.get(log) ?? []
    numbers.push(number)
    byLog.set(log, numbers)
  }
  const written = [...byLog].map(([log, numbers]) => [
    policyToBytes(log.keys.policy),
    packAll(engine, replica, log, numbers).map(({ lane, entry }): CborValue => [lane, entry]),
  ])
  return encodeCbor([bundleName, bundleVersion, written])
}

export type BundleLog = {
  readonly logId: Uint8Array
  readonly entries: readonly { readonly lane: Lane; readonly bytes: Uint8Array }[]
}

/** Reads a bundle from outside. @throws KithError `bad-encoding`, `bad-key`, `protocol-version`. */
export const readBundle = (engine: Engine, bytes: Uint8Array): BundleLog[] => {
  const value = decodeCbor(bytes)
  if (!isList(value) || value.length !== 3 || value[0] !== bundleName) throw damaged()
  if (value[1] !== bundleVersion)
    throw new KithError('protocol-version', 'The bundle was made by another version of Kith. Update the older one.')
  if (!isList(value[2])) throw damaged()
  return value[2].map((log) => {
    if (!isList(log) || log.length !== 2 || !(log[0] instanceof Uint8Array) || !isList(log[1])) throw damaged()
    const entries = log[1].map((entry) => {
      if (!isList(entry) || entry.length !== 2) throw damaged()
      const [lane, sealed] = entry
      if (!isLane(lane) || !(sealed instanceof Uint8Array)) throw damaged()
      return { lane, bytes: sealed }
    })
    return { logId: policyToLogId(bytesToPolicy(log[0]), engine.platform.crypto), entries }
  })
}

/** The space that a bundle is of, with the entries of all its logs: the first of them that is here. */
export const findSpace = (
  spaces: readonly ReplicaSyncSpace[],
  logs: readonly BundleLog[],
): { readonly space: ReplicaSyncSpace; readonly entries: BundleLog['entries'] } | undefined => {
  const space = spaces.find(({ space: known }) => logs.some(({ logId }) => known.find(logId)))
  return space && { space, entries: logs.flatMap(({ entries }) => entries) }
}

/** A bundle holds no chunks. */
const isLane = (value: CborValue | undefined): value is Lane => value === 0 || value === 1 || value === 2

const isList = (value: CborValue | undefined): value is readonly CborValue[] => Array.isArray(value)

const damaged = (): KithError => new KithError('bad-encoding', 'The bundle is damaged or is no bundle. Make it again.')
