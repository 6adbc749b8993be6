import { equalBytes } from '../bytes/index.ts'
import { type Change, isSpreadKind, kinds } from '../change/index.ts'
import type { ChainEntry, StoredSegment } from '../database/index.ts'
import { decodeShare, isRankAtLeast } from '../membership/index.ts'
import type { Engine } from './engine.ts'
import { neverMs, type Origin, type Place } from './outbox.ts'
import type { Replica } from './replica.ts'
import type { SpaceLog, SpaceLogs } from './space-logs.ts'

/** Which logs each segment belongs on (membership rules 14, 17, 18 and 19). */
export type Placing = {
  /** Of one that was just made, or that came from `from`. */
  readonly places: (stored: StoredSegment, from: Origin | undefined) => readonly Place[]
  /** Of a membership segment: whether it belongs on this log, which may have lost everything. */
  readonly placeOn: (log: SpaceLog, stored: StoredSegment, historyMs: number) => Place | undefined
  /** When history may be put into the newest log again. */
  readonly historyDueMs: () => number
  /** Whether the superseded logs tell of it all who have to know, before the epoch in use came: it is history there. */
  readonly isTold: (stored: StoredSegment) => boolean
  /** Whether what a reader wrote is worth copying to the main log: everybody who can read may write to the door. */
  readonly isWorthCopying: (stored: StoredSegment) => boolean
}

/** How long after an epoch began its log gets the membership from before: by an admin's device usually, by anybody's otherwise. Once that much again is added at random, so that one does it. */
const adminHistoryMs = 60_000
const writerHistoryMs = 10 * 60_000

/** A removal whose cut lists a hundred heads; one that ends a link lists all who joined by it. */
const smallBytesMax = 4096

export const createPlacing = (engine: Engine, replicaOf: () => Replica, logs: SpaceLogs): Placing => {
  const { crypto } = engine.platform
  const own = engine.person.device.signing.publicKey
  const atOnce = (log: SpaceLog): Place => ({ log: log.id, dueMs: 0, isFirst: false })

  const chainOf = ({ chain }: StoredSegment): ChainEntry => engine.store().registry.chain(chain)
  const changesOf = (stored: StoredSegment): readonly Change[] => engine.store().history.decode(stored).changes

  const isOwn = (chain: ChainEntry): boolean => {
    const home = engine.store().registry.spaceByNumber(chain.space)
    return equalBytes(chain.device, own) || equalBytes(home.id, engine.person.person)
  }

  /** A joiner's share to itself tells those who know older epochs nothing but that somebody joined. */
  const isSpread = ({ header, body }: Change): boolean => {
    if (!isSpreadKind(header.kind)) return false
    if (header.kind !== kinds.share || !body) return true
    const { membership } = replicaOf()
    return decodeShare(body).boxes.some(
      ({ person }) => !membership.member(person)?.grants.some((grant) => equalBytes(grant, header.grant)),
    )
  }

  const begins = (log: SpaceLog, changes: readonly Change[]): boolean =>
    changes.some(({ header, hash }) => header.kind === kinds.epoch && equalBytes(hash, log.epoch.hash))

  /** Whether the epoch was started by the device that made this change, after it: who knows the epoch has seen it, or finds it where the epoch was told. */
  const isBefore = ({ header }: Change, epoch: Uint8Array): boolean => {
    const record = replicaOf().epochRecord(epoch)?.header
    return record !== undefined && equalBytes(record.device, header.device) && header.seq < record.seq
  }

  const isTold = (stored: StoredSegment): boolean => {
    const target = logs.target()
    // A small one costs nothing, and whoever finds the new log by a letter alone needs it there.
    if (!target || logs.superseded().length === 0 || stored.bytes.length <= smallBytesMax) return false
    return changesOf(stored).every((change) => isSpread(change) && isBefore(change, target.hash))
  }

  const historyDueMs = (): number => {
    const { epochs } = replicaOf().membership
    const target = logs.target()
    if (!target || epochs().length < 2) return 0
    // Whoever dates its record into the future must not keep history from being brought.
    const startedMs = Math.min(replicaOf().epochRecord(target.hash)?.header.time.ms ?? 0, engine.clock.nowMs())
    const rank = replicaOf().me()?.rank
    const leastMs = rank && isRankAtLeast(rank, 'admin') ? adminHistoryMs : writerHistoryMs
    const [random = 0] = crypto.randomBytes(1)
    return startedMs + leastMs * (1 + random / 256)
  }

  const placesOfContent = (stored: StoredSegment): Place[] => {
    const main = logs.mainOf(stored.epoch)
    const target = logs.target()
    // Ours waits for the key where we may write and nobody has given it to us yet: sealing needs only the key to read.
    const isToBePut = main && (main.keys.write || equalBytes(chainOf(stored).device, own))
    const places = isToBePut ? [atOnce(main)] : []
    const inUse = target && logs.mainOf(target.hash)
    if (!inUse?.keys.write || inUse === main) return places
    // Sealed under its own epoch's key wherever it lies: who may not read that epoch learns nothing.
    const isEndangered = logs.endangered().some((epoch) => equalBytes(epoch, stored.epoch))
    return isEndangered ? [...places, { ...atOnce(inUse), dueMs: historyDueMs() }] : places
  }

  const placesOfMembership = (stored: StoredSegment, from: Origin | undefined): Place[] => {
    const target = logs.target()
    const main = target && logs.mainOf(target.hash)
    if (!main) return []
    if (!main.keys.write) {
      const door = logs.doorOf(target.hash)
      return door && isOwn(chainOf(stored)) ? [atOnce(door)] : []
    }
    const changes = changesOf(stored)
    const source = from && logs.find(from.log)
    const isNewHere = from === undefined || source === main
    const begun = logs.all().filter((log) => !log.isDoor && log.keys.write !== undefined && begins(log, changes))
    const spread = changes.some(isSpread) ? logs.superseded() : []
    const dueMs = source?.isDoor ? neverMs : isNewHere && !isTold(stored) ? 0 : historyDueMs()
    const others = spread
      .filter((log) => !begun.includes(log))
      .map((log): Place => {
        return { ...atOnce(log), dueMs: source?.isDoor ? neverMs : 0 }
      })
    return [
      ...begun.map((log): Place => ({ ...atOnce(log), isFirst: true })),
      ...(begun.includes(main) ? [] : [{ ...atOnce(main), dueMs }]),
      ...others,
    ]
  }

  return {
    places: (stored, from) =>
      chainOf(stored).class === 1 ? placesOfContent(stored) : placesOfMembership(stored, from),
    placeOn: (log, stored, historyMs) => {
      if (log.isDoor) {
        const isReader = !logs.mainOf(log.epoch.hash)?.keys.write
        return isReader && isOwn(chainOf(stored)) ? atOnce(log) : undefined
      }
      const changes = changesOf(stored)
      if (begins(log, changes)) return { ...atOnce(log), isFirst: true }
      if (log.epoch === logs.target()) return { ...atOnce(log), dueMs: historyMs }
      return log.isFollowed && changes.some(isSpread) ? atOnce(log) : undefined
    },
    historyDueMs,
    isTold,
    isWorthCopying: (stored) => {
      const { membership, entry } = replicaOf()
      const chain = chainOf(stored)
      if (chain.space === entry.n)
        return changesOf(stored).every(({ hash }) => membership.verdictOf(hash) === 'applied')
      return membership.member(engine.store().registry.spaceByNumber(chain.space).id) !== undefined
    },
  }
}
