import { equalBytes, KithError, toHex } from '../bytes/index.ts'
import {
  type Change,
  type EntryKey,
  encodeSegment,
  isSpreadKind,
  entryKinds,
  kinds,
  mergeSegments,
  packSegments,
  sealEntry,
} from '../change/index.ts'
import type { ChainEntry, StoredSegment } from '../database/index.ts'
import { entryFillBytes } from '../limits/index.ts'
import type { Outgoing } from '../sync/index.ts'
import type { Lane } from '../wire/index.ts'
import type { Engine } from './engine.ts'
import type { Replica, ReplicaEpoch } from './replica.ts'
import type { SpaceLog } from './space-logs.ts'

/** Segments looked at in one go: a batch of small ones still fills one entry. */
export const segmentsAtOnce = 512
/** So many small segments of one chain are joined into one before they are sealed. */
const joinFrom = 4
export const entriesAtOnce = 8

/** Membership chains whose changes belong on a space's logs: its own, and those of the persons in it. */
export const membershipChains = (engine: Engine, space: number): ChainEntry[] => {
  const { registry } = engine.store()
  const persons = engine
    .statements('SELECT person FROM carried WHERE space = ?')
    .all(space)
    .map((row) => row.person as number)
  return [...persons, space].flatMap((home) => registry.chainsOf(home).filter((chain) => chain.class === 0))
}

/** Numbers of all segments of a space and of the persons in it. Membership first. */
export const segmentsOf = (engine: Engine, space: number): number[] => {
  const { registry, history } = engine.store()
  const content = registry.chainsOf(space).filter((chain) => chain.class === 1)
  return [...membershipChains(engine, space), ...content].flatMap((chain) => history.segmentNumbers(chain.n))
}

/** Content in entries of this size is as good as packed: it goes to the lane of packs at once. Bytes before compression. */
const packedFromBytes = 128 * 1024

type Batch = { readonly lane: Lane; readonly stored: readonly StoredSegment[]; readonly unpacked: number }
type Group = { readonly lane: Lane; readonly key: EntryKey; readonly stored: StoredSegment[]; unpacked: number }

/** Content is sealed under the epoch that it was written in, wherever it lies; membership under that of the log. */
const toKey = (log: SpaceLog, epochs: readonly ReplicaEpoch[], lane: Lane, stored: StoredSegment) => {
  if (lane === 0) return { baseKey: log.epoch.keys.membership, associated: log.epoch.hash }
  const epoch = epochs.find(({ hash }) => equalBytes(hash, stored.epoch))
  return epoch?.keys.content && { baseKey: epoch.keys.content, associated: epoch.hash }
}

/** As `packOutgoing`, all entries of them. What fits no entry, or whose key is not here, is left out. */
export const packAll = (
  engine: Engine,
  replica: Replica,
  log: SpaceLog,
  numbers: readonly number[],
  contentLane?: Lane,
): Outgoing[] => {
  const entries: Outgoing[] = []
  // What is left of them is looked through again for each few entries.
  for (let start = 0; start < numbers.length; start += segmentsAtOnce) {
    let rest: readonly number[] = numbers.slice(start, start + segmentsAtOnce)
    while (rest.length > 0) {
      const packed = packOutgoing(engine, replica, log, rest, contentLane)
      if (packed.length === 0) break
      const done = new Set(packed.flatMap(({ segments }) => segments))
      entries.push(...packed)
      rest = rest.filter((number) => !done.has(number))
    }
  }
  return entries
}

/**
 * Seals segments for a log into entries: each of one epoch and lane, filled up to `entryFillBytes` before compression; the first
 * few entries of them. Content goes to `contentLane`, or, where that is not given, to the tail unless there is much of it.
 */
export const packOutgoing = (
  engine: Engine,
  replica: Replica,
  log: SpaceLog,
  numbers: readonly number[],
  contentLane?: Lane,
): Outgoing[] => {
  const { history, registry } = engine.store()
  const groups: Group[] = []
  const openGroups = new Map<string, Group>()
  for (const number of numbers) {
    const found = history.segment(number)
    if (!found) continue
    const isCarried = registry.chain(found.chain).space !== replica.entry.n
    const stored = isCarried ? withoutEpochs(engine, found) : found
    const lane: Lane = registry.chain(stored.chain).class === 0 ? 0 : 2
    const key = toKey(log, replica.epochs(), lane, stored)
    if (!key) continue
    const name = `${lane}/${toHex(key.associated)}`
    let group = openGroups.get(name)
    if (!group || group.unpacked + stored.unpacked > entryFillBytes) {
      group = { lane, key, stored: [], unpacked: 0 }
      groups.push(group)
      openGroups.set(name, group)
    }
    group.stored.push(stored)
    group.unpacked += stored.unpacked
    if (groups.length > entriesAtOnce) break
  }
  const laneOf = ({ lane, unpacked }: Group): Lane =>
    lane === 0 ? 0 : (contentLane ?? (unpacked >= packedFromBytes ? 1 : 2))
  return groups
    .slice(0, entriesAtOnce)
    .flatMap((group) => sealGroup(engine, { ...group, lane: laneOf(group) }, group.key))
}

/** Segments that are sent otherwise than they are kept. */
const altered = new WeakSet<StoredSegment>()

/** What a person's epochs are is for its devices: others are shown that there was one (membership rule 11). */
const withoutEpochs = (engine: Engine, stored: StoredSegment): StoredSegment => {
  const segment = engine.store().history.decode(stored)
  const isPrivate = ({ header, body }: Change): boolean => header.kind === kinds.epoch && body !== undefined
  if (!segment.changes.some(isPrivate)) return stored
  const changes = segment.changes.map((change) => (isPrivate(change) ? { ...change, body: undefined } : change))
  const bytes = encodeSegment({ ...segment, changes })
  const without = { ...stored, unpacked: bytes.length, bytes: engine.platform.compression.deflate(bytes) }
  altered.add(without)
  return without
}

/** One entry; where that grows too large, each segment by itself; what does not fit even so cannot have come in an entry, and stays. */
const sealGroup = (engine: Engine, { lane, stored, unpacked }: Batch, key: EntryKey): Outgoing[] => {
  const { crypto } = engine.platform
  try {
    const packed = packSegments(deflate(engine, lane, stored))
    const sealed = sealEntry(crypto, key, entryKinds.segments, packed, unpacked)
    return [{ lane, entry: sealed.bytes, segments: stored.map(({ change }) => change) }]
  } catch (cause) {
    if (!(cause instanceof KithError) || cause.code !== 'too-large') throw cause
    if (stored.length === 1) return []
    return stored.flatMap((one) => sealGroup(engine, { lane, stored: [one], unpacked: one.unpacked }, key))
  }
}

const deflate = (engine: Engine, lane: Lane, stored: readonly StoredSegment[]): readonly Uint8Array[] => {
  if (stored.length < joinFrom) return stored.map(({ bytes }) => bytes)
  const { history } = engine.store()
  // A removal or an epoch record goes to other logs too, where those know less: what stands beside it must not go along.
  const isApart = (segment: StoredSegment): boolean =>
    altered.has(segment) ||
    (lane === 0 && history.decode(segment).changes.some(({ header }) => isSpreadKind(header.kind)))
  const apart = new Set(stored.filter(isApart))
  const joined = mergeSegments(stored.filter((segment) => !apart.has(segment)).map((one) => history.decode(one)))
  return [
    ...[...apart].map(({ bytes }) => bytes),
    ...joined.map((segment) => engine.platform.compression.deflate(encodeSegment(segment))),
  ]
}
