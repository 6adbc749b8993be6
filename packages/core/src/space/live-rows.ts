import type { KeyedRow, RowQuery, TouchedRows } from '../database/index.ts'
import { isSameRow } from './same-row.ts'

/**
 * The answer of a query that can be asked row by row, kept: after a write only what was written is asked for, and put where it
 * belongs. Rows that did not change keep their identity.
 */
export type LiveRows = {
  /** The rows now; `touched`: what was written since the last call, where that is known. */
  readonly read: (touched: TouchedRows | undefined) => readonly object[]
}

/** `space`: its local number; undefined where the query spans all spaces of the app. */
export const createLiveRows = (query: RowQuery, space: number | undefined): LiveRows => {
  let entries: KeyedRow[] | undefined
  let byId = new Map<string, KeyedRow>()
  let shown: readonly object[] = []

  /** The entry of before, if it says the same. */
  const settle = (entry: KeyedRow): KeyedRow => {
    const known = byId.get(entry.key.id)
    if (!known || !isSameRow(known.row, entry.row)) return entry
    return query.compare(known.key, entry.key) === 0 ? known : { key: entry.key, row: known.row }
  }

  const readAll = (): void => {
    entries = query.all().map(settle)
    byId = new Map(entries.map((entry) => [entry.key.id, entry]))
    shown = entries.map(({ row }) => row)
  }

  const readSome = (known: readonly KeyedRow[], ids: ReadonlyMap<number, readonly Uint8Array[]>): void => {
    const found = new Map<string, KeyedRow>()
    const asked: string[] = []
    for (const [of, some] of ids) {
      if (space !== undefined && of !== space) continue
      for (const entry of query.some(of, some)) found.set(entry.key.id, settle(entry))
      for (const id of some) asked.push(String.fromCharCode(...id))
    }
    const changed = new Set(asked.filter((id) => byId.get(id) !== found.get(id)))
    if (changed.size === 0) return
    const fresh = [...found.values()]
      .filter(({ key }) => changed.has(key.id))
      .sort((left, right) => query.compare(left.key, right.key))
    const kept = known.filter(({ key }) => !changed.has(key.id))
    entries = mergeSorted(kept, fresh, (left, right) => query.compare(left.key, right.key))
    for (const id of changed) byId.delete(id)
    for (const entry of fresh) byId.set(entry.key.id, entry)
    shown = entries.map(({ row }) => row)
  }

  return {
    read: (touched) => {
      const ids = touched?.get(query.sqlName)
      if (!entries || !touched) readAll()
      else if (ids) readSome(entries, ids)
      return shown
    },
  }
}

/** A few into many. */
const mergeSorted = <T>(many: readonly T[], few: readonly T[], compare: (left: T, right: T) => number): T[] => {
  const merged: T[] = []
  let from = 0
  for (const one of few) {
    const to = placeOf(many, one, from, compare)
    for (; from < to; from += 1) merged.push(many[from] as T)
    merged.push(one)
  }
  for (; from < many.length; from += 1) merged.push(many[from] as T)
  return merged
}

const placeOf = <T>(sorted: readonly T[], one: T, from: number, compare: (left: T, right: T) => number): number => {
  let [low, high] = [from, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compare(sorted[middle] as T, one) < 0) low = middle + 1
    else high = middle
  }
  return low
}
