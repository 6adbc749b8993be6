import { compareBytes, equalBytes, toHex } from '../bytes/index.ts'
import type { LogKeys } from '../keys/index.ts'
import { type Epoch, isRankAtLeast } from '../membership/index.ts'
import type { SyncLog } from '../sync/index.ts'
import { policyToLogId } from '../wire/index.ts'
import type { Engine } from './engine.ts'
import { isFollowed } from './followed.ts'
import { type HeldEpoch, isHeld, type ReplicaEpoch } from './epochs.ts'
import type { Replica } from './replica.ts'

/** One log of a space: the main one of an epoch, or its door. */
export type SpaceLog = {
  readonly id: Uint8Array
  readonly epoch: ReplicaEpoch
  readonly isDoor: boolean
  readonly keys: LogKeys
  /** Somebody may still write to it: its epoch is in use, or not superseded by all. */
  readonly isFollowed: boolean
}

/** Which logs a space has, by the membership and the keys that are here. */
export type SpaceLogs = {
  /** Every one that can be read here. */
  readonly all: () => readonly SpaceLog[]
  readonly find: (id: Uint8Array) => SpaceLog | undefined
  /** The epoch that membership changes go to: the one in use; while none is, the newest that we have keys of. */
  readonly target: () => HeldEpoch | undefined
  readonly mainOf: (epoch: Uint8Array) => SpaceLog | undefined
  readonly doorOf: (epoch: Uint8Array) => SpaceLog | undefined
  /** Logs of superseded epochs that are followed and can be written to. */
  readonly superseded: () => readonly SpaceLog[]
  /** Epochs whose admin secret somebody has who is no admin any more: he can have the content of their logs trimmed. */
  readonly endangered: () => readonly Uint8Array[]
  /** As a hub is to be asked for; the same list until something changes. */
  readonly wanted: (hub: number) => readonly SyncLog[]
  /** A number that changes whenever the answers may. */
  readonly version: () => number
}

/**
 * A log that is not followed any more is read on until it was read to its end so long after: what ended it (a removal, what somebody wrote under newer keys) may
 * have come before what it shows to be there.
 */
const lingersMs = 24 * 60 * 60_000
/** From then on it is looked at so often: its lease is renewed by it, and who was away may have written there. */
const visitEachMs = 7 * 24 * 60 * 60_000
/** How long after an epoch was superseded somebody may be about to join by its keys; who comes later is found by the visits. */
const joinersMs = 24 * 60 * 60_000
/** What hangs on the time is looked at again after so long. */
const freshMs = 60 * 60_000

export type SpaceLogsInput = {
  readonly engine: Engine
  readonly n: number
  readonly replicaOf: () => Replica
  /** When a log was last read to its end on a hub; undefined: never. */
  readonly visitedMs: (hub: number, log: Uint8Array) => number | undefined
  /** When it was first read to its end there without being followed any more; undefined: not yet. */
  readonly leftMs: (hub: number, log: Uint8Array) => number | undefined
  /** Whether something waits to be sent there. */
  readonly isOwed: (hub: number, log: Uint8Array) => boolean
}

type Known = {
  readonly epochs: readonly ReplicaEpoch[]
  readonly atMs: number
  readonly logs: readonly SpaceLog[]
  readonly byId: ReadonlyMap<string, SpaceLog>
  readonly target: HeldEpoch | undefined
  endangered: readonly Uint8Array[] | undefined
  readonly wanted: Map<number, readonly SyncLog[]>
}

