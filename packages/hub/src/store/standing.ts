/** How a log stands to what a client has of it. */
import type { LaneCursor } from '@kith/core/wire'
import type { LogName } from './entry-store.ts'

/** 'other': of an earlier log of that id, or of another copy of the store. */
export type Standing = 'same' | 'news' | 'other'

export type StandingWish = { readonly log: LogName; readonly cursors: readonly LaneCursor[] }

/** `newest`: as in `LaneSpan`. `mark`: of the entry under that number; undefined where nothing is there any more. */
export function laneStanding(cursor: LaneCursor, first: number, newest: number, mark: number | undefined): Standing {
  const { n } = cursor
  // Never given, or by an earlier log: the store is an older copy, or the log had expired and is a new one. Healing is right, whatever the generation says.
  if (n > newest || (n > 0 && n < first)) return 'other'
  if (newest > n) return 'news'
  return mark === undefined || mark === cursor.mark ? 'same' : 'other'
}

/** Of a log, by its lanes. */
export function worse(one: Standing, other: Standing): Standing {
  if (one === 'other' || other === 'other') return 'other'
  return one === 'news' ? one : other
}
