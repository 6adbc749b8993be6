import { equalBytes, toHex } from '../bytes/index.ts'
import { entryKinds, entryPayloadBytesMax, sealEntry } from '../change/index.ts'
import type { Statements } from '../database/index.ts'
import type { Epoch, Recipient } from '../membership/index.ts'
import type { Outgoing, Whose } from '../sync/index.ts'
import { findBoxes } from './boxes.ts'
import type { Engine } from './engine.ts'
import type { Origin } from './outbox.ts'
import type { Replica } from './replica.ts'
import { newestOf } from './rotation.ts'
import type { SpaceLog, SpaceLogs } from './space-logs.ts'

/**
 * Brings the boxes of epochs to where those find them who have no key of the epoch yet: on the logs of the epochs
 * that it supersedes; on its own where it supersedes none. Whoever has them brings them; a hub that is known to have them is noted in `boxed`.
 */
export type BoxesOut = {
  /** Of every epoch whose boxes belong on this log, whatever a hub has. */
  readonly all: (log: SpaceLog) => readonly Outgoing[]
  readonly outgoing: (at: Origin, flying: ReadonlySet<number>, whose: Whose) => readonly Outgoing[]
  readonly delivered: (at: Origin, number: number) => void
  /** A hub has shown that it has them. */
  readonly shown: (at: Origin, id: Uint8Array) => void
  /** Some came otherwise. */
  readonly came: () => void
  readonly pending: (at: Origin) => number
  /** The hub may have lost them. */
  readonly lost: (at: Origin) => void
}

type Owed = { readonly number: number; readonly boxes: Uint8Array; readonly isOwn: boolean }

export const createBoxesOut = (engine: Engine, n: number, replicaOf: () => Replica, logs: SpaceLogs): BoxesOut => {
  const { statements } = engine
  const { crypto } = engine.platform
  const own = engine.person.device.signing.publicKey
  /** What is under way is named by a number below zero, for no segment has such a one. */
  const ids: Uint8Array[] = []
  /** What is owed, by hub and log: asked for with each commit. */
  const owed = new Map<string, readonly Owed[]>()
  let order: EpochOrder | undefined
  let version = -1

  const numberOf = (id: Uint8Array): number => {
    const at = ids.findIndex((known) => equalBytes(known, id))
    return at < 0 ? -ids.push(id) : -1 - at
  }

  const find = (log: SpaceLog, isThere: (boxesHash: Uint8Array) => boolean): Owed[] => {
    if (log.isDoor || !log.isFollowed) return []
    const { membership, epochRecord } = replicaOf()
    order ??= createOrder(membership.epochs())
    const { records, belongsOn } = order
    // Whose boxes somebody keeps back leads nobody on, broken or not: as far as we can tell, by whether it led us.
    const isPath = ({ hash, isBroken }: Epoch): boolean => !isBroken && logs.mainOf(hash)?.keys.write !== undefined
    return records.flatMap((record): Owed[] => {
      if (!record.boxesHash || !belongsOn(log.epoch, record, isPath) || isThere(record.boxesHash)) return []
      const boxes = findBoxes(statements, n, record)
      const author = epochRecord(record.hash)?.header.device
      const isOwn = author !== undefined && equalBytes(author, own)
      // More than an entry can carry go nowhere: its members wait for shares.
      const isCarried = boxes !== undefined && boxes.length <= entryPayloadBytesMax
      return isCarried ? [{ number: numberOf(record.boxesHash), boxes, isOwn }] : []
    })
  }

  const findOwed = ({ hub, log: id }: Origin): Owed[] => {
    const log = logs.find(id)
    if (!log?.keys.write) return []
    const boxed = statements('SELECT 1 FROM boxed WHERE hub = ? AND log = ? AND boxes = ?')
    return find(log, (boxesHash) => boxed.get(hub, id, boxesHash) !== undefined)
  }

  const refresh = (): void => {
    if (version === logs.version()) return
    version = logs.version()
    order = undefined
    owed.clear()
  }

  const seal = ({ epoch }: SpaceLog, { number, boxes }: Owed): Outgoing => {
    const key = { baseKey: epoch.keys.membership, associated: epoch.hash }
    return { lane: 0, entry: sealEntry(crypto, key, entryKinds.boxes, boxes).bytes, segments: [number] }
  }

  const owedAt = (at: Origin): readonly Owed[] => {
    refresh()
    const name = `${at.hub}/${toHex(at.log)}`
    let list = owed.get(name)
    if (!list) owed.set(name, (list = findOwed(at)))
    return list
  }

  const note = (at: Origin, id: Uint8Array): void => {
    noteBoxed(statements, at, id)
    owed.clear()
  }

  return {
    all: (log) => {
      refresh()
      return find(log, () => false).map((boxes) => seal(log, boxes))
    },
    outgoing: (at, flying, whose) => {
      const log = logs.find(at.log)
      if (!log) return []
      return owedAt(at)
        .filter(({ number, isOwn }) => !flying.has(number) && (isOwn || whose === 'all'))
        .map((boxes) => seal(log, boxes))
    },
    delivered: (at, number) => {
      const id = ids[-1 - number]
      if (id) note(at, id)
    },
    shown: note,
    came: () => owed.clear(),
    pending: (at) => owedAt(at).length,
    lost: ({ hub, log }) => {
      statements('DELETE FROM boxed WHERE hub = ? AND log = ?').run(hub, log)
      owed.clear()
    },
  }
}

/** That a hub is known to have boxes on a log. */
export const noteBoxed = (statements: Statements, { hub, log }: Origin, id: Uint8Array): void => {
  statements('INSERT OR IGNORE INTO boxed (hub, log, boxes) VALUES (?, ?, ?)').run(hub, log, id)
}

/** Which epochs come before which: somebody may start a thousand of them. */
type EpochOrder = {
  readonly records: readonly Epoch[]
  /** Whether the boxes of `record` are looked for on the log of `at`. */
  readonly belongsOn: (at: { readonly hash: Uint8Array }, record: Epoch, isPath: (epoch: Epoch) => boolean) => boolean
}

const createOrder = (records: readonly Epoch[]): EpochOrder => {
  const byName = new Map(records.map((record) => [toHex(record.hash), record]))
  const before = new Map(records.map(({ hash, supersedes }) => [toHex(hash), new Set(supersedes.map(toHex))]))
  const newest = new Set(newestOf(records).map(({ hash }) => toHex(hash)))
  return {
    records,
    belongsOn: (at, record, isPath) => {
      const [here, name] = [toHex(at.hash), toHex(record.hash)]
      const older = before.get(name) ?? new Set()
      // Whoever can open the epoch's own log has its secret: boxes are looked for where one comes from, if there is such a place.
      if (here === name) return newest.has(name) && ![...older].some((one) => byName.get(one)?.isBroken === false)
      if (!older.has(here)) return false
      const between = [...older].flatMap((one): Epoch[] => {
        const other = before.get(one)?.has(here) === true ? byName.get(one) : undefined
        return other && isPath(other) ? [other] : []
      })
      if (between.length === 0) return true
      if (!newest.has(name)) return false
      // Who knows the older one finds its way from epoch to epoch, unless those between missed somebody: a member, or one that has a new key, for a
      // device may have that alone.
      const known = new Set(between.flatMap(({ recipients }) => recipients.map(toName)))
      return record.recipients.some((recipient) => recipient.sealing !== undefined && !known.has(toName(recipient)))
    },
  }
}

const toName = ({ id, sealing }: Recipient): string => `${toHex(id)}/${sealing === undefined ? '' : toHex(sealing)}`
