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
import type { StoredSegment } from '../database/index.ts'
import { entryFillBytes } from '../limits/index.ts'
import type { Cursor, Outgoing, SyncSpace } from '../sync/index.ts'
import { type Lane, policyToLogId } from '../wire/index.ts'
import type { Engine } from './engine.ts'
import type { Replica, ReplicaEpoch } from './replica.ts'
import { keepSecret } from './secrets.ts'

/** The key that entries of a lane are sealed with. */
const keyOf = (epoch: ReplicaEpoch, lane: Lane): EntryKey => ({
  baseKey: lane === 0 ? epoch.keys.membership : epoch.keys.content,
  associated: epoch.hash,
})

/** Segments looked at in one go: a batch of small ones still fills one entry. */
const segmentsAtOnce = 512
/** So many small segments of one chain are joined into one before they are sealed. */
const joinFrom = 4

export type ReplicaSyncSpace = SyncSpace & {
  /** Takes entries from a bundle. Returns the number of changes that were new. @throws KithError for the first that cannot be used. */
  readonly takeBundle: (entries: readonly { readonly lane: Lane; readonly bytes: Uint8Array }[]) => number
}

/** What a replica's log gives to and takes from hubs. Sealing and opening happen here, so that `sync` never holds a key. */
export const createSyncSpace = (engine: Engine, n: number, replicaOf: () => Replica): ReplicaSyncSpace => {
  const { statements, unit, platform } = engine
  const { crypto, compression } = platform
  const own = engine.person.device.signing.publicKey

  const logId = (epoch: ReplicaEpoch): Uint8Array => policyToLogId(epoch.keys.log.policy, crypto)

  const saveCursor = (hub: number, lane: Lane, { generation, n: at }: Cursor): void => {
    const epoch = replicaOf().epochInUse()
    if (epoch)
      statements('INSERT OR REPLACE INTO cursor (hub, log, lane, generation, n) VALUES (?, ?, ?, ?, ?)').run(
        hub,
        logId(epoch),
        lane,
        generation,
        at,
      )
  }

  /** Opens one entry and hands on its segments. An epoch's key opens only what belongs to that epoch (membership rule 18). */
  const open = (lane: Lane, bytes: Uint8Array, into: UnpackedSegment[]): void => {
    const replica = replicaOf()
    const opened = openEntry(
      crypto,
      bytes,
      replica.epochs().map((epoch) => keyOf(epoch, lane)),
    )
    if (opened.kind === entryKinds.boxes) {
      keepSecret(statements, n, 'boxes', opened.key.associated, opened.payload)
      return
    }
    if (opened.kind !== entryKinds.segments)
      throw new KithError('not-supported', 'An entry is of a kind that this version does not know.')
    // The deflated bytes are views of the frame: what outlives this call is copied.
    for (const { deflated, bytes: segment } of unpackSegments(compression, opened.payload, bytes.length)) {
      into.push({ deflated: deflated.slice(), bytes: segment })
    }
  }

  return {
    n,
    log: () => {
      const epoch = replicaOf().epochInUse()
      if (!epoch) return undefined
      const { policy, read, write } = epoch.keys.log
      const rights = [
        ...(read ? [{ right: 'read' as const, seed: read.seed }] : []),
        ...(write ? [{ right: 'write' as const, seed: write.seed }] : []),
      ]
      return { id: logId(epoch), wish: { policy, rights }, mayWrite: write !== undefined }
    },
    cursor: (hub, lane) => {
      const epoch = replicaOf().epochInUse()
      if (!epoch) return undefined
      return statements('SELECT generation, n FROM cursor WHERE hub = ? AND log = ? AND lane = ?').get(
        hub,
        logId(epoch),
        lane,
      ) as Cursor | undefined
    },
    receive: (hub, lane, entries, cursor) => {
      unit.enter()
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
      if (segments.length > 0)
        refused.push(...replicaOf().receive(segments, hub, lane === 0 ? 'membership' : 'content').refused)
      saveCursor(hub, lane, cursor)
      return refused
    },
    outgoing: (hub, flying, whose) => {
      const rows = statements('SELECT change FROM outbox WHERE hub = ? AND space = ? ORDER BY change LIMIT ?').all(
        hub,
        n,
        segmentsAtOnce + flying.size,
      )
      const numbers = rows.map((row) => row.change as number).filter((change) => !flying.has(change))
      return numbers.length === 0 ? [] : packOutgoing(engine, replicaOf(), numbers, whose === 'own' ? own : undefined)
    },
    delivered: (hub, { lane, segments }, cursor) => {
      unit.enter()
      for (const change of segments)
        statements('DELETE FROM outbox WHERE hub = ? AND space = ? AND change = ?').run(hub, n, change)
      if (cursor) saveCursor(hub, lane, cursor)
    },
    lost: (hub) => {
      unit.enter()
      for (const epoch of replicaOf().epochs())
        statements('DELETE FROM cursor WHERE hub = ? AND log = ?').run(hub, logId(epoch))
      for (const change of segmentsOf(engine, n)) {
        statements('INSERT OR IGNORE INTO outbox (hub, space, change) VALUES (?, ?, ?)').run(hub, n, change)
      }
    },
    takeBundle: (entries) => {
      unit.enter()
      let fresh = 0
      for (const { lane, bytes } of entries.toSorted((left, right) => left.lane - right.lane)) {
        const segments: UnpackedSegment[] = []
        open(lane, bytes, segments)
        const result = replicaOf().receive(segments, undefined, lane === 0 ? 'membership' : 'content')
        if (result.refused[0]) throw result.refused[0]
        fresh += result.fresh
      }
      return fresh
    },
    pending: (hub) =>
      statements('SELECT count(*) AS n FROM outbox WHERE hub = ? AND space = ?').get(hub, n)?.n as number,
  }
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

type Group = { readonly lane: Lane; readonly epoch: ReplicaEpoch; readonly stored: StoredSegment[]; unpacked: number }

/**
 * Seals segments into entries: each of one epoch and lane, filled up to `entryFillBytes` before compression; the first few
 * entries of them.
 */
export const packOutgoing = (
  engine: Engine,
  replica: Replica,
  numbers: readonly number[],
  onlyDevice: Uint8Array | undefined,
): Outgoing[] => {
  const { history, registry } = engine.store()
  const groups: Group[] = []
  const openGroups = new Map<string, Group>()
  for (const number of numbers) {
    const stored = history.segment(number)
    if (!stored) continue
    const chain = registry.chain(stored.chain)
    if (onlyDevice && !equalBytes(chain.device, onlyDevice)) continue
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
  return groups.slice(0, entriesAtOnce).map((group) => sealGroup(engine, group, keyOf(group.epoch, group.lane)))
}

const entriesAtOnce = 8

const sealGroup = (engine: Engine, { lane, stored, unpacked }: Group, key: EntryKey): Outgoing => {
  const { crypto, compression } = engine.platform
  const { history } = engine.store()
  const deflated =
    stored.length < joinFrom
      ? stored.map(({ bytes }) => bytes)
      : mergeSegments(stored.map((segment) => history.decode(segment))).map((segment) =>
          compression.deflate(encodeSegment(segment)),
        )
  const sealed = sealEntry(crypto, key, entryKinds.segments, packSegments(deflated), unpacked)
  return { lane, entry: sealed.bytes, segments: stored.map(({ change }) => change) }
}
