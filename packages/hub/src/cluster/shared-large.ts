/**
 * Large entries of a hub of several processes, kept in step with PostgreSQL. Before an object is written its name is, as *intended*
 * (`hub_intent`); the transaction that writes the row of the entry takes the intent away, and fails for an entry whose intent is gone. So
 * whatever is found in the bucket, and is neither named by a row nor intended, never will be named: no clock decides that.
 */
import { toHex } from '@kith/core/bytes'
import { type NewEntry, StoreFailure } from '../store/entry-store.ts'
import { type LargeEntries, largeEntryBytesMin, type Owner } from '../store/large-entries.ts'
import type { Postgres } from './postgres-pool.ts'
import { failing } from './postgres-reads.ts'
import { bytesToArray, numbersToBytes } from './postgres-values.ts'

export type SharedLarge = {
  /** The same entries, those that are large with the name under which they are durable. `find` gives those that are there already. */
  readonly putLarge: (
    entries: readonly NewEntry[],
    find: (ids: readonly Uint8Array[]) => Promise<readonly { readonly id: Uint8Array }[]>,
  ) => Promise<readonly NewEntry[]>
  /** Undefined for what is gone. */
  readonly get: (name: Uint8Array) => Promise<Uint8Array | undefined>
  /** No row names these, and none will. */
  readonly drop: (names: readonly Uint8Array[]) => void
  /** One process a day looks for what no row names; and again where that could not be ended, or a removal failed. */
  readonly tend: () => Promise<void>
  readonly isAway: () => boolean
  readonly settled: () => Promise<void>
}

const nameBytes = 16

/** Days that a process may take from the intent to the row. Its entry is refused after that. */
const intentDays = 1

export function createSharedLarge(
  sql: Postgres,
  place: LargeEntries | undefined,
  random: (length: number) => Uint8Array,
  today: () => number,
): SharedLarge {
  const removals = new Set<Promise<void>>()
  let sweeping: Promise<void> | undefined
  let hasMissed = false
  let isClosed = false

  function drop(names: readonly Uint8Array[]): void {
    if (place === undefined) return
    for (const name of names) {
      const removal = place
        .remove(name)
        .catch(() => void (hasMissed = true))
        .then(() => void removals.delete(removal))
      removals.add(removal)
    }
  }

  /** Whether it is this process that looks today. */
  async function takesDay(): Promise<boolean> {
    const day = Buffer.from(numbersToBytes(today()))
    const taken = await failing(sql`
      INSERT INTO hub_meta AS m (name, value) VALUES ('swept', ${day}::bytea)
      ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE m.value < excluded.value`)
    return taken.count > 0
  }

  async function sweep(from: LargeEntries): Promise<void> {
    await failing(sql`DELETE FROM hub_intent WHERE day < ${today() - intentDays}`)
    for await (const names of from.names(() => true)) {
      if (isClosed) return
      if (names.length === 0) continue
      // One statement, so one moment: a name goes from intended to named between two.
      const rows = await failing(sql<{ name: Uint8Array }[]>`
        SELECT u.name FROM unnest(${bytesToArray(names)}::bytea[]) AS u (name)
        WHERE NOT EXISTS (SELECT FROM hub_entry e WHERE e.outside = u.name)
          AND NOT EXISTS (SELECT FROM hub_intent i WHERE i.name = u.name)`)
      drop(rows.map(({ name }) => name))
    }
  }

  async function settled(): Promise<void> {
    while (removals.size > 0) await Promise.all(removals)
  }

  return {
    async putLarge(entries, find) {
      const candidates = entries.filter(({ bytes }) => bytes.length >= largeEntryBytesMin)
      if (place === undefined || candidates.length === 0) return entries
      const known = new Set((await find(candidates.map(({ id }) => id))).map(({ id }) => toHex(id)))
      const named = entries.map(
        (entry): NewEntry =>
          candidates.includes(entry) && !known.has(toHex(entry.id)) ? { ...entry, outside: random(nameBytes) } : entry,
      )
      const large = named.flatMap(({ bytes, outside }) => (outside === undefined ? [] : [{ bytes, outside }]))
      if (large.length === 0) return entries
      await failing(sql`
        INSERT INTO hub_intent (name, day)
        SELECT u.name, ${today()}::int FROM unnest(${bytesToArray(large.map(({ outside }) => outside))}::bytea[]) AS u (name)`)
      const puts = await Promise.allSettled(large.map(({ outside, bytes }) => place.put(outside, bytes)))
      const failed = puts.find((result) => result.status === 'rejected')
      if (failed === undefined) return named
      // Their intents end by themselves, and then whatever did arrive.
      throw failed.reason
    },

    async get(name) {
      // This process was started without the place where others put it.
      if (place === undefined) throw new StoreFailure('away')
      return place.get(name)
    },

    drop,

    async tend() {
      if (place === undefined || sweeping !== undefined) return
      if (!(await takesDay()) && !hasMissed) return
      hasMissed = false
      sweeping = sweep(place)
        .catch(() => void (hasMissed = true))
        .then(() => void (sweeping = undefined))
    },

    isAway: () => place?.isAway() ?? false,

    async settled() {
      isClosed = true
      await sweeping
      await settled()
    },
  }
}

/** Its use is noted in the database, so that no process starts without the place from then on. */
export function sharedOwner(sql: Postgres, publicKey: Uint8Array, isInUse: boolean, layout: number): Owner {
  let isNoted = isInUse
  return {
    publicKey,
    isInUse: () => isNoted,
    async noteUse() {
      await noteSharedUse(sql, layout)
      isNoted = true
    },
  }
}

/** And that no process of an older version does, which would not look there. */
export async function noteSharedUse(sql: Postgres, layout: number): Promise<void> {
  await failing(sql`
    INSERT INTO hub_meta AS m (name, value) VALUES (${farEntries}, ${Buffer.from([1])}), ('layout', ${Buffer.from(numbersToBytes(layout))})
    ON CONFLICT (name) DO UPDATE SET value = GREATEST(m.value, excluded.value)`)
}

export const farEntries = 'large entries on S3'

export const nameToKey = (name: Uint8Array | null): string | undefined => (name === null ? undefined : toHex(name))
