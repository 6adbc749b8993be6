import type { NumberedEntry } from '@kith/core/wire'
import { StoreFailure } from './entry-store.ts'

/**
 * A piece of a lane with its large entries' bytes, fetched side by side. Where one cannot be had now the piece ends before it (`isCut`).
 * `get` gives undefined for an entry that is gone.
 *
 * @throws StoreFailure, `away` where already the first cannot be had.
 */
export async function fill<Row>(
  rows: readonly Row[],
  get: (row: Row) => Promise<NumberedEntry | undefined>,
): Promise<{ readonly entries: NumberedEntry[]; readonly isCut: boolean }> {
  const entries: NumberedEntry[] = []
  for (const result of await Promise.allSettled(rows.map(get))) {
    if (result.status === 'rejected') {
      const isAway = result.reason instanceof StoreFailure && result.reason.reason === 'away'
      if (!isAway || entries.length === 0) throw result.reason
      return { entries, isCut: true }
    }
    if (result.value !== undefined) entries.push(result.value)
  }
  return { entries, isCut: false }
}
