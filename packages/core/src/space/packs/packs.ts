import { assert, toHex } from '../../bytes/index.ts'
import { entryKinds, sealEntry } from '../../change/index.ts'
import { hasBranches } from '../../database/index.ts'
import { type ClaimPlace, readClaim, signClaim } from '../../keys/index.ts'
import { segmentChangesMax } from '../../limits/index.ts'
import type { Cursor, Numbers, Outgoing, PackWork } from '../../sync/index.ts'
import { type Lane, type NumberedEntry, packLane, tailLane } from '../../wire/index.ts'
import { loadCursor } from '../cursors.ts'
import type { Engine } from '../engine.ts'
import type { Origin } from '../outbox.ts'
import { packAll } from '../packing.ts'
import type { Replica } from '../replica.ts'
import type { SpaceLogs } from '../space-logs.ts'
import { countOf, holds, without } from './numbers.ts'
import { oldestMs, packFrom, type Plan, planPack } from './plan.ts'
import { createReading } from './reading.ts'
import { type ChainRun, createTail, type TailRow } from './tail.ts'

/** Rows of the tail that are looked at in one go; a hub takes so many ids with a pack. */
const rowsAtOnce = 4_096

/** What lies in packs on the logs of one space, and what has yet to be packed. */
export type Packs = {
  /** Notes what entries of a content lane held: `runs` by the entry's place, none where it could not be used. */
  readonly came: (
    at: Origin,
    lane: Lane,
    entries: readonly NumberedEntry[],
    runs: ReadonlyMap<number, readonly ChainRun[]>,
  ) => void
  /** An entry of ours is on a content lane. */
  readonly delivered: (at: Origin, outgoing: Outgoing, n: number) => void
  /** Somebody says what packs hold. @throws KithError for what is no claim. */
  readonly claimed: (at: Origin, payload: Uint8Array, generation: Uint8Array | undefined) => void
  /** What was read moves on: see `SyncSpace.receive`. */
  readonly progress: (at: Origin, lane: Lane, cursor: Cursor | undefined, read: Numbers | undefined) => void
  readonly unread: (at: Origin, lane: Lane) => readonly Numbers[]
  readonly top: (at: Origin) => number | undefined
  readonly doubt: (at: Origin) => void
  readonly isDue: (at: Origin) => boolean
  readonly pack: (at: Origin) => PackWork | undefined
  readonly packed: (at: Origin, work: PackWork) => void
  readonly lost: (at: Origin) => void
  /** How many numbers are still to be read, and how many entries of the tail no pack holds. */
  readonly count: (at: Origin) => { readonly unread: number; readonly unpacked: number }
}

/** In memory: what may be due to be packed, so that the disk is not asked for each entry. */
type Sum = { entries: number; oldestMs: number | undefined; isOwed: boolean }

