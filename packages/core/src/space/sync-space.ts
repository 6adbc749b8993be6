import { equalBytes, KithError, toHex } from '../bytes/index.ts'
import {
  type EntryKey,
  encodeSegment,
  entryKinds,
  mergeSegments,
  openEntry,
  packSegments,
  sealEntry,
  type UnpackedSegment,
  unpackSegments,
} from '../change/index.ts'
import type { Haste, StoredSegment } from '../database/index.ts'
import { entryFillBytes } from '../limits/index.ts'
import type { Cursor, Outgoing, SyncSpace } from '../sync/index.ts'
import { type Lane, policyToLogId } from '../wire/index.ts'
import type { Engine } from './engine.ts'
import { requeueParcels } from './invite.ts'
import type { Replica, ReplicaEpoch } from './replica.ts'

/** The key that entries of a lane are sealed with. */
const keyOf = (epoch: ReplicaEpoch, lane: Lane): EntryKey => ({
  baseKey: lane === 0 ? epoch.keys.membership : (epoch.keys.content ?? epoch.keys.membership),
  associated: epoch.hash,
})

/** Segments looked at in one go: a batch of small ones still fills one entry. */
const segmentsAtOnce = 512
/** So many small segments of one chain are joined into one before they are sealed. */
const joinFrom = 4

export type ReplicaSyncSpace = SyncSpace & {
  /**
   * Takes entries from a bundle, all that can be used. Returns the number of changes that were new.
   * @throws KithError for the first that cannot be used, after the others were taken.
   */
  readonly takeBundle: (entries: readonly { readonly lane: Lane; readonly bytes: Uint8Array }[]) => number
  /** Judges again what waits for our clock. */
  readonly retryDue: () => void
}

