import type { KithError } from '../bytes/index.ts'
import type { Lane, NumberedEntry, Policy } from '../wire/index.ts'
import type { OpenWish } from './hub-connection.ts'

/**
 * What sync needs of the layer above: which logs to keep in step with a hub, and what goes in and out of them. What touches the
 * disk throws `storage-…` when that fails; the layer above has then undone the open transaction.
 */
export type SyncSource = {
  readonly spaces: () => readonly SyncSpace[]
  readonly parcels: (hub: number) => readonly Parcel[]
  readonly parcelDelivered: (hub: number, parcel: number) => void
  /** A log of a space can be used on a hub from now on: on a fresh connection too. */
  readonly logOpened: (space: number, log: Uint8Array) => void
  /** Somebody who has the log open there said something that nobody keeps. `bytes` is a view. */
  readonly signalled: (space: number, signal: HubSignal) => void
  /** The hub has said its name and time. */
  readonly greeted: (hub: number, hello: { readonly key: Uint8Array; readonly timeMs: number }) => void
}

/** `from` is what the hub calls the sender's connection on this log. */
export type HubSignal = {
  readonly hub: number
  readonly log: Uint8Array
  readonly from: Uint8Array
  readonly bytes: Uint8Array
}

export type SyncSpace = {
  /** Local number. */
  readonly n: number
  /** Undefined where logs hold what is never packed: then they are read from the beginning. */
  readonly packs: SyncPacks | undefined
  /**
   * All logs to keep in step with a hub now, with the rights that we can prove: those of the epochs that count, and their doors. The
   * same list, by identity, until something changes: it is asked for with each commit.
   */
  readonly logs: (hub: number) => readonly SyncLog[]
  /** How far a lane was read: everything up to there is here, durably. */
  readonly cursor: (hub: number, log: Uint8Array, lane: Lane) => Cursor | undefined
  /** The generation in which the hub has last shown all that it has. */
  readonly comparedIn: (hub: number, log: Uint8Array) => Uint8Array | undefined
  readonly compared: (hub: number, log: Uint8Array, generation: Uint8Array) => void
  /**
   * Takes entries and the cursor behind them (none: the hub is to show them again) in one transaction. Returns what had to
   * be refused. `entries` are views: what is kept is copied. `read`: which of the numbers up to the cursor were shown by now; with
   * a first cursor all others are unread.
   */
  readonly receive: (
    hub: number,
    log: Uint8Array,
    lane: Lane,
    entries: readonly NumberedEntry[],
    cursor: Cursor | undefined,
    read: Numbers | undefined,
  ) => readonly KithError[]
  /** Sealed entries that the hub is not known to have, without those in `flying`; at most a few. */
  readonly outgoing: (hub: number, log: Uint8Array, flying: ReadonlySet<number>, whose: Whose) => OutgoingBatch
  /** The hub has these durably, under number `n`; `cursor` if they followed directly on ours. */
  readonly delivered: (hub: number, log: Uint8Array, outgoing: Outgoing, n: number, cursor: Cursor | undefined) => void
  /** The hub may have lost anything of a log: from now on it counts as lacking all that belongs there, until it shows otherwise. */
  readonly lost: (hub: number, log: Uint8Array, generation: Uint8Array) => void
  /** What the hub is not known to have of what it may be sent now. */
  readonly pending: (hub: number, log: Uint8Array) => number
  /** Milliseconds until more may be sent: what others will probably bring is held back for a while. Undefined: no more waits. */
  readonly dueInMs: (hub: number, log: Uint8Array) => number | undefined
}

/** Which entries of a log's tail lie in packs, and what is worth one. */
export type SyncPacks = {
  /** What lies before the cursor and was not read yet, ascending: without what packs hold, as members say. */
  readonly unread: (hub: number, log: Uint8Array, lane: Lane) => readonly Numbers[]
  /** All that the hub has of these numbers was shown. */
  readonly read: (hub: number, log: Uint8Array, lane: Lane, numbers: Numbers) => void
  /** The highest number of the tail up to which packs hold it, as members say. */
  readonly top: (hub: number, log: Uint8Array) => number | undefined
  /** What was said of packs is not true: none of it is believed any more. */
  readonly doubt: (hub: number, log: Uint8Array) => void
  /** Whether there may be enough small entries in the tail to be worth a pack; asked often. */
  readonly isDue: (hub: number, log: Uint8Array) => boolean
  /** Entries that hold what many small ones do; undefined: there is nothing to pack. */
  readonly pack: (hub: number, log: Uint8Array) => PackWork | undefined
  /** The hub has them, and their claim, durably. */
  readonly packed: (hub: number, log: Uint8Array, work: PackWork) => void
}

/** What this device wrote, or also what it has of others. */
export type Whose = 'own' | 'all'

export type SyncLog = {
  readonly id: Uint8Array
  readonly wish: OpenWish
  readonly mayWrite: boolean
  /** Those that are read, ascending. */
  readonly lanes: readonly Lane[]
}

/** The last entry of a lane that was read: its number within a generation, and its id. */
export type Cursor = { readonly generation: Uint8Array; readonly n: number; readonly id: Uint8Array }

/** Numbers of a lane's entries, both ends included. */
export type Numbers = { readonly low: number; readonly high: number }

export type PackWork = {
  /** For lane 1; there may be none, where others' packs hold all of it already. */
  readonly entries: readonly Uint8Array[]
  /** The entry that says which of the tail's numbers packs hold. */
  readonly claim: Uint8Array
  /** Ids of the tail's entries that the hub may drop. */
  readonly covers: readonly Uint8Array[]
}

/** One sealed entry on its way, with the numbers of what is in it: segments, or a number below zero for an epoch's boxes. */
export type Outgoing = { readonly lane: Lane; readonly entry: Uint8Array; readonly segments: readonly number[] }

/** `isAll`: there are no more to ask for now. */
export type OutgoingBatch = { readonly entries: readonly Outgoing[]; readonly isAll: boolean }

/** A sealed entry for a log that is not a space's own. */
export type Parcel = {
  readonly n: number
  readonly policy: Policy
  /** Ed25519 seed of the log's write key. */
  readonly seed: Uint8Array
  readonly lane: Lane
  readonly bytes: Uint8Array
}

/** A cursor as a pull names it; none: from the beginning. */
export const toPosition = (cursor: Cursor | undefined): { generation?: Uint8Array; n?: number } =>
  cursor ? { generation: cursor.generation, n: cursor.n } : {}
