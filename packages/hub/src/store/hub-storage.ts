/** Where a hub keeps what outlives it. It is opened before the hub is made, for that may take a while and fail. */
import type { FanOut } from '../fan-out.ts'
import type { EntryStore, StoreFailure } from './entry-store.ts'

export type HubIdentity = {
  /** X25519, 32 bytes: the hub's name. */
  readonly publicKey: Uint8Array
  readonly secretKey: Uint8Array
  /** Key of the tickets' MACs, 32 bytes. */
  readonly ticketSecret: Uint8Array
}

export type StoreOptions = {
  readonly logBytesMax: number
  readonly logEntriesMax: number
  readonly mailboxBytesMax: number
  readonly mailboxEntriesMax: number
  readonly locationEntriesMax: number
  /** The calendar's day at the start. */
  readonly wallDay: number
  /** Days between a trim and what it does. */
  readonly trimDays: number
  /** Days that an entry stays in a mailbox or knock box. */
  readonly letterDays: number
  /** Space and media logs have the room that tokens have bought, and no more. */
  readonly wantsTokens: boolean
  /** Days that a log stays which nobody opens. */
  readonly leaseDays: number
  readonly random: (length: number) => Uint8Array
  /** Runs something when the work already queued has had its turn. */
  readonly soon: (run: () => void) => void
  /** Told of each failed group, and of entries that are gone. */
  readonly failed: (failure: StoreFailure) => void
}

export type HubStorage = {
  /** Whether other processes write to it too: what this one remembers of a log may be old. */
  readonly isShared: boolean
  /** Whether reading an entry may wait for another machine's answer for long. */
  readonly isFar?: boolean
  /** Begins a run of the hub on it. Closing the store closes the storage. */
  readonly start: (options: StoreOptions) => {
    readonly identity: HubIdentity
    readonly store: EntryStore
    /** To the other processes; without, there are none. */
    readonly fanOut?: FanOut
  }
}

/** The highest number given in each lane of those logs that exist. Keys are ids in hexadecimal. */
export type Heads = (logKeys: readonly string[]) => Promise<ReadonlyMap<string, readonly number[]>>
