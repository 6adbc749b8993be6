import type { Numbers } from '../../sync/index.ts'
import { between, countOf, holds, joined, without } from './numbers.ts'
import type { TailRow } from './tail.ts'

/** What is packed next of a log's tail. */
export type Plan = {
  /** All that the hub has of these numbers is in packs once the rows are. */
  readonly numbers: Numbers
  readonly rows: readonly TailRow[]
}

export type PlanInput = {
  /** What lies in the tail and in no pack, by number ascending, up to `top`. */
  readonly rows: readonly TailRow[]
  /** Every number up to here was read, but for `unread`. */
  readonly top: number
  readonly unread: readonly Numbers[]
  /** Entries that cannot be used here: others may be able to, so that nobody is told to pass them over. */
  readonly useless: readonly Numbers[]
  /** What is in packs, as members say: rows of these numbers are owed, for who joins does not read them there. */
  readonly covered: readonly Numbers[]
  readonly nowMs: number
}

/** From so many entries on that no pack holds, a pack is worth it: a join then reads one entry for hundreds. */
export const packFrom = 512
/** In one go: bounds what is unpacked and compressed at once. */
const entriesAtOnce = 1_024
const bytesAtOnce = 4 * 1024 * 1024
/**
 * The tail is in packs after a week, however little it is: whoever could once write to a log can have a hub drop what lies in its tail 30 days later, and
 * nobody what lies in packs but by an admin's key.
 */
export const oldestMs = 7 * 24 * 60 * 60_000

/**
 * The first stretch of the tail that is worth a pack, or undefined. A stretch ends where something was not read, or cannot be used here.
 */
export const planPack = (input: PlanInput): Plan | undefined => {
  let next = 0
  for (const stretch of stretches(input)) {
    while ((input.rows[next]?.n ?? Infinity) < stretch.low) next += 1
    const first = next
    while ((input.rows[next]?.n ?? Infinity) <= stretch.high) next += 1
    const rows = input.rows.slice(first, next)
    if (!isWorthIt(stretch, rows, input)) continue
    const taken = take(rows)
    const last = taken.length < rows.length ? (taken.at(-1) as TailRow).n : stretch.high
    return { numbers: { low: stretch.low, high: last }, rows: taken }
  }
  return undefined
}

/** Joined first: somebody may have put a hundred thousand that are of no use. */
const stretches = ({ top, unread, useless }: PlanInput): Numbers[] => between(joined([...unread, ...useless]), top)

const isWorthIt = (stretch: Numbers, rows: readonly TailRow[], { covered, nowMs }: PlanInput): boolean =>
  rows.some(({ n, arrivedMs }) => holds(covered, n) || arrivedMs <= nowMs - oldestMs) ||
  countOf(without([stretch], covered)) >= packFrom

/** Whole entries, as many as are packed in one go. */
const take = (rows: readonly TailRow[]): readonly TailRow[] => {
  let [entries, bytes, last] = [0, 0, 0]
  for (const [at, { n, size }] of rows.entries()) {
    if (n === last) continue
    if (entries > 0 && (entries === entriesAtOnce || bytes + size > bytesAtOnce)) return rows.slice(0, at)
    entries += 1
    bytes += size
    last = n
  }
  return rows
}
