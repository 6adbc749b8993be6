/**
 * The messages of the hub protocol. Who starts, what answers:
 *
 *   hub    → client  hello    first on every connection
 *   client → hub     open     → opened    shows policies and proofs
 *   client → hub     resume   → resumed   opens again what a ticket is for, and follows what has no news
 *   client → hub     put      → stored    after the entries are on disk
 *   client → hub     pull     → pulling   then `entries` for each log with news, and for as long as it is followed
 *   client → hub     signal   → done
 *   client → hub     trim     → done
 *   client → hub     terms    → told      what the hub asks for
 *   client → hub     join     → done      an invite, for a member's key
 *   client → hub     issue    → issued    a member's tokens, blind
 *   client → hub     pay      → done      tokens or work for logs
 *   client → hub     channel  → channelled  a handshake with the hub's key: to see that it has it, or to seal all that follows
 *   client → hub     carry    → done      another hub, to which all that follows is passed on
 *   hub    → client  entries  by a pull (its request number), or pushed to a follower (request 0)
 *   hub    → client  heard    a signal of somebody else
 *   hub    → client  goodbye  why the hub ends the connection; last
 *
 * Every request carries a number of the client's choice (1 to 2^32 − 1) and a list; its answer carries the number and one
 * result for each item, in order.
 */
import type { ChannelPurpose } from '../crypto/channel/index.ts'
import type { HubTerms, IssueFields, JoinItem, PayItem } from './access.ts'
import type { Policy, Right } from './policy.ts'
import type { Refusal } from './refusal.ts'
import type { TicketLog } from './ticket.ts'
import type { WorkChallenge } from './work.ts'

export const protocolVersion = 2

/** 0 membership and keys, 1 packs, 2 tail, 3 chunks. */
export type Lane = 0 | 1 | 2 | 3
export const membershipLane = 0
export const packLane = 1
export const tailLane = 2

export type Proof = { readonly right: Right; readonly signature: Uint8Array }

export type Resumption = { readonly publicKey: Uint8Array; readonly signature: Uint8Array }

export type OpenItem = { readonly policy: Policy; readonly proofs: readonly Proof[] }

/** Where a client stands in a lane: `mark` is that of the entry `n`, as `idToMark`; 0 where `n` is 0. */
export type LaneCursor = { readonly lane: Lane; readonly n: number; readonly mark: number }

/**
 * A log of a ticket. `cursors`: to follow these lanes (ascending) from there, if all of them are known and nothing is beyond; none: only to be open; undefined:
 * not even that, it is named because the ticket is for it too.
 */
export type ResumeItem = TicketLog & { readonly cursors: readonly LaneCursor[] | undefined }

export type ResumeFields = {
  readonly resumption: Resumption
  readonly ticket: Uint8Array
  /** That all cursors are of. Where it is not the hub's, or undefined, nothing is followed. */
  readonly generation: Uint8Array | undefined
  readonly logs: readonly ResumeItem[]
}

export type PutItem = {
  readonly log: Uint8Array
  readonly lane: Lane
  readonly entries: readonly Uint8Array[]
  /** Ids of tail entries of this hub that the entries (packs) hold the changes of: dropped after 30 days. */
  readonly covers: readonly Uint8Array[]
}

export type PullItem = {
  readonly log: Uint8Array
  readonly lane: Lane
  /** 'after' n upwards; 'before' n downwards (0: from the newest); 'ids' the entries of these ids; 'stop' ends following. */
  readonly mode: PullMode
  /** The generation that `n` is of; undefined for a cursor at the start, which is of every generation. */
  readonly generation: Uint8Array | undefined
  readonly n: number
  /** Entries at most; 0 for no limit. */
  readonly limit: number
  /** Push what comes later, until 'stop' or the end of the connection. Only with 'after', and without a limit. */
  readonly follow: boolean
  /** Send ids and numbers without bytes: a cheap look at what a hub has, for healing. */
  readonly idsOnly: boolean
  readonly ids: readonly Uint8Array[]
}

export const pullModes = ['after', 'before', 'ids', 'stop'] as const
export type PullMode = (typeof pullModes)[number]

export type SignalItem = {
  readonly log: Uint8Array
  /** A listener's name as heard (16 bytes); undefined for all. */
  readonly to: Uint8Array | undefined
  readonly bytes: Uint8Array
}

export type TrimItem = { readonly log: Uint8Array; readonly ids: readonly Uint8Array[] }

export type ClientMessage =
  | {
      readonly type: 'open'
      readonly request: number
      readonly resumption: Resumption | undefined
      readonly logs: readonly OpenItem[]
    }
  | ({ readonly type: 'resume'; readonly request: number } & ResumeFields)
  | { readonly type: 'put'; readonly request: number; readonly puts: readonly PutItem[] }
  | { readonly type: 'pull'; readonly request: number; readonly pulls: readonly PullItem[] }
  | { readonly type: 'signal'; readonly request: number; readonly signals: readonly SignalItem[] }
  | { readonly type: 'trim'; readonly request: number; readonly trims: readonly TrimItem[] }
  /** A challenge of work for each of these logs. */
  | { readonly type: 'terms'; readonly request: number; readonly logs: readonly Uint8Array[] }
  | ({ readonly type: 'join'; readonly request: number } & JoinItem)
  | ({ readonly type: 'issue'; readonly request: number } & IssueFields)
  | { readonly type: 'pay'; readonly request: number; readonly pays: readonly PayItem[] }
  | ({ readonly type: 'channel'; readonly request: number } & ChannelItem)
  | ({ readonly type: 'carry'; readonly request: number } & CarryItem)