/** What a replica's log gives to and takes from hubs. Sealing and opening happen here, so that `sync` never holds a key. */
export const createSyncSpace = (engine: Engine, n: number, replicaOf: () => Replica): ReplicaSyncSpace => {
  const { statements, unit, platform } = engine
  const { crypto, compression } = platform
  const own = engine.person.device.signing.publicKey

  const logId = (epoch: ReplicaEpoch): Uint8Array => policyToLogId(epoch.keys.log.policy, crypto)

  /** What fails half-way is undone whole: otherwise a cursor could stand behind an entry that was not kept. */
  const write = <Result>(run: () => Result, haste: Haste = 'soon'): Result => {
    try {
      unit.enter(haste)
      return run()
    } catch (cause) {
      unit.abandon(cause)
      throw cause
    }
  }

  const saveCursor = (hub: number, log: Uint8Array, lane: number, { generation, n: at, id }: Cursor): void =>
    statements('INSERT OR REPLACE INTO cursor (hub, log, lane, generation, n, id) VALUES (?, ?, ?, ?, ?, ?)').run(
      hub,
      log,
      lane,
      generation,
      at,
      id,
    )
  const loadCursor = (hub: number, log: Uint8Array, lane: number): Cursor | undefined =>
    statements('SELECT generation, n, id FROM cursor WHERE hub = ? AND log = ? AND lane = ?').get(hub, log, lane) as
      | Cursor
      | undefined

  /** Opens one entry and hands on its segments. An epoch's key opens only what belongs to that epoch (membership rule 18). */
  const open = (lane: Lane, bytes: Uint8Array, into: UnpackedSegment[]): void => {
    const replica = replicaOf()
    const opened = openEntry(
      crypto,
      bytes,
      replica.epochs().map((epoch) => keyOf(epoch, lane)),
    )
    if (opened.kind === entryKinds.boxes) {
      replica.boxesCame(opened.payload)
      return
    }
    if (opened.kind !== entryKinds.segments)
      throw new KithError('not-supported', 'An entry is of a kind that this version does not know.')
    const unpacked = unpackSegments(compression, opened.payload, bytes.length)
    if (lane !== 0 && unpacked.some((segment) => !isOfEpoch(segment.bytes, opened.key.associated)))
      throw new KithError('bad-encoding', 'An entry holds changes of another epoch than its key. It was refused.')
    // The deflated bytes are views of the frame: what outlives this call is copied.
    for (const { deflated, bytes: segment } of unpacked) into.push({ deflated: deflated.slice(), bytes: segment })
  }

  /** Opens what can be opened and takes it in. A failure of this device's disk is no refusal: it ends the transaction. */
  const take = (lane: Lane, entries: readonly Uint8Array[], hub: number | undefined) => {
    const refused: KithError[] = []
    const segments: UnpackedSegment[] = []
    for (const entry of entries) {
      try {
        open(lane, entry, segments)
      } catch (cause) {
        if (!(cause instanceof KithError)) throw cause
        refused.push(cause)
      }
    }
    const taken = segments.length > 0 ? replicaOf().receive(segments, hub, lane === 0 ? 'membership' : 'content') : none
    refused.push(...taken.refused)
    const ownFailure = refused.find(isOwnFailure)
    if (ownFailure) throw ownFailure
    return { fresh: taken.fresh, refused }
  }

  return {
    n,
    log: () => {
      const epoch = replicaOf().epochInUse()
      if (!epoch) return undefined
      const { policy, read, write: writing } = epoch.keys.log
      const rights = [
        ...(read ? [{ right: 'read' as const, seed: read.seed }] : []),
        ...(writing ? [{ right: 'write' as const, seed: writing.seed }] : []),
      ]
      return { id: logId(epoch), wish: { policy, rights }, mayWrite: writing !== undefined }
    },
    cursor: loadCursor,
    comparedIn: (hub, log) => loadCursor(hub, log, comparedMark)?.generation,
    compared: (hub, log, generation) => write(() => saveCursor(hub, log, comparedMark, { generation, n: 0, id: noId })),
    receive: (hub, log, lane, entries, cursor) =>
      write(() => {
        const { refused } = take(lane, entries, hub)
        if (cursor) saveCursor(hub, log, lane, cursor)
        return refused
      }),
    outgoing: (hub, flying, whose) => {
      const most = segmentsAtOnce + flying.size
      const rows =
        whose === 'own'
          ? statements(ownOutbox).all(hub, n, own, most)
          : statements('SELECT change FROM outbox WHERE hub = ? AND space = ? ORDER BY change LIMIT ?').all(
              hub,
              n,
              most,
            )
      const numbers = rows.map((row) => row.change as number).filter((change) => !flying.has(change))
      return numbers.length === 0 ? [] : packOutgoing(engine, replicaOf(), numbers)
    },
    delivered: (hub, log, { lane, segments }, cursor) =>
      write(() => {
        for (const change of segments)
          statements('DELETE FROM outbox WHERE hub = ? AND space = ? AND change = ?').run(hub, n, change)
        if (cursor) saveCursor(hub, log, lane, cursor)
      }, 'later'),
    lost: (hub) =>
      write(() => {
        const replica = replicaOf()
        for (const epoch of replica.epochs())
          statements('DELETE FROM cursor WHERE hub = ? AND log = ?').run(hub, logId(epoch))
        for (const change of segmentsOf(engine, n))
          statements('INSERT OR IGNORE INTO outbox (hub, space, change) VALUES (?, ?, ?)').run(hub, n, change)
        requeueParcels(engine, replica, hub)
      }),
    takeBundle: (entries) => {
      // Membership comes before what it judges.
      const taken = write(() =>
        ([0, 1, 2] as const).map((lane) => {
          const bytes = entries.filter((entry) => entry.lane === lane).map((entry) => entry.bytes)
          return take(lane, bytes, undefined)
        }),
      )
      const [refused] = taken.flatMap((lane) => lane.refused)
      if (refused) throw refused
      return taken.reduce((sum, { fresh }) => sum + fresh, 0)
    },
    retryDue: () => write(() => replicaOf().retry()),
    pending: (hub) =>
      statements('SELECT count(*) AS n FROM outbox WHERE hub = ? AND space = ?').get(hub, n)?.n as number,
  }
}

/** In the place of a lane: the generation in which a hub has last shown all that it has. */
const comparedMark = -1
const noId = new Uint8Array(0)

const ownOutbox = `SELECT o.change FROM outbox o JOIN segment s ON s.change = o.change JOIN chain c ON c.n = s.chain
  WHERE o.hub = ? AND o.space = ? AND c.device = ? ORDER BY o.change LIMIT ?`

