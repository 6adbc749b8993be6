/** Connects to PostgreSQL, makes the tables where they are missing, and reads what all processes of the hub share. */
import { KithError } from '@kith/core/bytes'
import type { Clock } from '@kith/core/ports'
import { generationBytes } from '@kith/core/wire'
import { raw } from 'sql-template-tag'
import { createHubKeyPair, random } from '../node-crypto.ts'
import { dayMs } from '../store/days.ts'
import type { EntryStore } from '../store/entry-store.ts'
import type { Heads, HubIdentity, StoreOptions } from '../store/hub-storage.ts'
import { isWorthAnotherTry, toOpenFailure } from './postgres-failure.ts'
import { addOutside, hasOutside, layout, layoutVersion, layoutVersionBefore, outsideIndex } from './postgres-layout.ts'
import { connect, type Postgres } from './postgres-pool.ts'
import type { LargeEntries } from '../store/large-entries.ts'
import { createPostgresStore } from './postgres-store.ts'
import { bytesToNumber, numbersToBytes } from './postgres-values.ts'
import { farEntries, noteSharedUse, sharedOwner } from './shared-large.ts'

/** What all processes of a hub share, read when one starts. */
export type Shared = {
  readonly identity: HubIdentity
  readonly generation: Uint8Array
  readonly today: number
  /** Whether there are large entries on S3. */
  readonly hasFarEntries: boolean
}

export type PostgresStorage = {
  readonly identity: HubIdentity
  readonly start: (options: StoreOptions) => {
    readonly identity: HubIdentity
    readonly store: EntryStore & { readonly heads: Heads }
  }
  readonly close: () => Promise<void>
}

/** Another process may be making the same tables. */
const layoutTries = 10

/**
 * Opens the storage that several processes share. `url` is `postgres://user:password@host:port/database`; no message names it.
 *
 * @throws KithError `storage-unavailable`, `storage-newer`, `bad-value` for what is no address of a PostgreSQL.
 */
export async function openPostgresStorage(
  url: string,
  random: (length: number) => Uint8Array,
  clock: Pick<Clock, 'now' | 'monotonic'>,
  far?: LargeEntries,
): Promise<PostgresStorage> {
  const sql = await connect(url)
  try {
    await prepareLayout(sql)
    const shared = await loadShared(sql, random, clock.now)
    if (shared.hasFarEntries && far === undefined)
      throw new KithError(
        'storage-unavailable',
        'Large entries of this hub are on S3, and nothing says where: set s3-endpoint and the others as its other processes have them.',
      )
    far?.begin?.(sharedOwner(sql, shared.identity.publicKey, shared.hasFarEntries, layoutVersion))
    return {
      identity: shared.identity,
      start: (options) => ({
        identity: shared.identity,
        store: createPostgresStore(sql, { ...shared, monotonic: clock.monotonic }, options, far),
      }),
      close: () => sql.end({ timeout: 1 }),
    }
  } catch (cause) {
    await sql.end({ timeout: 0 })
    throw toOpenFailure(cause)
  }
}

/**
 * Begins another generation, after which every client compares what the hub has with what it should have: to be done whenever the
 * database was put back to an earlier state, while no process of the hub runs.
 */
export async function renewGeneration(url: string): Promise<void> {
  const sql = await connect(url)
  try {
    await prepareLayout(sql)
    await sql`INSERT INTO hub_meta VALUES ('generation', ${random(generationBytes)})
      ON CONFLICT (name) DO UPDATE SET value = excluded.value`
  } catch (cause) {
    throw toOpenFailure(cause)
  } finally {
    await sql.end({ timeout: 1 })
  }
}

/** The bucket is this hub's from now on; resolves with the hub's key. For a hub of which no process runs. */
export async function takeSharedPlace(url: string): Promise<Uint8Array> {
  const sql = await connect(url)
  try {
    await prepareLayout(sql)
    const { identity } = await loadShared(sql, random, Date.now)
    await noteSharedUse(sql, layoutVersion)
    return identity.publicKey
  } catch (cause) {
    throw toOpenFailure(cause)
  } finally {
    await sql.end({ timeout: 1 })
  }
}

async function prepareLayout(sql: Postgres): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      for (const statement of layout) await sql`${raw(statement)}`
      if ((await sql`${raw(hasOutside)}`).count === 0) await sql`${raw(addOutside)}`
      await sql`${raw(outsideIndex)}`
      break
    } catch (cause) {
      // Two that make one table at once collide in the catalogue: 23505 and 42P07.
      const code = (cause as { code?: unknown }).code
      const isRace = code === '23505' || code === '42P07' || code === '42710' || code === 'XX000'
      if (tries >= layoutTries || !(isRace || isWorthAnotherTry(cause))) throw cause
      await new Promise((resolve) => setTimeout(resolve, 100 * tries))
    }
  }
}

/** The first process writes; the others, and those that came second at the same moment, take what it wrote. */
async function loadShared(sql: Postgres, random: (length: number) => Uint8Array, now: () => number): Promise<Shared> {
  const { publicKey, secretKey } = createHubKeyPair(random)
  const proposed = [
    ['layout', numbersToBytes(layoutVersionBefore)],
    ['identity', Buffer.concat([publicKey, secretKey, random(32)])],
    ['generation', random(generationBytes)],
    ['day', numbersToBytes(1, Math.floor(now() / dayMs))],
    ['floor', numbersToBytes(1)],
    ['counts', numbersToBytes(0, 0)],
  ] as const
  const found = await readMeta(sql)
  if (proposed.some(([name]) => !found.has(name)))
    for (const [name, value] of proposed)
      await sql`INSERT INTO hub_meta VALUES (${name}, ${value}) ON CONFLICT (name) DO NOTHING`
  const meta = await readMeta(sql)
  const version = bytesToNumber(meta.get('layout')!, 0)
  if (version > layoutVersion)
    throw new KithError('storage-newer', `The database was made by a newer hub (layout ${version}). Update this one.`, {
      version,
    })
  const identity = meta.get('identity')!
  return {
    identity: {
      publicKey: identity.slice(0, 32),
      secretKey: identity.slice(32, 64),
      ticketSecret: identity.slice(64, 96),
    },
    generation: meta.get('generation')!,
    today: bytesToNumber(meta.get('day')!, 0),
    hasFarEntries: meta.has(farEntries),
  }
}

async function readMeta(sql: Postgres): Promise<Map<string, Uint8Array>> {
  const rows = await sql<{ name: string; value: Uint8Array }[]>`SELECT name, value FROM hub_meta`
  return new Map(rows.map(({ name, value }) => [name, new Uint8Array(value)]))
}