/** `handshake` is the first message of Noise NK, without payload. */
export type ChannelItem = { readonly purpose: ChannelPurpose; readonly handshake: Uint8Array }

/** Which hub to carry to: where it is, and its X25519 key. */
export type CarryItem = { readonly url: string; readonly hubKey: Uint8Array }

/** What this hub takes; never above the protocol's own limits. */
export type HubLimits = {
  readonly frameBytesMax: number
  readonly entryBytesMax: number
  readonly logsPerOpenMax: number
  readonly logsPerConnectionMax: number
  readonly logBytesMax: number
  readonly logEntriesMax: number
}

export type Hello = {
  readonly type: 'hello'
  readonly version: number
  /** The hub's X25519 static public key: its name. */
  readonly hubKey: Uint8Array
  readonly nonce: Uint8Array
  /** The hub's clock, milliseconds since 1970 UTC. */
  readonly timeMs: number
  readonly limits: HubLimits
}

/** `rights` a bit each. */
export type OpenedLog = { readonly generation: Uint8Array; readonly rights: number }

/** What is not followed of what was to be; undefined: it is open, and there is news. 'other-generation': open, but its cursors mean nothing. Otherwise it is not open. */
export type NotFollowed = { readonly at: number; readonly why: Refusal | undefined }

/** `others`: by index in the list that was asked for, ascending. All others are as they were wished. */
export type ResumedLogs = { readonly generation: Uint8Array; readonly others: readonly NotFollowed[] }

/** Numbers of the entries, in order; of one that was there already, its old number. */
export type StoredEntries = { readonly generation: Uint8Array; readonly numbers: readonly number[] }

/** `news` false: nothing beyond the cursor, the lane is caught up and no `entries` message comes for it (unless followed, later). */
export type PullStarted = { readonly generation: Uint8Array; readonly news: boolean }

/** A blind signature, 256 bytes. */
export type IssuedToken = { readonly signature: Uint8Array }

/** The second message of the handshake. */
export type ChannelAnswer = { readonly handshake: Uint8Array }

export type Done = { readonly done: true }

/** 'more' of this pull follows; 'caught-up' with the lane; 'limit' reached, more is there. The latter two end the pull. */
export const entriesStates = ['more', 'caught-up', 'limit'] as const
export type EntriesState = (typeof entriesStates)[number]

/** `bytes` is empty if only ids were asked for. */
export type NumberedEntry = { readonly n: number; readonly id: Uint8Array; readonly bytes: Uint8Array }

export type EntriesMessage = {
  readonly type: 'entries'
  /** Of the pull that asked, or 0 for a push. */
  readonly request: number
  readonly log: Uint8Array
  readonly lane: Lane
  readonly generation: Uint8Array
  readonly state: EntriesState
  readonly entries: readonly NumberedEntry[]
}

export type HeardMessage = {
  readonly type: 'heard'
  readonly log: Uint8Array
  readonly from: Uint8Array
  readonly bytes: Uint8Array
}

export type HubMessage =
  | Hello
  | {
      readonly type: 'opened'
      readonly request: number
      /** For all logs that were opened by a signature, in order, if a resumption key was shown. */
      readonly ticket: Uint8Array | undefined
      readonly results: readonly (OpenedLog | Refusal)[]
    }
  | { readonly type: 'resumed'; readonly request: number; readonly results: readonly (ResumedLogs | Refusal)[] }
  | { readonly type: 'stored'; readonly request: number; readonly results: readonly (StoredEntries | Refusal)[] }
  | { readonly type: 'pulling'; readonly request: number; readonly results: readonly (PullStarted | Refusal)[] }
  | { readonly type: 'done'; readonly request: number; readonly results: readonly (Done | Refusal)[] }
  | {
      readonly type: 'told'
      readonly request: number
      readonly terms: HubTerms
      readonly results: readonly (WorkChallenge | Refusal)[]
    }
  | { readonly type: 'issued'; readonly request: number; readonly results: readonly (IssuedToken | Refusal)[] }
  | { readonly type: 'channelled'; readonly request: number; readonly results: readonly (ChannelAnswer | Refusal)[] }
  | EntriesMessage
  | HeardMessage
  | { readonly type: 'goodbye'; readonly why: Refusal }

/** First element of every message. */
export const messageCodes = {
  hello: 0,
  open: 1,
  put: 2,
  pull: 3,
  signal: 4,
  trim: 5,
  opened: 6,
  stored: 7,
  pulling: 8,
  done: 9,
  entries: 10,
  heard: 11,
  goodbye: 12,
  terms: 13,
  join: 14,
  issue: 15,
  pay: 16,
  told: 17,
  issued: 18,
  channel: 19,
  channelled: 20,
  carry: 21,
  resume: 22,
  resumed: 23,
} as const

/** 16 random bytes of a hub's unbroken run over one database. */
export const generationBytes = 16
/** 16 bytes: a connection's name on one log. */
export const listenerNameBytes = 16