const none = { fresh: 0, refused: [] as readonly KithError[] }

const isOwnFailure = ({ code }: KithError): boolean => code.startsWith('storage-') || code === 'closed'

/**
 * Whether a segment says that it is of this epoch, read from its beginning alone: CBOR [v, suite, space, device, epoch, …]. One
 * that lies further on is found when it is decoded.
 */
const isOfEpoch = (segment: Uint8Array, epoch: Uint8Array): boolean => {
  let at = 3
  for (let skipped = 0; skipped < 2; skipped += 1) at += segment[at] === 0x58 ? 2 + (segment[at + 1] ?? 0) : 1
  return equalBytes(segment.subarray(at + 2, at + 2 + epoch.length), epoch)
}

/** Numbers of all segments that belong on a space's log: its own, and those of the persons in it. Membership first. */
export const segmentsOf = (engine: Engine, space: number): number[] => {
  const { registry, history } = engine.store()
  const persons = engine
    .statements('SELECT person FROM carried WHERE space = ?')
    .all(space)
    .map((row) => row.person as number)
  const chains = [
    ...persons.flatMap((person) => registry.chainsOf(person).filter((chain) => chain.class === 0)),
    ...registry.chainsOf(space),
  ]
  return chains.sort((left, right) => left.class - right.class).flatMap((chain) => history.segmentNumbers(chain.n))
}

type Batch = { readonly lane: Lane; readonly stored: readonly StoredSegment[]; readonly unpacked: number }
type Group = { readonly lane: Lane; readonly epoch: ReplicaEpoch; readonly stored: StoredSegment[]; unpacked: number }

/**
 * Seals segments into entries: each of one epoch and lane, filled up to `entryFillBytes` before compression; the first few
 * entries of them.
 */
export const packOutgoing = (engine: Engine, replica: Replica, numbers: readonly number[]): Outgoing[] => {
  const { history, registry } = engine.store()
  const groups: Group[] = []
  const openGroups = new Map<string, Group>()
  for (const number of numbers) {
    const stored = history.segment(number)
    if (!stored) continue
    const chain = registry.chain(stored.chain)
    const lane: Lane = chain.class === 0 ? 0 : 2
    const epoch =
      lane === 0 ? replica.epochInUse() : replica.epochs().find(({ hash }) => equalBytes(hash, stored.epoch))
    if (!epoch) continue
    const key = `${lane}/${toHex(epoch.hash)}`
    let group = openGroups.get(key)
    if (!group || group.unpacked + stored.unpacked > entryFillBytes) {
      group = { lane, epoch, stored: [], unpacked: 0 }
      groups.push(group)
      openGroups.set(key, group)
    }
    group.stored.push(stored)
    group.unpacked += stored.unpacked
    if (groups.length > entriesAtOnce) break
  }
  return groups.slice(0, entriesAtOnce).flatMap((group) => sealGroup(engine, group, keyOf(group.epoch, group.lane)))
}

const entriesAtOnce = 8

/** One entry; where that grows too large, each segment by itself; what does not fit even so cannot have come in an entry, and stays. */
const sealGroup = (engine: Engine, { lane, stored, unpacked }: Batch, key: EntryKey): Outgoing[] => {
  const { crypto } = engine.platform
  try {
    const sealed = sealEntry(crypto, key, entryKinds.segments, packSegments(deflate(engine, stored)), unpacked)
    return [{ lane, entry: sealed.bytes, segments: stored.map(({ change }) => change) }]
  } catch (cause) {
    if (!(cause instanceof KithError) || cause.code !== 'too-large') throw cause
    if (stored.length === 1) return []
    return stored.flatMap((one) => sealGroup(engine, { lane, stored: [one], unpacked: one.unpacked }, key))
  }
}

const deflate = (engine: Engine, stored: readonly StoredSegment[]): readonly Uint8Array[] => {
  if (stored.length < joinFrom) return stored.map(({ bytes }) => bytes)
  const { history } = engine.store()
  const segments = mergeSegments(stored.map((segment) => history.decode(segment)))
  return segments.map((segment) => engine.platform.compression.deflate(encodeSegment(segment)))
}