export const createSpaceLogs = ({ engine, n, replicaOf, visitedMs, leftMs, isOwed }: SpaceLogsInput): SpaceLogs => {
  const { statements, clock } = engine
  const { crypto } = engine.platform
  const ids = new WeakMap<LogKeys, Uint8Array>()
  let known: Known | undefined
  let version = 0

  const idOf = (keys: LogKeys): Uint8Array => {
    let id = ids.get(keys)
    if (!id) ids.set(keys, (id = policyToLogId(keys.policy, crypto)))
    return id
  }

  const now = (): Known => {
    const replica = replicaOf()
    const epochs = replica.epochs()
    const nowMs = clock.nowMs()
    if (known?.epochs === epochs && nowMs - known.atMs < freshMs && nowMs >= known.atMs) return known
    version += 1
    return (known = compute(replica, epochs, nowMs))
  }

  const compute = (replica: Replica, epochs: readonly ReplicaEpoch[], nowMs: number): Known => {
    const records = replica.membership.epochs()
    const target = replica.epochInUse() ?? newestHeld(epochs.filter(isHeld), records)
    const hasDoors = epochs.length > 0 && hasReaders(replica, target)
    const logs = epochs.flatMap((epoch): SpaceLog[] => {
      const isFollowedNow = epoch === target || isStillFollowed(replica, epoch, records, target, nowMs)
      const main = { id: idOf(epoch.keys.log), epoch, isDoor: false, keys: epoch.keys.log, isFollowed: isFollowedNow }
      const door = hasDoors ? epoch.keys.door : undefined
      if (!door) return [main]
      return [main, { id: idOf(door), epoch, isDoor: true, keys: door, isFollowed: isFollowedNow }]
    })
    const byId = new Map<string, SpaceLog>()
    // Of an epoch that several links name, the first is what counts.
    for (const log of logs) if (!byId.has(toHex(log.id))) byId.set(toHex(log.id), log)
    return { epochs, atMs: nowMs, logs, byId, target, endangered: undefined, wanted: new Map() }
  }

  const isStillFollowed = (
    replica: Replica,
    epoch: ReplicaEpoch,
    records: readonly Epoch[],
    target: HeldEpoch | undefined,
    nowMs: number,
  ): boolean => {
    const newer = new Map<string, number>()
    for (const { hash, supersedes } of records) {
      const isNewer = supersedes.some((older) => equalBytes(older, epoch.hash))
      // Two that were started at once: whoever is in the one that is not used moves to the one that is.
      const isInstead = target !== undefined && equalBytes(hash, target.hash) && target !== epoch
      if (isNewer || isInstead) newer.set(toHex(hash), replica.epochRecord(hash)?.header.time.ms ?? nowMs)
    }
    if (newer.size === 0) return true
    // Who joins by a link just now may have read it before the newer epoch was put there: the join lies on this log alone.
    const isRecent = Math.max(...newer.values()) > nowMs - joinersMs
    if (isRecent && replica.membership.invites().length > 0) return true
    // Devices of a person write no content that could tell that they have moved on.
    if (replica.entry.kind === 'person') return isFollowed({ nowMs, newer, members: [[]] })
    const { membership } = replica
    // By the record or by a share: who joined by a link is not in the record.
    const listed = new Map(
      membership.readers(epoch.hash).flatMap(({ id }) => {
        const member = membership.member(id)
        return member ? [[toHex(id), member] as const] : []
      }),
    )
    const members = [...listed.values()].map(({ devices }) =>
      devices.flatMap(({ device }) => newestEpochOf(device) ?? []),
    )
    return isFollowed({ nowMs, newer, members })
  }

  const newestEpochOf = (device: Uint8Array): string | undefined => {
    const row = statements(
      'SELECT s.epoch FROM segment s JOIN chain c ON c.n = s.chain WHERE c.space = ? AND c.device = ? AND c.class = 1 ORDER BY s.seq DESC LIMIT 1',
    ).get(n, device)
    return row && toHex(row.epoch as Uint8Array)
  }

  const toWanted = (hub: number, { logs }: Known): SyncLog[] => {
    const isWaiting = replicaOf().membership.waiting().length > 0
    return logs.flatMap(({ id, keys, epoch, isDoor, isFollowed: isFollowedNow }) => {
      const { read, write, policy } = keys
      const isDue = (): boolean => {
        const visited = visitedMs(hub, id) ?? 0
        const lingers = visited < (leftMs(hub, id) ?? visited) + lingersMs
        return lingers || visited <= clock.nowMs() - visitEachMs || isOwed(hub, id)
      }
      if (!read || (!isFollowedNow && !isDue())) return []
      const rights = [
        { right: 'read' as const, seed: read.seed },
        ...(write ? [{ right: 'write' as const, seed: write.seed }] : []),
      ]
      // What a link alone leads to lies before all that the newest log's membership tells, unless that has gaps.
      const needsMembership = isHeld(epoch) || epoch.isPublic || isWaiting
      const content = !isDoor && epoch.keys.content ? ([1, 2] as const) : []
      const lanes = [...(needsMembership ? ([0] as const) : []), ...content]
      return lanes.length === 0 ? [] : [{ id, wish: { policy, rights }, mayWrite: write !== undefined, lanes }]
    })
  }

  const mainOf: SpaceLogs['mainOf'] = (hash) =>
    now().logs.find(({ epoch, isDoor }) => !isDoor && equalBytes(epoch.hash, hash))

  return {
    all: () => now().logs,
    find: (id) => now().byId.get(toHex(id)),
    target: () => now().target,
    mainOf,
    doorOf: (hash) => now().logs.find(({ epoch, isDoor }) => isDoor && equalBytes(epoch.hash, hash)),
    superseded: () => {
      const { logs, target } = now()
      return logs.filter((log) => !log.isDoor && log.isFollowed && log.epoch !== target && log.keys.write !== undefined)
    },
    endangered: () => {
      const current = now()
      const records = (): readonly Epoch[] => replicaOf().membership.epochs()
      return (current.endangered ??= records().flatMap((record) =>
        isEndangered(replicaOf(), record) ? [record.hash] : [],
      ))
    },
    wanted: (hub) => {
      const current = now()
      let list = current.wanted.get(hub)
      if (!list) current.wanted.set(hub, (list = toWanted(hub, current)))
      return list
    },
    version: () => {
      now()
      return version
    },
  }
}

