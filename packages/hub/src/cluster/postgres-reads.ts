/** What the store reads. Questions about logs that are asked in one turn go as one. */
import { idToMark } from '@kith/core/wire'
import part from 'sql-template-tag'
import { type LogName, type ReadWish, toKey } from '../store/entry-store.ts'
import type { Heads } from '../store/hub-storage.ts'
import { toStoreFailure } from './postgres-failure.ts'
import type { Postgres } from './postgres-pool.ts'
import { bytesToArray, keysToArray, numbersToArray } from './postgres-values.ts'

export type LogHead = { readonly first: number; readonly next: readonly number[]; readonly usedDay: number }

export type Place = { readonly logKey: string; readonly lane: number; readonly n: number }

export type Reads = {
  /** What is under these numbers, by `placeToKey`. */
  readonly marks: (places: readonly Place[]) => Promise<ReadonlyMap<string, number>>
  readonly head: (logKey: string) => Promise<LogHead | undefined>
  readonly heads: Heads
  readonly run: (
    log: LogName,
    lane: number,
    wish: ReadWish,
  ) => Promise<{ readonly rows: readonly EntryRow[]; readonly end: boolean }>
  readonly ids: (
    log: LogName,
    lane: number,
    ids: readonly Uint8Array[],
    idsOnly: boolean,
  ) => Promise<readonly EntryRow[]>
}

type HeadRow = {
  log: Buffer
  used_day: number
  first: number
  next0: number
  next1: number
  next2: number
  next3: number
}
export type EntryRow = {
  readonly n: number
  readonly size: number
  readonly id: Uint8Array
  readonly outside: Uint8Array | null
  /** Empty where only ids were wished, and for what lies outside. */
  readonly bytes: Uint8Array
}

type PieceRow = EntryRow & { readonly until: number }

const logsPerQuestion = 1000

export const placeToKey = ({ logKey, lane, n }: Place): string => `${logKey}/${lane}/${n}`

/** Rows looked at for one piece with bytes: sums of their sizes decide how many of them are sent. */
const rowsPerPiece = 512

export function createReads(sql: Postgres, soon: (run: () => void) => void): Reads {
  let asked = new Map<string, PromiseWithResolvers<LogHead | undefined>>()

  async function askAll(): Promise<void> {
    const all = asked
    asked = new Map()
    const keys = [...all.keys()]
    for (let at = 0; at < keys.length; at += logsPerQuestion) {
      const some = keys.slice(at, at + logsPerQuestion)
      try {
        const found = await headsOf(some)
        for (const key of some) all.get(key)!.resolve(found.get(key))
      } catch (cause) {
        for (const key of some) all.get(key)!.reject(cause)
      }
    }
  }

  async function headsOf(keys: readonly string[]): Promise<Map<string, LogHead>> {
    const rows = await failing(
      sql<HeadRow[]>`
        SELECT log, used_day, first, next0, next1, next2, next3 FROM hub_log
        WHERE log = ANY(${keysToArray(keys)}::bytea[]) AND used_day >= 0`,
    )
    return new Map(
      rows.map((row) => [
        toKey(row.log),
        { first: row.first, next: [row.next0, row.next1, row.next2, row.next3], usedDay: row.used_day },
      ]),
    )
  }

  return {
    head(key) {
      if (asked.size === 0) soon(() => void askAll())
      const question = asked.get(key) ?? Promise.withResolvers<LogHead | undefined>()
      asked.set(key, question)
      return question.promise
    },

    async marks(places) {
      const rows = await failing(
        sql<{ log: Buffer; lane: number; n: number; id: Buffer }[]>`
          SELECT e.log, e.lane, e.n, e.id FROM hub_entry e
          JOIN unnest(${keysToArray(places.map(({ logKey }) => logKey))}::bytea[],
            ${numbersToArray(places.map(({ lane }) => lane))}::smallint[], ${numbersToArray(places.map(({ n }) => n))}::bigint[])
            AS asked (log, lane, n) ON e.log = asked.log AND e.lane = asked.lane AND e.n = asked.n`,
      )
      return new Map(rows.map(({ log, lane, n, id }) => [placeToKey({ logKey: toKey(log), lane, n }), idToMark(id)]))
    },

    async heads(keys) {
      const found = new Map<string, readonly number[]>()
      for (let at = 0; at < keys.length; at += logsPerQuestion)
        for (const [key, { next }] of await headsOf(keys.slice(at, at + logsPerQuestion)))
          found.set(
            key,
            next.map((n) => n - 1),
          )
      return found
    },

    async run(log, lane, { direction, n, entriesMax, bytesMax, idsOnly }) {
      const isAfter = direction === 'after'
      const count = idsOnly ? entriesMax : Math.min(entriesMax, rowsPerPiece)
      const from = !isAfter && n === 0 ? Number.MAX_SAFE_INTEGER : n
      const first = part`(SELECT first FROM hub_log WHERE log = ${log.id})`
      const range = isAfter ? part`n > ${from} ORDER BY n` : part`n < ${from} ORDER BY n DESC`
      // One row more than wished tells whether the end was reached.
      const rows = await failing(
        idsOnly
          ? sql<PieceRow[]>`
            SELECT n, size, id, NULL AS outside, ''::bytea AS bytes, 0 AS until FROM hub_entry
            WHERE log = ${log.id} AND lane = ${lane} AND n >= ${first} AND ${range} LIMIT ${count + 1}`
          : sql<PieceRow[]>`
            SELECT n, size, id, outside, until, CASE WHEN place <= ${count} AND (place = 1 OR until <= ${bytesMax}) THEN bytes ELSE NULL END AS bytes
            FROM (
              SELECT n, size, id, outside, bytes, row_number() OVER piece AS place, (sum(size + 40) OVER piece)::bigint AS until FROM (
                SELECT n, size, id, outside, bytes FROM hub_entry
                WHERE log = ${log.id} AND lane = ${lane} AND n >= ${first} AND ${range} LIMIT ${count + 1}
              ) AS run WINDOW piece AS (ORDER BY ${isAfter ? part`n` : part`n DESC`} ROWS UNBOUNDED PRECEDING)
            ) AS summed ORDER BY place`,
      )
      const given = idsOnly ? rows.slice(0, count) : rows.slice(0, countGiven(rows, count, bytesMax))
      return { rows: given, end: given.length === rows.length }
    },

    async ids(log, lane, ids, idsOnly) {
      const bytes = idsOnly ? part`NULL AS outside, ''::bytea AS bytes` : part`outside, bytes`
      return failing(
        sql<EntryRow[]>`
          SELECT n, size, id, ${bytes} FROM hub_entry
          WHERE log = ${log.id} AND lane = ${lane} AND id = ANY(${bytesToArray(ids)}::bytea[])
            AND n >= (SELECT first FROM hub_log WHERE log = ${log.id})`,
      )
    },
  }
}

function countGiven(rows: readonly PieceRow[], count: number, bytesMax: number): number {
  let given = 0
  while (given < rows.length && given < count && (given === 0 || rows[given]!.until <= bytesMax)) given += 1
  return given
}

export async function failing<Result>(run: PromiseLike<Result>): Promise<Result> {
  try {
    return await run
  } catch (cause) {
    throw toStoreFailure(cause)
  }
}
