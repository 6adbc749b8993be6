import { type Lane, type LogKind, logKinds, type NumberedEntry } from '@kith/core/wire'
import type { AccessStore } from './access-store.ts'
import type { Standing, StandingWish } from './standing.ts'

/** A log as the store needs it: `key` is its id in hexadecimal. */
export type LogName = { readonly id: Uint8Array; readonly key: string; readonly kind: LogKind }

/** An id as a key of a map, or in a row's name: hexadecimal. */
export function toKey(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('hex')
}

/** A log as rows have it. */
export function toLogName(id: Uint8Array, kind: number): LogName {
  return { id, key: toKey(id), kind: logKinds[kind] ?? 'space' }
}

/** Kinds whose entries are letters: they go at their time, however often they are put. */
export function goesByAge(kind: LogKind): boolean {
  return kind === 'mailbox' || kind === 'knock'
}

/** Kinds whose logs want tokens of members, where a hub wants any. The others are small, go by themselves, and are written to by strangers. */
export function isPaidFor(kind: LogKind): boolean {
  return kind === 'space' || kind === 'media'
}

/** Of paid room, an entry takes so much more than its bytes: its row and index. */
export const entryRoomBytes = 64

export type NewEntry = {
  readonly id: Uint8Array
  readonly bytes: Uint8Array
  /** Within a store: the name under which the bytes lie elsewhere already. */
  readonly outside?: Uint8Array
}

/** `isNew` false: an entry of this id was in the lane already, under that number. */
export type Placed = { readonly n: number; readonly isNew: boolean }

export type Appended = {
  /** In the order of the entries. A store that others write to as well knows the numbers only when it has committed. */
  readonly placed: Promise<readonly Placed[]>
  /** Resolves when everything is on disk; rejects with a `StoreFailure` when it is not and never will be. */
  readonly durable: Promise<void>
}

export type ReadWish = {
  readonly direction: 'after' | 'before'
  /** Exclusive; for 'before', 0 is from the newest. */
  readonly n: number
  readonly entriesMax: number
  /** Stop past this many bytes; one entry is always given. */
  readonly bytesMax: number
  readonly idsOnly: boolean
}

/** `end`: there is nothing further in that direction now. */
export type ReadRun = { readonly entries: NumberedEntry[]; readonly end: boolean }

/** `first`: cursors below are of an earlier log of that id, which expired. `newest`: the highest number given; 0 if none. */
export type LaneSpan = { readonly first: number; readonly newest: number }

export type Expired = { readonly entries: number; readonly logs: number; readonly isDone: boolean }

export type StoreFailureReason = 'full' | 'quota' | 'unpaid' | 'damaged' | 'unavailable' | 'away'

export type StoreTotals = { readonly logs: number; readonly entries: number; readonly bytes: number }

/**
 * Expected failures of a store: 'quota' and 'unpaid' concern one log. After 'full' and 'damaged' nothing of the failed group is there, and the store goes on; unless it was the disk's flush that failed: then
 * every further write fails until the store is opened anew. 'unavailable': a database
 * elsewhere does not answer, and may have kept what it did not acknowledge; putting it again does no harm. 'away': the same of where large entries
 * are; all else goes on.
 */
export class StoreFailure extends Error {
  readonly reason: StoreFailureReason
  constructor(reason: StoreFailureReason, cause?: unknown) {
    super(`The hub's storage: ${reason}.`, { cause })
    this.reason = reason
  }
}

/**
 * Keeps logs. Numbers within a lane of a log rise by one for each new entry and are never given twice within a generation, not
 * even when the transaction that gave them failed, for followers have seen them already. What was appended is seen by every read
 * that begins later. All failures are `StoreFailure`.
 */
export type EntryStore = {
  /** 16 bytes, another after each unclean start or loss. */
  readonly generation: Uint8Array
  /**
   * Appends to a lane, in the order of the calls; resolves when there is room for the next. Ids in `covers` are marked to be dropped
   * from the tail. Puts again what was to be dropped: it stays.
   */
  readonly append: (
    log: LogName,
    lane: Lane,
    entries: readonly NewEntry[],
    covers: readonly Uint8Array[],
  ) => Promise<Appended>
  readonly read: (log: LogName, lane: Lane, wish: ReadWish) => Promise<ReadRun>
  /** Those of `ids` that the lane has. */
  readonly readIds: (log: LogName, lane: Lane, ids: readonly Uint8Array[], idsOnly: boolean) => Promise<NumberedEntry[]>
  /** The numbers that a cursor of the lane may have. */
  readonly span: (log: LogName, lane: Lane) => Promise<LaneSpan>
  /** How each log stands to what a client has of it. */
  readonly standings: (wishes: readonly StandingWish[]) => Promise<readonly Standing[]>
  /** Marks entries of any lane to be dropped when the delay is over; resolves when that is on disk. */
  readonly trim: (log: LogName, ids: readonly Uint8Array[]) => Promise<void>
  /** Drops entries of a lane now: what makes room in a knock box. */
  readonly drop: (log: LogName, lane: Lane, ids: readonly Uint8Array[]) => Promise<void>
  /** Tells what day it is; keeps it, for retention goes by days on which the hub ran (`days.ts`). */
  readonly tick: (wallDay: number) => Promise<void>
  /** Drops a piece of what is due: entries whose delay is over, and logs that nobody used for too long. */
  readonly expire: (entriesMax: number) => Promise<Expired>
  /** Looks, in the background, for large entries that no row names, where that is due. */
  readonly tend: () => Promise<void>
  /** Whether large entries cannot be had now; others can. */
  readonly isLargeAway: () => boolean
  /** Returns when nothing of what was dropped is in the store's files any more. */
  readonly scrub: () => Promise<void>
  /** Keeps the store's own file as it is, whole and of this moment, until `copy` is done; writes go on. */
  readonly snapshot: (copy: () => Promise<void>) => Promise<void>
  /** Notes that somebody uses these logs: renews their leases. */
  readonly touch: (logs: readonly LogName[]) => Promise<void>
  /** Whether the log exists: has or had entries within its lease. */
  readonly has: (log: LogName) => Promise<boolean>
  readonly totals: () => Promise<StoreTotals>
  /** Resolves when all that was appended is on disk, or never will be. */
  readonly settled: () => Promise<void>
  /** Invites, members and tokens: what these buy is kept with the logs. */
  readonly access: AccessStore
  /** Everything acknowledged is on disk and the generation may go on at the next start. */
  readonly close: () => Promise<void>
}
