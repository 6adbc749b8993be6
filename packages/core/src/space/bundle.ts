import { type CborValue, decodeCbor, encodeCbor, equalBytes, KithError } from '../bytes/index.ts'
import type { SyncSpace } from '../sync/index.ts'
import { bytesToPolicy, type Lane, policyToBytes, policyToLogId } from '../wire/index.ts'
import type { Engine } from './engine.ts'
import type { Replica } from './replica.ts'
import { packOutgoing, segmentsOf } from './sync-space.ts'

/** First field of a bundle, and its format. */
const bundleName = 'kith bundle'
const bundleVersion = 1
/** Packed in one go: what is left of them is looked through again for each few entries. */
const segmentsAtOnce = 512

/**
 * All entries of a space, sealed as for a hub: CBOR ['kith bundle', 1, [[policy, [[lane, entry]…]]…]]. Whoever carries it learns what a hub
 * does, and no more.
 */
export const exportEntries = (engine: Engine, replica: Replica): Uint8Array => {
  const epoch = replica.epochInUse()
  if (!epoch) throw new KithError('cannot-open', 'The keys of this space are not here.')
  const entries: CborValue[] = []
  const numbers = segmentsOf(engine, replica.entry.n)
  for (let start = 0; start < numbers.length; start += segmentsAtOnce) {
    let rest: readonly number[] = numbers.slice(start, start + segmentsAtOnce)
    while (rest.length > 0) {
      const packed = packOutgoing(engine, replica, rest)
      if (packed.length === 0) break
      const done = new Set(packed.flatMap(({ segments }) => segments))
      for (const { lane, entry } of packed) entries.push([lane, entry])
      rest = rest.filter((number) => !done.has(number))
    }
  }
  return encodeCbor([bundleName, bundleVersion, [[policyToBytes(epoch.keys.log.policy), entries]]])
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

/** Finds the space whose log a bundle's is. */
export const findLog = <S extends SyncSpace>(spaces: readonly S[], logId: Uint8Array): S | undefined =>
  spaces.find((space) => {
    const log = space.log()
    return log !== undefined && equalBytes(log.id, logId)
  })

/** A bundle holds no chunks. */
const isLane = (value: CborValue | undefined): value is Lane => value === 0 || value === 1 || value === 2

const isList = (value: CborValue | undefined): value is readonly CborValue[] => Array.isArray(value)

const damaged = (): KithError => new KithError('bad-encoding', 'The bundle is damaged or is no bundle. Make it again.')
