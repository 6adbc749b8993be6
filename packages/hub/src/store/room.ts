/** What a log may hold: its quota, and what was paid for. */
import { entryRoomBytes, isPaidFor, type NewEntry, StoreFailure } from './entry-store.ts'
import type { LogKind } from '@kith/core/wire'
import type { StoreOptions } from './hub-storage.ts'

/** What lies in a log. */
export type Held = { readonly entries: number; readonly bytes: number }

export function hasRoom(kind: LogKind, held: Held, fresh: readonly NewEntry[], options: StoreOptions): boolean {
  const { entries, bytes } = withMore(held, fresh)
  const isMailbox = kind === 'mailbox'
  const bytesMax = isMailbox ? Math.min(options.logBytesMax, options.mailboxBytesMax) : options.logBytesMax
  const entriesMax = isMailbox ? Math.min(options.logEntriesMax, options.mailboxEntriesMax) : options.logEntriesMax
  return bytes <= bytesMax && entries <= entriesMax
}

/**
 * For entries that the log does not have yet: what is there already takes no room.
 *
 * @throws StoreFailure 'quota', then 'unpaid'.
 */
export function checkRoom(
  kind: LogKind,
  held: Held,
  fresh: readonly NewEntry[],
  options: StoreOptions,
  paidBytes: number,
): void {
  if (!hasRoom(kind, held, fresh, options)) throw new StoreFailure('quota')
  if (!options.wantsTokens || !isPaidFor(kind)) return
  const { entries, bytes } = withMore(held, fresh)
  // Each entry costs more than its bytes.
  if (bytes + entryRoomBytes * entries > paidBytes) throw new StoreFailure('unpaid')
}

function withMore(held: Held, fresh: readonly NewEntry[]): Held {
  return {
    entries: held.entries + fresh.length,
    bytes: fresh.reduce((sum, entry) => sum + entry.bytes.length, held.bytes),
  }
}