export const createPacks = (engine: Engine, space: number, replicaOf: () => Replica, logs: SpaceLogs): Packs => {
  const { statements, clock, platform } = engine
  const { crypto } = platform
  const reading = createReading(statements)
  const tail = createTail(statements)
  const sums = new Map<string, Sum>()
  const plans = new WeakMap<PackWork, Plan>()

  const nameOf = ({ hub, log }: Origin): string => `${hub}/${toHex(log)}`
  const sumOf = (at: Origin): Sum => {
    let sum = sums.get(nameOf(at))
    if (!sum) sums.set(nameOf(at), (sum = { ...tail.sum(at), isOwed: false }))
    return sum
  }

  const placeOf = ({ hub, log }: Origin, generation: Uint8Array | undefined): ClaimPlace | undefined => {
    const hubKey = engine.hubs().find(({ n }) => n === hub)?.key
    return hubKey && generation && { log, hubKey, generation }
  }

  const came: Packs['came'] = (at, lane, entries, runs) => {
    const sum = sumOf(at)
    const covered = lane === tailLane ? reading.covered(at) : []
    for (const [place, { n, id, bytes }] of entries.entries()) {
      const found = runs.get(place) ?? []
      if (lane === packLane) tail.packed(at, found)
      if (lane !== tailLane) continue
      const arrivedMs = clock.nowMs()
      tail.add(at, { n, id, size: bytes.length, arrivedMs }, found)
      counted(sum, n, arrivedMs, covered)
    }
  }

  const counted = (sum: Sum, n: number, arrivedMs: number, covered: readonly Numbers[]): void => {
    sum.entries += 1
    sum.oldestMs ??= arrivedMs
    if (holds(covered, n)) sum.isOwed = true
  }

  /**
   * Whether a device wrote something under an epoch that is not here though what it wrote before and after is: then something was said to be in packs that is not.
   * What lies before the first is not counted, for it may be on a log that is closed to us.
   */
  const hasHoles = (epoch: Uint8Array): boolean =>
    statements(`SELECT 1 FROM segment AS s JOIN chain AS c ON c.n = s.chain WHERE c.space = ?1 AND c.class = 1 AND s.epoch = ?2
      AND NOT EXISTS (SELECT 1 FROM segment AS b WHERE b.chain = s.chain AND b.seq < s.seq AND b.seq > s.seq - ?3 AND b.seq + b.count >= s.seq)
      AND EXISTS (SELECT 1 FROM segment AS e WHERE e.chain = s.chain AND e.epoch = ?2 AND e.seq < s.seq) LIMIT 1`).get(
      space,
      epoch,
      segmentChangesMax + 1,
    ) !== undefined

  const unread: Packs['unread'] = (at, lane) => {
    const all = reading.unread(at, lane)
    if (lane !== tailLane || all.length === 0) return all
    const left = without(all, reading.covered(at))
    const log = logs.find(at.log)
    if (left.length > 0 || !log || !hasHoles(log.epoch.hash)) return left
    engine.unit.enter('soon')
    reading.doubt(at)
    return all
  }

  /** Numbers of all segments that hold changes of these runs. */
  const segmentsOf = (rows: readonly TailRow[]): number[] => {
    const find = statements(
      'SELECT change FROM segment WHERE chain = ? AND seq > ? AND seq < ? AND seq + count > ? ORDER BY seq, change',
    )
    const found = rows.flatMap(({ chain, seq, count }) =>
      find.all(chain, seq - segmentChangesMax, seq + count, seq).map(({ change }) => change as number),
    )
    return [...new Set(found)].sort((left, right) => left - right)
  }

  const pack: Packs['pack'] = (at) => {
    const log = logs.find(at.log)
    const cursor = loadCursor(statements, at.hub, at.log, tailLane)
    const place = placeOf(at, cursor?.generation)
    const content = log?.epoch.keys.content
    if (!cursor || !place) return undefined
    engine.unit.enter('soon')
    const { history } = engine.store()
    tail.prune(at, (chain) => hasBranches(statements, history, chain))
    // Looked at again when there is as much again.
    sums.set(nameOf(at), { entries: 0, oldestMs: undefined, isOwed: false })
    if (!log?.keys.write || !content || replicaOf().isReadOnly()) return undefined
    const rows = tail.rows(at, cursor.n, rowsAtOnce)
    const top = rows.length === rowsAtOnce ? (rows.at(-1) as TailRow).n - 1 : cursor.n
    const plan = planPack({
      rows: rows.filter(({ n }) => n <= top),
      top,
      unread: reading.unread(at, tailLane),
      useless: tail.useless(at, top),
      covered: reading.covered(at),
      nowMs: clock.nowMs(),
    })
    if (!plan) return undefined
    const segments = segmentsOf(plan.rows)
    const packed = packAll(engine, replicaOf(), log, segments, packLane)
    // Something does not fit an entry, or its key is gone: then nothing is said of any of it.
    if (packed.reduce((sum, outgoing) => sum + outgoing.segments.length, 0) < segments.length) return undefined
    const claim = signClaim(crypto, engine.person.device.signing, { place, numbers: plan.numbers })
    const key = { baseKey: content, associated: log.epoch.hash }
    const ids = new Map(plan.rows.map(({ n, id }) => [n, id]))
    const work: PackWork = {
      entries: packed.map(({ entry }) => entry),
      claim: sealEntry(crypto, key, entryKinds.claim, claim).bytes,
      covers: [...ids.values()],
    }
    plans.set(work, plan)
    return work
  }

  return {
    came,
    delivered: (at, { lane, entry, segments }, n) => {
      if (lane === packLane) tail.packedSegments(at, segments)
      if (lane !== tailLane) return
      const arrivedMs = clock.nowMs()
      tail.addSegments(at, { n, id: crypto.sha256(entry), size: entry.length, arrivedMs }, segments)
      counted(sumOf(at), n, arrivedMs, reading.covered(at))
    },
    claimed: (at, payload, generation) => {
      const place = placeOf(at, generation)
      const claim = place && readClaim(crypto, replicaOf().membership, payload, place)
      if (!claim) return
      reading.cover(at, claim.numbers)
      sumOf(at).isOwed = true
    },
    progress: (at, lane, cursor, read) => {
      const isFirst = cursor && !loadCursor(statements, at.hub, at.log, lane)
      if (isFirst && read) reading.begin(at, lane, cursor.n)
      if (isFirst && lane === tailLane) reading.limit(at, cursor.n)
      if (read) reading.read(at, lane, read)
    },
    unread,
    top: (at) => reading.covered(at).at(-1)?.high,
    doubt: reading.doubt,
    isDue: (at) => {
      const sum = sumOf(at)
      return sum.isOwed || sum.entries >= packFrom || (sum.oldestMs ?? Infinity) <= clock.nowMs() - oldestMs
    },
    pack,
    packed: (at, work) => {
      const plan = plans.get(work)
      assert(plan, 'what is packed was planned')
      tail.packed(at, plan.rows)
      // Not all of these numbers: one of ours may have been acknowledged since.
      tail.remove(at, new Set(plan.rows.map(({ n }) => n)))
      reading.cover(at, plan.numbers)
    },
    count: (at) => ({
      unread:
        countOf(reading.unread(at, packLane)) + countOf(without(reading.unread(at, tailLane), reading.covered(at))),
      unpacked: tail.sum(at).entries,
    }),
    lost: (at) => {
      tail.lost(at)
      reading.lost(at)
      sums.delete(nameOf(at))
    },
  }
}

export type { ChainRun } from './tail.ts'
