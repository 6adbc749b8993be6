/**
 * What one transaction does, worked out in memory: from the logs and entries that it has locked and read to the rows that it must
 * write. Knows no SQL.
 */
import { type Lane, logKinds } from '@kith/core/wire'
import type { Spend } from '../store/access-store.ts'
import { goesByAge, type LogName, type NewEntry, type Placed, StoreFailure, toKey } from '../store/entry-store.ts'
import type { StoreOptions } from '../store/hub-storage.ts'
import { checkRoom } from '../store/room.ts'

/** What somebody asks of the store; `done` and `failed` are called after the commit. */
export type Write = {
  readonly log: LogName
  readonly done: (result: WriteResult) => void
  readonly failed: (cause: unknown) => void
} & (
  | {
      readonly kind: 'append'
      readonly lane: Lane
      readonly entries: readonly NewEntry[]
      readonly covers: readonly Uint8Array[]
    }
  | { readonly kind: 'trim'; readonly ids: readonly Uint8Array[] }
  | { readonly kind: 'drop'; readonly lane: Lane; readonly ids: readonly Uint8Array[] }
  /** Drops what is due by now, if it still is. */
  | { readonly kind: 'due'; readonly ids: readonly Uint8Array[] }
  | { readonly kind: 'touch' }
  /** Spends tokens, which buy so many bytes of room each. */
  | { readonly kind: 'redeem'; readonly spends: readonly Spend[]; readonly roomBytes: number }
  /** Gives the log up if nobody has used it since that day. */
  | { readonly kind: 'giveUp'; readonly leaseEnd: number }
  /** Forgets that the log ever was, once nothing of it is left. */
  | { readonly kind: 'emptied' }
)

export type WriteResult = {
  readonly placed: readonly Placed[]
  readonly dropped: number
  /** Which of the tokens were not spent before. */
  readonly fresh: readonly boolean[]
}

export type LogRow = {
  readonly log: LogName
  /** Made by this transaction. */
  isNew: boolean
  kind: number
  usedDay: number
  entries: number
  bytes: number
  first: number
  readonly next: number[]
  stale: boolean
  paid: number
}

export type FoundEntry = {
  readonly logKey: string
  readonly idKey: string
  readonly lane: number
  readonly n: number
  readonly size: number
  /** Name, in hexadecimal, of a large entry that lies elsewhere. */
  readonly outside: string | undefined
}
export type FoundDue = {
  readonly logKey: string
  readonly idKey: string
  readonly lane: number
  readonly dueDay: number
}

export type Found = {
  readonly logs: ReadonlyMap<string, LogRow>
  readonly entries: readonly FoundEntry[]
  /** Of the logs that something is due in, and the ids named there. */
  readonly due: readonly FoundDue[]
  /** Tokens that this transaction spends first, as `spendToKey`. */
  readonly spent: readonly string[]
  /** Names, in hexadecimal, of large entries whose intents this transaction has taken away. */
  readonly intended: ReadonlySet<string>
  /** Where a new log's numbers begin. */
  readonly floor: number
  readonly today: number
}

type At = { readonly log: LogName; readonly id: Uint8Array; readonly lane: number }

/** Rows to write, in the order of these fields. */
export type Changes = {
  readonly removed: { log: LogName; lane: number; n: number }[]
  readonly added: Map<string, { log: LogName; lane: number; n: number; entry: NewEntry }>
  /** What becomes of the date on which an entry goes: undefined for none. */
  readonly dated: Map<string, At & { dueDay: number | undefined; isEarliestKept: boolean }>
  readonly cleared: LogName[]
  readonly written: Set<LogRow>
  readonly forgotten: LogName[]
  floor: number | undefined
  /** Names of large entries that no row names after this: of rows that go, and of what was not needed. */
  readonly unnamed: Uint8Array[]
  readonly results: (WriteResult | StoreFailure)[]
}

type Here = {
  readonly n: number
  readonly size: number
  readonly id: Uint8Array
  readonly lane: number
  readonly isStored: boolean
  readonly outside: string | undefined
}

