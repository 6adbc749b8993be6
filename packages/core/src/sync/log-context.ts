import type { KithError } from '../bytes/index.ts'
import type { Cancel, Crypto } from '../ports/index.ts'
import type { Lane, StoredEntries } from '../wire/index.ts'
import type { SyncLog, SyncSpace } from './source.ts'

/** Puts to a log: on the connection, or apart from it. */
export type PutEntries = (
  lane: Lane,
  entries: readonly Uint8Array[],
  covers?: readonly Uint8Array[],
) => Promise<StoredEntries>

/** What reading, sending and packing of one log on one connection share. */
export type LogContext = {
  readonly hub: number
  readonly space: SyncSpace
  readonly log: SyncLog
  readonly crypto: Crypto
  readonly putEntries: PutEntries
  /** Undefined before the hub has opened the log. */
  readonly generation: () => Uint8Array | undefined
  readonly isClosed: () => boolean
  /** Nothing runs after the log was closed, and what fails ends the connection. */
  readonly guard: (run: () => void) => void
  readonly after: (delayMs: number, run: () => void) => Cancel
  readonly refuse: (error: KithError) => void
}
