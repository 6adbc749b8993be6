/**
 * One group of writes as one transaction: lock and read, then write; the questions of each step are sent one behind another, without
 * waiting. Logs are locked by an upsert, in the order of their ids, so that processes which write the same ones wait for each other and
 * never in a circle.
 */
import { toHex } from '@kith/core/bytes'
import { type LogKind, logKinds } from '@kith/core/wire'
import part from 'sql-template-tag'
import type { LogName } from '../store/entry-store.ts'
import type { StoreOptions } from '../store/hub-storage.ts'
import {
  type Changes,
  type Found,
  type FoundEntry,
  type LogRow,
  spendToKey,
  type Write,
  workOut,
} from './postgres-batch.ts'
import type { Postgres, Sql } from './postgres-pool.ts'
import { bytesToArray, bytesToNumber, numbersToArray, numbersToBytes, optionalBytesToArray } from './postgres-values.ts'
import { nameToKey } from './shared-large.ts'

/** Stands in a row that this transaction has made, so that it is known from those that were there. */
const justMade = -2

const noBytes = new Uint8Array(0)

/** Where a location's records are. */
const tail = 2

type LogAnswer = {
  log: Uint8Array
  kind: number
  used_day: number
  entries: number
  bytes: number
  first: number
  next0: number
  next1: number
  next2: number
  next3: number
  stale: boolean
  paid: number
}
type EntryAnswer = {
  log: Uint8Array
  lane: number
  id: Uint8Array
  n: number
  size: number
  outside: Uint8Array | null
}
type DueAnswer = { log: Uint8Array; lane: number; id: Uint8Array; due_day: number }

/** Resolves when the group is committed, with what became of each write, and the large entries that nothing names any more. */
export async function commitGroup(
  pool: Postgres,
  writes: readonly Write[],
  today: number,
  options: StoreOptions,
): Promise<Pick<Changes, 'results' | 'unnamed'>> {
  return pool.begin(async (sql) => {
    const changes = workOut(writes, await lockAndRead(sql, writes, today), options)
    await Promise.all(writeRows(sql, changes))
    return { results: changes.results, unnamed: changes.unnamed }
  })
}