export function workOut(writes: readonly Write[], found: Found, options: StoreOptions): Changes {
  const changes: Changes = {
    removed: [],
    added: new Map(),
    dated: new Map(),
    cleared: [],
    written: new Set(),
    forgotten: [],
    floor: undefined,
    unnamed: [],
    results: [],
  }
  /** Entries by log and id, then lane. */
  const here = new Map<string, Map<number, Here>>()
  const unspent = new Set(found.spent)
  const due = new Map(found.due.map((row) => [`${row.logKey}/${row.idKey}/${row.lane}`, row.dueDay]))
  for (const { logKey, idKey, lane, n, size, outside } of found.entries) {
    const row = found.logs.get(logKey)!
    // Of an earlier log of that id, and in the way of the same entry.
    if (n < row.first) remove(row.log, lane, n, outside)
    else lanesOf(logKey, idKey).set(lane, { n, size, id: Buffer.from(idKey, 'hex'), lane, isStored: true, outside })
  }

  function remove(log: LogName, lane: number, n: number, outside: string | undefined): void {
    changes.removed.push({ log, lane, n })
    forget(outside)
  }

  function forget(outside: string | undefined): void {
    if (outside !== undefined) changes.unnamed.push(Buffer.from(outside, 'hex'))
  }

  function lanesOf(logKey: string, idKey: string): Map<number, Here> {
    const key = `${logKey}/${idKey}`
    const lanes = here.get(key) ?? new Map<number, Here>()
    here.set(key, lanes)
    return lanes
  }

  function date(log: LogName, { id, lane }: Here, dueDay: number | undefined, isEarliestKept: boolean): void {
    const key = `${log.key}/${toKey(id)}/${lane}`
    const before = changes.dated.get(key)
    if (isEarliestKept && before?.dueDay !== undefined) return
    // What this transaction has undated is dated afresh.
    changes.dated.set(key, { log, id, lane, dueDay, isEarliestKept: isEarliestKept && before === undefined })
  }

  function use(row: LogRow): LogRow {
    if (row.isNew) {
      row.first = found.floor
      row.next.fill(found.floor)
    }
    row.isNew = false
    row.usedDay = found.today
    row.kind = logKinds.indexOf(row.log.kind)
    changes.written.add(row)
    return row
  }

  const dueIn = (count: number): number => found.today + count + 1

  function append(row: LogRow, lane: Lane, entries: readonly NewEntry[], covers: readonly Uint8Array[]): Placed[] {
    const { log } = row
    const fresh = entries.filter(({ id }) => !lanesOf(log.key, toKey(id)).has(lane))
    checkRoom(log.kind, row, fresh, options, row.paid)
    // So slow that what it wrote is given up.
    if (fresh.some(({ outside }) => outside !== undefined && !found.intended.has(toKey(outside))))
      throw new StoreFailure('away')
    use(row)
    const ages = goesByAge(log.kind)
    const placed = entries.map((entry): Placed => {
      const lanes = lanesOf(log.key, toKey(entry.id))
      const known = lanes.get(lane)
      if (known !== undefined) {
        // The same may be asked twice, after a commit whose answer was lost: then it is the name that the row has.
        if (entry.outside !== undefined && toKey(entry.outside) !== known.outside) forget(toKey(entry.outside))
        // Letters go at their time, however often they are put.
        if (!ages) date(log, known, undefined, false)
        return { n: known.n, isNew: false }
      }
      const n = row.next[lane]!
      row.next[lane] = n + 1
      row.entries += 1
      row.bytes += entry.bytes.length
      const outside = entry.outside === undefined ? undefined : toKey(entry.outside)
      const added: Here = { n, size: entry.bytes.length, id: entry.id, lane, isStored: false, outside }
      lanes.set(lane, added)
      changes.added.set(`${log.key}/${lane}/${n}`, { log, lane, n, entry })
      if (ages) date(log, added, dueIn(options.letterDays), false)
      return { n, isNew: true }
    })
    for (const id of covers) {
      const covered = lanesOf(log.key, toKey(id)).get(2)
      if (covered !== undefined) date(log, covered, dueIn(options.trimDays), true)
    }
    if (log.kind === 'location') dropOlder(row, lane)
    return placed
  }

  function drop(row: LogRow, lane: number, id: Uint8Array): number {
    const lanes = lanesOf(row.log.key, toKey(id))
    const known = lanes.get(lane)
    date(row.log, known ?? { n: 0, size: 0, id, lane, isStored: false, outside: undefined }, undefined, false)
    if (known === undefined) return 0
    lanes.delete(lane)
    row.entries -= 1
    row.bytes -= known.size
    if (known.isStored) remove(row.log, lane, known.n, known.outside)
    else {
      changes.added.delete(`${row.log.key}/${lane}/${known.n}`)
      forget(known.outside)
    }
    changes.written.add(row)
    return 1
  }

  /** A location is its last few records; all of them were read. */
  function dropOlder(row: LogRow, lane: Lane): void {
    const prefix = `${row.log.key}/`
    const all = [...here].flatMap(([key, lanes]) => (key.startsWith(prefix) ? (lanes.get(lane) ?? []) : []))
    all.sort((a, b) => b.n - a.n)
    for (const { id } of all.slice(options.locationEntriesMax)) drop(row, lane, id)
  }

  function giveUp(row: LogRow, leaseEnd: number): void {
    if (row.usedDay < 0 || row.usedDay >= leaseEnd) return
    // From here on nobody finds its entries; they are removed a piece at a time.
    row.first = Math.max(...row.next)
    row.next.fill(row.first)
    row.entries = 0
    row.bytes = 0
    row.paid = 0
    row.usedDay = -1
    row.stale = true
    changes.cleared.push(row.log)
    changes.written.add(row)
  }

  function emptied(row: LogRow): void {
    if (!row.stale) return
    row.stale = false
    if (row.usedDay >= 0) {
      changes.written.add(row)
      return
    }
    changes.floor = Math.max(changes.floor ?? 0, row.first)
    changes.written.delete(row)
    changes.forgotten.push(row.log)
  }

  function redeem(row: LogRow, spends: readonly Spend[], roomBytes: number): boolean[] {
    const fresh = spends.map((spend) => unspent.delete(spendToKey(spend)))
    const bought = fresh.filter(Boolean).length
    if (bought > 0) use(row).paid = Math.min(row.paid + bought * roomBytes, Number.MAX_SAFE_INTEGER)
    return fresh
  }

  function apply(write: Write): WriteResult {
    const row = found.logs.get(write.log.key)!
    if (write.kind === 'append') {
      const placed = append(row, write.lane, write.entries, write.covers)
      return { placed, dropped: 0, fresh: [] }
    }
    if (write.kind === 'redeem') return { placed: [], dropped: 0, fresh: redeem(row, write.spends, write.roomBytes) }
    let dropped = 0
    // A log that is not there is not made by any of these.
    if (row.isNew) return { placed: [], dropped, fresh: [] }
    switch (write.kind) {
      case 'trim':
        if (row.usedDay < 0) break
        use(row)
        for (const id of write.ids)
          for (const entry of lanesOf(row.log.key, toKey(id)).values())
            date(row.log, entry, dueIn(options.trimDays), true)
        break
      case 'drop':
        for (const id of write.ids) dropped += drop(row, write.lane, id)
        break
      case 'due':
        for (const id of write.ids)
          for (const lane of [0, 1, 2, 3]) {
            const dueDay = due.get(`${row.log.key}/${toKey(id)}/${lane}`)
            if (dueDay !== undefined && dueDay <= found.today) dropped += drop(row, lane, id)
          }
        break
      case 'touch':
        if (row.usedDay >= 0 && row.usedDay < found.today) use(row)
        break
      case 'giveUp':
        giveUp(row, write.leaseEnd)
        break
      case 'emptied':
        emptied(row)
        break
    }
    return { placed: [], dropped, fresh: [] }
  }

  for (const write of writes) {
    try {
      changes.results.push(apply(write))
    } catch (cause) {
      if (!(cause instanceof StoreFailure)) throw cause
      // Refused before anything was written: the others of the group are not concerned.
      changes.results.push(cause)
      if (write.kind === 'append')
        for (const { outside } of write.entries) if (outside !== undefined) forget(toKey(outside))
    }
  }
  for (const row of found.logs.values()) if (row.isNew) changes.forgotten.push(row.log)
  return changes
}

export const spendToKey = ({ period, nonce }: Spend): string => `${period}/${toKey(nonce)}`
