/** How a log stands to what a client has of it. */
import type { Lane, LaneCursor } from '@kith/core/wire'
import type { LaneSpan, LogName } from './entry-store.ts'

/** 'other': of an earlier log of that id, or of another copy of the store. */
export type Standing = 'same' | 'news' | 'other'

export type StandingWish = { readonly log: LogName; readonly cursors: readonly LaneCursor[] }

/** What a store knows of a log without looking at its entries: the number that its lanes began with, and that of the next entry of each. */
export type LaneCounts = { readonly first: number; readonly next: readonly number[] }

/** Of a log that is not there too. */
export function spanOf(counts: LaneCounts | undefined, lane: Lane): LaneSpan {
  if (counts === undefined) return { first: 1, newest: 0 }
  const next = counts.next[lane]!
  return { first: counts.first, newest: next > counts.first ? next - 1 : 0 }
}

/** `markOf`: asked for lanes of which the client has the newest number; undefined where nothing is there under it any more. */
export function logStanding(
  cursors: readonly LaneCursor[],
  counts: LaneCounts | undefined,
  markOf: (cursor: LaneCursor) => number | undefined,
): Standing {
  let found: Standing = 'same'
  for (const cursor of cursors) {
    const span = spanOf(counts, cursor.lane)
    found = worse(found, laneStanding(cursor, span, span.newest === cursor.n ? markOf(cursor) : undefined))
  }
  return found
}

function laneStanding(cursor: LaneCursor, { first, newest }: LaneSpan, mark: number | undefined): Standing {
  const { n } = cursor
  // Never given, or by an earlier log: the store is an older copy, or the log had expired and is a new one. Healing is right, whatever the generation says.
  if (n > newest || (n > 0 && n < first)) return 'other'
  if (newest > n) return 'news'
  return mark === undefined || mark === cursor.mark ? 'same' : 'other'
}

function worse(one: Standing, other: Standing): Standing {
  if (one === 'other' || other === 'other') return 'other'
  return one === 'news' ? one : other
}