/** Those that no other one that we hold supersedes; of several the lowest hash, as for those that are in use. */
const newestHeld = (held: readonly HeldEpoch[], records: readonly Epoch[]): HeldEpoch | undefined => {
  const isOlder = (hash: Uint8Array): boolean =>
    held.some((other) => {
      const record = records.find((candidate) => equalBytes(candidate.hash, other.hash))
      return record?.supersedes.some((older) => equalBytes(older, hash)) === true
    })
  const newest = held.filter(({ hash }) => !isOlder(hash))
  return newest.toSorted((left, right) => compareBytes(left.hash, right.hash))[0]
}

/** Doors are used by readers alone: without any, they are one log less for each epoch to keep open. */
const hasReaders = ({ membership }: Replica, target: HeldEpoch | undefined): boolean =>
  target?.secrets.write === undefined ||
  membership.invites().some(({ rank }) => rank === 'reader') ||
  membership.members().some(({ rank }) => rank === 'reader') ||
  membership.epochs().some(({ recipients }) => recipients.some(({ level }) => level === 'read'))

const isEndangered = ({ membership }: Replica, { hash, commitments, recipients }: Epoch): boolean =>
  commitments.admin !== undefined &&
  (membership
    .readers(hash)
    .filter(({ level }) => level === 'admin')
    .some(({ id }) => {
      const isOpen = (invite: { readonly hash: Uint8Array }): boolean => equalBytes(invite.hash, id)
      const rank = membership.member(id)?.rank ?? membership.invites().find(isOpen)?.rank
      return !(rank && isRankAtLeast(rank, 'admin'))
    }) ||
    recipients.some(({ id, level, sealing }) => {
      // Whoever stole a device has the key that it was sealed to, and its person another one since.
      const member = level === 'admin' && sealing !== undefined ? membership.member(id) : undefined
      const current = member && membership.sealingKey(id, member.tag)
      return current !== undefined && sealing !== undefined && !equalBytes(current, sealing)
    }))
