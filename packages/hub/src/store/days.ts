/**
 * The day by which a hub forgets: a count of the days on which it ran, not the calendar's. Members can renew nothing while a hub is
 * down, and a clock that jumps to the year 2100 must not empty it.
 */
import type { DatabaseSync } from 'node:sqlite'
import { readNumber, writeNumber } from './sqlite-meta.ts'

export const dayMs = 24 * 60 * 60 * 1000

export type Days = {
  readonly today: () => number
  /** Goes on by one day if the wall clock shows a later day than it last did. Whether anything is to be saved. */
  readonly tick: (wallDay: number) => boolean
  /** In an open transaction. */
  readonly save: () => void
}

export function loadDays(database: DatabaseSync, wallDay: number): Days {
  // The first day is 1: 0 is never, and lies before every lease.
  let today = Math.max(1, readNumber(database, 'day'))
  const kept = readNumber(database, 'day seen')
  let seen = kept === 0 ? wallDay : kept
  let isSaved = kept !== 0
  return {
    today: () => today,
    tick(wallDay) {
      if (wallDay === seen) return !isSaved
      if (wallDay > seen) today += 1
      seen = wallDay
      return true
    },
    save() {
      isSaved = true
      writeNumber(database, 'day', today)
      writeNumber(database, 'day seen', seen)
    },
  }
}