async function lockAndRead(sql: Sql, writes: readonly Write[], today: number): Promise<Found> {
  const names = new Map(writes.map(({ log }) => [log.key, log]))
  const logs = [...names.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
  const kinds = logs.map(({ kind }) => logKinds.indexOf(kind))
  const locked = sql<LogAnswer[]>`
    INSERT INTO hub_log AS l (log, kind, used_day, entries, bytes, first, next0, next1, next2, next3, stale, paid)
    SELECT u.log, u.kind, ${justMade}::int, 0, 0, 1, 1, 1, 1, 1, false, 0
    FROM unnest(${bytesToArray(logs.map(({ id }) => id))}::bytea[], ${numbersToArray(kinds)}::smallint[]) AS u (log, kind)
    ON CONFLICT (log) DO UPDATE SET kind = l.kind
    RETURNING l.*`
  const ids = writes.flatMap((write) => idsOf(write).map((id) => ({ log: write.log, id })))
  const pairs = [bytesToArray(ids.map(({ log }) => log.id)), bytesToArray(ids.map(({ id }) => id))] as const
  const entries =
    ids.length === 0
      ? []
      : sql<EntryAnswer[]>`
    SELECT e.log, e.lane, e.id, e.n, e.size, e.outside FROM unnest(${pairs[0]}::bytea[], ${pairs[1]}::bytea[]) AS u (log, id)
    JOIN hub_entry e ON e.log = u.log AND e.id = u.id`
  const locations = logs.filter(({ kind }) => kind === ('location' satisfies LogKind)).map(({ id }) => id)
  const records =
    locations.length === 0
      ? []
      : sql<EntryAnswer[]>`
    SELECT log, lane, id, n, size, outside FROM hub_entry WHERE log = ANY(${bytesToArray(locations)}::bytea[]) AND lane = ${tail}`
  const due = writes.some(({ kind }) => kind === 'due')
    ? sql<DueAnswer[]>`
    SELECT d.log, d.lane, d.id, d.due_day FROM unnest(${pairs[0]}::bytea[], ${pairs[1]}::bytea[]) AS u (log, id)
    JOIN hub_dropping d ON d.log = u.log AND d.id = u.id`
    : []
  const tokens = writes.flatMap((write) => (write.kind === 'redeem' ? write.spends : []))
  // In one order everywhere, as logs are.
  tokens.sort((a, b) => Buffer.compare(a.nonce, b.nonce))
  const spent =
    tokens.length === 0
      ? []
      : sql<{ period: number; nonce: Uint8Array }[]>`
    INSERT INTO hub_spent (period, nonce)
    SELECT * FROM unnest(${numbersToArray(tokens.map(({ period }) => period))}::bigint[],
      ${bytesToArray(tokens.map(({ nonce }) => nonce))}::bytea[])
    ON CONFLICT (period, nonce) DO NOTHING RETURNING period, nonce`
  const appended = writes.flatMap((write) => (write.kind === 'append' ? write.entries : []))
  const outside = appended.flatMap((entry) => entry.outside ?? [])
  const intended =
    outside.length === 0
      ? []
      : sql<{ name: Uint8Array }[]>`
    DELETE FROM hub_intent WHERE name = ANY(${bytesToArray(outside)}::bytea[]) RETURNING name`
  // After the lock: whoever removed one of these logs meanwhile has raised it.
  const floor = sql<{ value: Uint8Array }[]>`SELECT value FROM hub_meta WHERE name = 'floor'`
  const answers = await Promise.all([locked, entries, records, due, floor, spent, intended])
  const found = new Map<string, FoundEntry>()
  for (const row of [...answers[1], ...answers[2]]) {
    const { lane, n, size } = row
    const entry = { logKey: toHex(row.log), idKey: toHex(row.id), lane, n, size, outside: nameToKey(row.outside) }
    found.set(`${entry.logKey}/${entry.lane}/${entry.n}`, entry)
  }
  return {
    logs: new Map(answers[0].map((row) => [toHex(row.log), toLogRow(names.get(toHex(row.log))!, row)])),
    entries: [...found.values()],
    due: answers[3].map((row) => ({
      logKey: toHex(row.log),
      idKey: toHex(row.id),
      lane: row.lane,
      dueDay: row.due_day,
    })),
    spent: answers[5].map(spendToKey),
    intended: new Set(answers[6].map(({ name }) => toHex(name))),
    floor: bytesToNumber(answers[4][0]!.value, 0),
    today,
  }
}

function toLogRow(log: LogName, row: LogAnswer): LogRow {
  return {
    log,
    isNew: row.used_day === justMade,
    kind: row.kind,
    usedDay: row.used_day,
    entries: row.entries,
    bytes: row.bytes,
    first: row.first,
    next: [row.next0, row.next1, row.next2, row.next3],
    stale: row.stale,
    paid: row.paid,
  }
}

function idsOf(write: Write): readonly Uint8Array[] {
  if (write.kind === 'append') return [...write.entries.map(({ id }) => id), ...write.covers]
  return 'ids' in write ? write.ids : []
}

function* writeRows(sql: Sql, changes: Changes): Generator<Promise<unknown>> {
  const { removed, added, dated, cleared, written, forgotten, floor } = changes
  const logIds = (list: readonly { log: LogName }[]) => bytesToArray(list.map(({ log }) => log.id))
  if (cleared.length > 0)
    yield sql`DELETE FROM hub_dropping WHERE log = ANY(${bytesToArray(cleared.map(({ id }) => id))}::bytea[])`
  if (removed.length > 0)
    yield sql`
      DELETE FROM hub_entry e USING unnest(${logIds(removed)}::bytea[], ${lanes(removed)}::smallint[],
        ${numbersToArray(removed.map(({ n }) => n))}::bigint[]) AS u (log, lane, n)
      WHERE e.log = u.log AND e.lane = u.lane AND e.n = u.n`
  if (added.size > 0) {
    const rows = [...added.values()]
    const sizes = rows.map(({ entry }) => entry.bytes.length)
    const here = rows.map(({ entry }) => (entry.outside === undefined ? entry.bytes : noBytes))
    let end = 1
    const starts = here.map(({ length }) => (end += length) - length)
    // All bytes as one value, cut up by the server: an array of them would have to be read letter by letter.
    yield sql`
      INSERT INTO hub_entry (log, lane, n, size, id, outside, bytes)
      SELECT u.log, u.lane, u.n, u.size, u.id, u.outside, substring(${Buffer.concat(here)}::bytea, u.start, u.length)
      FROM unnest(${logIds(rows)}::bytea[], ${lanes(rows)}::smallint[], ${numbersToArray(rows.map(({ n }) => n))}::bigint[],
        ${numbersToArray(sizes)}::int[], ${bytesToArray(rows.map(({ entry }) => entry.id))}::bytea[],
        ${optionalBytesToArray(rows.map(({ entry }) => entry.outside))}::bytea[], ${numbersToArray(starts)}::int[],
        ${numbersToArray(here.map(({ length }) => length))}::int[]) AS u (log, lane, n, size, id, outside, start, length)`
  }
  const dates = [...dated.values()]
  const undated = dates.filter(({ dueDay }) => dueDay === undefined)
  if (undated.length > 0)
    yield sql`
      DELETE FROM hub_dropping d USING unnest(${logIds(undated)}::bytea[], ${bytesToArray(undated.map(({ id }) => id))}::bytea[],
        ${lanes(undated)}::smallint[]) AS u (log, id, lane)
      WHERE d.log = u.log AND d.id = u.id AND d.lane = u.lane`
  for (const isEarliestKept of [false, true]) {
    const rows = dates.filter((row) => row.dueDay !== undefined && row.isEarliestKept === isEarliestKept)
    if (rows.length === 0) continue
    yield sql`
      INSERT INTO hub_dropping (log, id, lane, due_day)
      SELECT * FROM unnest(${logIds(rows)}::bytea[], ${bytesToArray(rows.map(({ id }) => id))}::bytea[],
        ${lanes(rows)}::smallint[], ${numbersToArray(rows.map(({ dueDay }) => dueDay!))}::int[])
      ON CONFLICT (log, id, lane) ${isEarliestKept ? part`DO NOTHING` : part`DO UPDATE SET due_day = excluded.due_day`}`
  }
  if (written.size > 0) yield writeLogs(sql, [...written])
  if (forgotten.length > 0)
    yield sql`DELETE FROM hub_log WHERE log = ANY(${bytesToArray(forgotten.map(({ id }) => id))}::bytea[])`
  if (floor !== undefined)
    yield sql`UPDATE hub_meta SET value = GREATEST(value, ${Buffer.from(numbersToBytes(floor))}::bytea) WHERE name = 'floor'`
}

/** Their rows are there and locked, so that this is an update of each. */
function writeLogs(sql: Sql, rows: readonly LogRow[]): Promise<unknown> {
  const column = (value: (row: LogRow) => number) => numbersToArray(rows.map(value))
  return sql`
    INSERT INTO hub_log (log, kind, used_day, entries, bytes, first, next0, next1, next2, next3, stale, paid)
    SELECT * FROM unnest(${bytesToArray(rows.map(({ log }) => log.id))}::bytea[], ${column(({ kind }) => kind)}::smallint[],
      ${column(({ usedDay }) => usedDay)}::int[], ${column(({ entries }) => entries)}::bigint[],
      ${column(({ bytes }) => bytes)}::bigint[], ${column(({ first }) => first)}::bigint[],
      ${column(({ next }) => next[0]!)}::bigint[], ${column(({ next }) => next[1]!)}::bigint[],
      ${column(({ next }) => next[2]!)}::bigint[], ${column(({ next }) => next[3]!)}::bigint[],
      ${`{${rows.map(({ stale }) => stale).join(',')}}`}::boolean[],
      ${column(({ paid }) => paid)}::bigint[])
    ON CONFLICT (log) DO UPDATE SET kind = excluded.kind, used_day = excluded.used_day, entries = excluded.entries,
      bytes = excluded.bytes, first = excluded.first, next0 = excluded.next0, next1 = excluded.next1,
      next2 = excluded.next2, next3 = excluded.next3, stale = excluded.stale,
      paid = excluded.paid`
}

const lanes = (rows: readonly { lane: number }[]): string => numbersToArray(rows.map(({ lane }) => lane))
