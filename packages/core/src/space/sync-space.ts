import { equalBytes, KithError } from '../bytes/index.ts'
import type { Haste } from '../database/index.ts'
import type { SyncSpace } from '../sync/index.ts'
import type { Lane } from '../wire/index.ts'
import { createBoxesOut } from './boxes-out.ts'
import { type BundleLog, sealBundle } from './bundle.ts'
import { forgetCursor, forgetCursors, loadCursor, saveCursor } from './cursors.ts'
import type { Engine } from './engine.ts'
import { createEntryOpener, type OpenedSegment } from './entry-opener.ts'
import type { ReceiveResult } from './incoming.ts'
import { requeueParcels } from './invite.ts'
import { entriesAtOnce, membershipChains, packOutgoing, segmentsAtOnce } from './packing.ts'
import { dequeue, enqueue, enqueueContent, neverMs, type Origin } from './outbox.ts'
import { type ChainRun, createPacks } from './packs/index.ts'
import { createPlacing, type Placing } from './placing.ts'
import type { Replica } from './replica.ts'
import { createSpaceLogs, type SpaceLog, type SpaceLogs } from './space-logs.ts'

export type ReplicaSyncSpace = SyncSpace & {
  readonly space: SpaceLogs
  /** Which logs a segment belongs on that was just kept; `from`: where it came from. */
  readonly places: Placing['places']
  /** All of the space in one file (`sealBundle`). @throws KithError `cannot-open`. */
  readonly sealBundle: () => Uint8Array
  /**
   * Takes what a bundle holds, all that can be used. Returns the number of changes that were new.
   * @throws KithError for the first that cannot be used, after the others were taken.
   */
  readonly takeBundle: (bundle: readonly BundleLog[]) => number
  /** Judges again what waits for our clock. */
  readonly retryDue: () => void
  /** Entries at a hub that are still to be read, at most, and those that no pack holds. */
  readonly entriesAt: (hub: number) => { readonly unread: number; readonly unpacked: number }
}

