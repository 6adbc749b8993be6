import { type CborValue, decodeCbor, encodeCbor, KithError } from '../bytes/index.ts'
import type { Outgoing } from '../sync/index.ts'
import { bytesToPolicy, type Lane, policyToBytes, policyToLogId } from '../wire/index.ts'
import type { BoxesOut } from './boxes-out.ts'
import type { Engine } from './engine.ts'
import { packAll, segmentsOf } from './packing.ts'
import type { Placing } from './placing.ts'
import type { Replica } from './replica.ts'
import type { SpaceLog, SpaceLogs } from './space-logs.ts'

/** First field of a bundle, and its format. */
const bundleName = 'kith bundle'
const bundleVersion = 1

export type BundleInput = {
  readonly engine: Engine
  readonly replica: Replica
  readonly logs: SpaceLogs
  readonly placing: Placing
  readonly boxes: BoxesOut
}

/**
 * All entries of a space, sealed as for a hub that has nothing of it: CBOR ['kith bundle', 1, [[policy, [[lane, entry]…]]…]]. Whoever carries it
 * learns what a hub does, and no more.
 *
 * @throws KithError `cannot-open` without keys of the space.
 */
export const sealBundle = (input: BundleInput): Uint8Array => {
  const { engine, replica, logs, boxes } = input
  const target = logs.target()
  const inUse = target && logs.mainOf(target.hash)
  if (!inUse) throw new KithError('cannot-open', 'The keys of this space are not here.')
  const byLog = placeAll(input, inUse)
  const written = [...byLog].flatMap(([log, numbers]) => {
    const entries: readonly Pick<Outgoing, 'lane' | 'entry'>[] = [
      ...boxes.all(log),
      ...packAll(engine, replica, log, numbers),
    ]
    if (entries.length === 0) return []
    return [[policyToBytes(log.keys.policy), entries.map(({ lane, entry }): CborValue => [lane, entry])]]
  })
  return encodeCbor([bundleName, bundleVersion, written])
}

/** Numbers of segments by main log. All membership is for the log in use; older ones lead to it who knows only them. */
const placeAll = ({ engine, replica, logs, placing }: BundleInput, inUse: SpaceLog): Map<SpaceLog, number[]> => {
  const { history, registry } = engine.store()
  const byLog = new Map<SpaceLog, number[]>([[inUse, []]])
  for (const log of logs.all()) if (!log.isDoor && log !== inUse) byLog.set(log, [])
  for (const number of segmentsOf(engine, replica.entry.n)) {
    const stored = history.segment(number)
    if (!stored) continue
    if (registry.chain(stored.chain).class === 1) {
      const log = logs.mainOf(stored.epoch)
      if (log) byLog.get(log)?.push(number)
    } else
      for (const [log, numbers] of byLog) if (log === inUse || placing.placeOn(log, stored, 0)) numbers.push(number)
  }
  return byLog
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

/** A bundle holds no chunks. */
const isLane = (value: CborValue | undefined): value is Lane => value === 0 || value === 1 || value === 2

const isList = (value: CborValue | undefined): value is readonly CborValue[] => Array.isArray(value)

const damaged = (): KithError => new KithError('bad-encoding', 'The bundle is damaged or is no bundle. Make it again.')
