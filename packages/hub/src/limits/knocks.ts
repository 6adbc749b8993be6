/**
 * Knock boxes: anybody may write there, so each takes small entries only, a few an hour from one neighbourhood of addresses, and so
 * many in all; beyond, the oldest of whoever has the most there goes. Who put what is known by hashed prefix, in memory alone; after
 * a start all that was there before counts as one sender's.
 */
import { toHex } from '@kith/core/bytes'
import { knockBytesMax } from '@kith/core/limits'
import { type PutItem, type Refusal, refusal } from '@kith/core/wire'
import type { EntryStore, LogName, NewEntry } from '../store/entry-store.ts'
import type { HubLimitOptions } from './hub-limits.ts'

export type Knocks = {
  /** Why a put is not taken, whatever else is there; undefined if it may be. */
  readonly refuse: (log: LogName, prefix: string, item: PutItem) => Refusal | undefined
  /** Drops what has to go so that the entries fit, and notes whose they are. */
  readonly makeRoom: (log: LogName, prefix: string, entries: readonly NewEntry[]) => Promise<void>
  /** Forgets senders that owe nothing, and boxes that nobody wrote to for long. */
  readonly tidy: () => void
}

/** Knocks have one lane: the tail. */
const lane = 2

/** Boxes whose senders are remembered. */
const boxesMax = 10_000

type Known = { readonly id: Uint8Array; readonly key: string; readonly prefix: string }
type Bucket = { level: number; at: number }

export function createKnocks(
  store: Pick<EntryStore, 'read' | 'drop'>,
  limits: Pick<HubLimitOptions, 'knockEntriesMax' | 'knocks'>,
  monotonic: () => number,
  isShared: boolean,
): Knocks {
  /** Entries by box, oldest first; the box written to last comes last. */
  const boxes = new Map<string, Known[]>()
  const buckets = new Map<string, Bucket>()
  const { burst, perSecond } = limits.knocks

  /** Milliseconds after which so many may come; takes them where that is 0. */
  function take(name: string, count: number): number {
    const now = monotonic()
    const bucket = buckets.get(name) ?? { level: burst, at: now }
    bucket.level = Math.min(burst, bucket.level + ((now - bucket.at) * perSecond) / 1000)
    bucket.at = now
    buckets.set(name, bucket)
    const needed = Math.min(count, burst)
    if (bucket.level < needed) return Math.ceil(((needed - bucket.level) * 1000) / perSecond)
    bucket.level -= count
    return 0
  }

  async function entriesOf(log: LogName): Promise<Known[]> {
    const known = boxes.get(log.key)
    boxes.delete(log.key)
    const list = isShared ? await loadShared(log, known ?? []) : (known ?? (await load(log)))
    boxes.set(log.key, list)
    return list
  }

  /** What came by another process counts as one sender's. */
  async function loadShared(log: LogName, known: readonly Known[]): Promise<Known[]> {
    const senders = new Map(known.map(({ key, prefix }) => [key, prefix]))
    return (await load(log)).map((entry) => ({ ...entry, prefix: senders.get(entry.key) ?? entry.prefix }))
  }

  async function load(log: LogName): Promise<Known[]> {
    const wish = { direction: 'after', n: 0, entriesMax: limits.knockEntriesMax * 2, bytesMax: 2 ** 30, idsOnly: true }
    const { entries } = await store.read(log, lane, wish as Parameters<EntryStore['read']>[2])
    return entries.map(({ id }) => ({ id: id.slice(), key: toHex(id), prefix: 'before' }))
  }

  return {
    refuse(log, prefix, item) {
      if (item.lane !== lane) return refusal('refused')
      if (item.entries.some((entry) => entry.length > knockBytesMax)) return refusal('too-large')
      if (item.entries.length > limits.knockEntriesMax) return refusal('quota-full')
      const waitMs = prefix === '' ? 0 : take(`${log.key}/${prefix}`, item.entries.length)
      return waitMs > 0 ? refusal('slow-down', waitMs) : undefined
    },

    async makeRoom(log, prefix, entries) {
      const list = await entriesOf(log)
      const had = new Set(list.map(({ key }) => key))
      for (const { id } of entries) {
        const key = toHex(id)
        if (had.has(key)) continue
        had.add(key)
        list.push({ id: id.slice(), key, prefix })
      }
      const dropped: Uint8Array[] = []
      while (list.length > limits.knockEntriesMax) {
        const [gone] = list.splice(oldestOfHeaviest(list), 1)
        if (gone) dropped.push(gone.id)
      }
      if (dropped.length > 0) await store.drop(log, lane, dropped)
    },

    tidy() {
      const now = monotonic()
      for (const [name, { level, at }] of buckets)
        if (level + ((now - at) * perSecond) / 1000 >= burst) buckets.delete(name)
      for (const key of boxes.keys()) {
        if (boxes.size <= boxesMax) break
        boxes.delete(key)
      }
    },
  }
}

/** Where several have the most, the oldest entry of them all. */
function oldestOfHeaviest(list: readonly Known[]): number {
  const counts = new Map<string, number>()
  for (const { prefix } of list) counts.set(prefix, (counts.get(prefix) ?? 0) + 1)
  const most = Math.max(...counts.values())
  return list.findIndex(({ prefix }) => counts.get(prefix) === most)
}