/** What a replica's logs give to and take from hubs. Sealing and opening happen here, so that `sync` never holds a key. */
export const createSyncSpace = (engine: Engine, n: number, replicaOf: () => Replica): ReplicaSyncSpace => {
  const { statements, unit, platform, clock } = engine
  const { crypto } = platform
  const own = engine.person.device.signing.publicKey

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

  const logs = createSpaceLogs({
    engine,
    n,
    replicaOf,
    visitedMs: (hub, log) => loadCursor(statements, hub, log, comparedMark)?.n,
    leftMs: (hub, log) => loadCursor(statements, hub, log, leftMark)?.n,
    isOwed: (hub, log) =>
      statements('SELECT 1 FROM outbox WHERE hub = ? AND space = ? AND log = ? AND due < ? LIMIT 1').get(
        hub,
        n,
        log,
        neverMs,
      ) !== undefined,
  })
  const placing = createPlacing(engine, replicaOf, logs)
  const boxes = createBoxesOut(engine, n, replicaOf, logs)
  const opener = createEntryOpener(engine, replicaOf)
  const packs = createPacks(engine, n, replicaOf, logs)

  /** Opens what can be opened and takes it in. A failure of this device's disk is no refusal: it ends the transaction. */
  const take = (lane: Lane, entries: readonly Uint8Array[], from: Origin | undefined) => {
    const { segments, sealedBoxes, claims, useless, refused } = opener.open(lane, entries)
    const replica = replicaOf()
    const taken = segments.length > 0 ? replica.receive(segments, from, lane === 0 ? 'membership' : 'content') : none
    refused.push(...taken.refused)
    for (const sealed of sealedBoxes) {
      try {
        replica.boxesCame(sealed)
        if (from) boxes.shown(from, crypto.sha256(sealed))
        else boxes.came()
      } catch (cause) {
        if (!(cause instanceof KithError)) throw cause
        refused.push(cause)
      }
    }
    const ownFailure = refused.find(isOwnFailure)
    if (ownFailure) throw ownFailure
    if (lane === 0) releaseCopies()
    return { fresh: taken.fresh, refused, claims, runs: runsByEntry(segments, taken.runs, useless) }
  }

  /** By the place of the entry; of one of which anything could not be used, nothing. */
  const runsByEntry = (
    segments: readonly OpenedSegment[],
    runs: ReceiveResult['runs'],
    useless: ReadonlySet<number>,
  ): Map<number, ChainRun[]> => {
    const byEntry = new Map<number, ChainRun[]>()
    const refused = new Set(useless)
    for (const segment of segments) {
      const run = runs.get(segment)
      if (!run) refused.add(segment.entry)
      else byEntry.set(segment.entry, [...(byEntry.get(segment.entry) ?? []), run])
    }
    for (const place of refused) byEntry.delete(place)
    return byEntry
  }

  /** What came through a door goes to the other logs once it is known to be valid. */
  const releaseCopies = (): void => {
    const held = statements('SELECT DISTINCT change FROM outbox WHERE space = ? AND due = ?').all(n, neverMs)
    const { history } = engine.store()
    for (const { change } of held) {
      const stored = history.segment(Math.abs(change as number))
      if (stored && placing.isWorthCopying(stored))
        statements('UPDATE outbox SET due = 0 WHERE space = ? AND change = ? AND due = ?').run(
          n,
          change as number,
          neverMs,
        )
    }
  }

  /** Whether a log is new to a hub that has an older one of the space whole: who joins finds the history there. */
  const isBegunHere = (hub: number, id: Uint8Array, generation: Uint8Array): boolean =>
    loadCursor(statements, hub, id, comparedMark) === undefined &&
    logs.superseded().some((older) => {
      const compared = loadCursor(statements, hub, older.id, comparedMark)?.generation
      return compared !== undefined && equalBytes(compared, generation)
    })

  /** Everything that belongs on a log, which may have lost it. */
  const queueAll = (hub: number, log: SpaceLog, historyMs: number): void => {
    const { history, registry } = engine.store()
    const isTarget = log.epoch === logs.target() && !log.isDoor
    const nowMs = clock.nowMs()
    // Only the newest log is given the history: what still waits to go into one that is superseded by now need not.
    if (isTarget)
      statements('DELETE FROM outbox WHERE hub = ? AND space = ? AND log <> ? AND due > ? AND due < ?').run(
        hub,
        n,
        log.id,
        nowMs,
        neverMs,
      )
    // What was never sent anywhere is ours to bring now; what waits to be copied is not that.
    const unsent = new Set(
      statements(
        'SELECT DISTINCT abs(change) AS change FROM outbox WHERE hub = ? AND space = ? AND log <> ? AND due <= ?',
      )
        .all(hub, n, log.id, nowMs)
        .map(({ change }) => change as number),
    )
    for (const chain of membershipChains(engine, n)) {
      for (const number of history.segmentNumbers(chain.n)) {
        const stored = history.segment(number)
        const place =
          stored && placing.placeOn(log, stored, unsent.has(number) && !placing.isTold(stored) ? 0 : historyMs)
        if (place) enqueue(statements, hub, n, number, place)
      }
    }
    if (log.isDoor) return
    const content = registry.chainsOf(n).filter((chain) => chain.class === 1)
    const epochs = isTarget ? logs.endangered().filter((epoch) => !equalBytes(epoch, log.epoch.hash)) : []
    for (const chain of content) {
      const at = { log: log.id, chain: chain.n }
      enqueueContent(statements, hub, n, { ...at, epoch: log.epoch.hash, dueMs: 0 })
      for (const epoch of epochs) enqueueContent(statements, hub, n, { ...at, epoch, dueMs: historyMs })
    }
    if (isTarget) requeueParcels(engine, replicaOf(), hub)
  }

  return {
    n,
    packs: {
      unread: (hub, log, lane) => packs.unread({ hub, log }, lane),
      read: (hub, log, lane, numbers) => write(() => packs.progress({ hub, log }, lane, undefined, numbers)),
      top: (hub, log) => packs.top({ hub, log }),
      doubt: (hub, log) => write(() => packs.doubt({ hub, log })),
      isDue: (hub, log) => packs.isDue({ hub, log }),
      pack: (hub, log) => write(() => packs.pack({ hub, log })),
      packed: (hub, log, work) => write(() => packs.packed({ hub, log }, work)),
    },
    space: logs,
    logs: logs.wanted,
    cursor: (hub, log, lane) => loadCursor(statements, hub, log, lane),
    comparedIn: (hub, log) => loadCursor(statements, hub, log, comparedMark)?.generation,
    compared: (hub, log, generation) => {
      const known = loadCursor(statements, hub, log, comparedMark)
      const nowMs = clock.nowMs()
      const isNoted = known && equalBytes(known.generation, generation) && nowMs - known.n < visitNotedMs
      if (!isNoted) write(() => saveCursor(statements, hub, log, comparedMark, { generation, n: nowMs, id: noId }))
      const isLeft = logs.find(log)?.isFollowed === false
      if (isLeft === (loadCursor(statements, hub, log, leftMark) !== undefined)) return
      write(() =>
        isLeft
          ? saveCursor(statements, hub, log, leftMark, { generation, n: nowMs, id: noId })
          : forgetCursor(statements, hub, log, leftMark),
      )
    },
    receive: (hub, log, lane, entries, cursor, read) =>
      write(() => {
        const at = { hub, log }
        const bytes = entries.map((entry) => entry.bytes)
        const { refused, claims, runs } = take(lane, bytes, at)
        packs.progress(at, lane, cursor, read)
        if (lane !== 0) packs.came(at, lane, entries, runs)
        const { generation } = cursor ?? loadCursor(statements, hub, log, lane) ?? {}
        for (const claim of claims) refused.push(...refusalOf(() => packs.claimed(at, claim, generation)))
        if (cursor) saveCursor(statements, hub, log, lane, cursor)
        return refused
      }),
    outgoing: (hub, id, flying, whose) => {
      const log = logs.find(id)
      if (!log?.keys.write) return { entries: [], isAll: true }
      const most = segmentsAtOnce + flying.size
      const nowMs = clock.nowMs()
      const rows =
        whose === 'own'
          ? statements(ownOutbox).all(hub, n, id, nowMs, own, most)
          : statements(outbox).all(hub, n, id, nowMs, most)
      const numbers = rows.map((row) => Math.abs(row.change as number)).filter((change) => !flying.has(change))
      const packed = numbers.length === 0 ? [] : packOutgoing(engine, replicaOf(), log, numbers)
      const entries = [...packed, ...boxes.outgoing({ hub, log: id }, flying, whose)]
      return { entries, isAll: rows.length < most && packed.length < entriesAtOnce }
    },
    delivered: (hub, log, outgoing, number, cursor) =>
      write(() => {
        const { lane, segments } = outgoing
        dequeue(
          statements,
          { hub, log },
          n,
          segments.filter((change) => change > 0),
        )
        for (const change of segments) if (change < 0) boxes.delivered({ hub, log }, change)
        if (lane !== 0) packs.delivered({ hub, log }, outgoing, number)
        packs.progress({ hub, log }, lane, cursor, undefined)
        if (cursor) saveCursor(statements, hub, log, lane, cursor)
      }, 'later'),
    lost: (hub, id, generation) =>
      write(() => {
        const historyMs = isBegunHere(hub, id, generation) ? placing.historyDueMs() : 0
        forgetCursors(statements, hub, id)
        packs.lost({ hub, log: id })
        boxes.lost({ hub, log: id })
        const log = logs.find(id)
        if (log?.keys.write) queueAll(hub, log, historyMs)
      }),
    dueInMs: (hub, log) => {
      const nowMs = clock.nowMs()
      const row = statements(
        'SELECT min(due) AS due FROM outbox WHERE hub = ? AND space = ? AND log = ? AND due > ? AND due < ?',
      ).get(hub, n, log, nowMs, neverMs)
      return typeof row?.due === 'number' ? row.due - nowMs : undefined
    },
    places: placing.places,
    sealBundle: () => sealBundle({ engine, replica: replicaOf(), logs, placing, boxes }),
    takeBundle: (bundle) => {
      let rest = bundle
      const taken = write(() => {
        const takeLane = (lane: Lane, from: readonly BundleLog[]) =>
          take(
            lane,
            from.flatMap(({ entries }) => entries.filter((entry) => entry.lane === lane).map(({ bytes }) => bytes)),
            undefined,
          )
        const lanes: ReturnType<typeof take>[] = []
        // Membership comes before what it judges, and may bring the keys of further logs.
        for (;;) {
          const found = rest.filter(({ logId }) => logs.find(logId))
          if (found.length === 0) break
          rest = rest.filter((log) => !found.includes(log))
          lanes.push(takeLane(0, found))
        }
        const open = bundle.filter((log) => !rest.includes(log))
        return [...lanes, takeLane(1, open), takeLane(2, open)]
      })
      const [refused] = taken.flatMap((lane) => lane.refused)
      if (refused) throw refused
      if (rest.length > 0)
        throw new KithError(
          'cannot-open',
          'Some of the bundle is sealed with keys that are not here. The rest was taken. Sync with a member.',
        )
      return taken.reduce((sum, { fresh }) => sum + fresh, 0)
    },
    retryDue: () => write(() => replicaOf().retry()),
    entriesAt: (hub) => {
      const counts = logs.all().map(({ id }) => packs.count({ hub, log: id }))
      return {
        unread: counts.reduce((sum, { unread }) => sum + unread, 0),
        unpacked: counts.reduce((sum, { unpacked }) => sum + unpacked, 0),
      }
    },
    pending: (hub, log) =>
      (statements('SELECT count(*) AS n FROM outbox WHERE hub = ? AND space = ? AND log = ? AND due <= ?').get(
        hub,
        n,
        log,
        clock.nowMs(),
      )?.n as number) + boxes.pending({ hub, log }),
  }
}

/** In the place of a lane: the generation in which a hub has last shown all that it has, and when (in the place of n). */
const comparedMark = -1
/** When (in the place of n) it first did so without the log being followed any more. */
const leftMark = -2
const noId = new Uint8Array(0)
/** So often is noted when a log was read to its end. */
const visitNotedMs = 24 * 60 * 60_000

const outbox = 'SELECT change FROM outbox WHERE hub = ? AND space = ? AND log = ? AND due <= ? ORDER BY change LIMIT ?'
const ownOutbox = `SELECT o.change FROM outbox o JOIN segment s ON s.change = abs(o.change) JOIN chain c ON c.n = s.chain
  WHERE o.hub = ? AND o.space = ? AND o.log = ? AND o.due <= ? AND c.device = ? ORDER BY o.change LIMIT ?`

const none: ReceiveResult = { fresh: 0, refused: [], runs: new Map() }

const isOwnFailure = ({ code }: KithError): boolean => code.startsWith('storage-') || code === 'closed'

/** What somebody else wrote and cannot be used is refused by itself. */
const refusalOf = (run: () => void): readonly KithError[] => {
  try {
    run()
  } catch (cause) {
    if (!(cause instanceof KithError) || isOwnFailure(cause)) throw cause
    return [cause]
  }
  return []
}
