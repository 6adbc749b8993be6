/** The few values that a hub keeps about itself. */
import type { DatabaseSync } from 'node:sqlite'
import { generationBytes } from '@kith/core/wire'
import { createHubKeyPair } from '../node-crypto.ts'
import type { HubIdentity } from './hub-storage.ts'
import type { Owner } from './large-entries.ts'

/** The hub's keys, made when the database is. */
export function loadIdentity(database: DatabaseSync, random: (length: number) => Uint8Array): HubIdentity {
  const secretKey = readMeta(database, 'secret key')
  const publicKey = readMeta(database, 'public key')
  const ticketSecret = readMeta(database, 'ticket secret')
  if (secretKey !== undefined && publicKey !== undefined && ticketSecret !== undefined) {
    return { publicKey, secretKey, ticketSecret }
  }
  const pair = createHubKeyPair(random)
  const identity = { ...pair, ticketSecret: random(32) }
  database.exec('BEGIN')
  writeMeta(database, 'secret key', identity.secretKey)
  writeMeta(database, 'public key', identity.publicKey)
  writeMeta(database, 'ticket secret', identity.ticketSecret)
  database.exec('COMMIT')
  return identity
}

/**
 * The generation of this run: the last one's if that ended cleanly, otherwise a fresh one, for entries that were pushed may not
 * have reached the disk. The mark of a clean end is taken off before anybody is served.
 */
export function startGeneration(
  database: DatabaseSync,
  random: (length: number) => Uint8Array,
): { readonly generation: Uint8Array; readonly isClean: boolean } {
  const last = readMeta(database, 'generation')
  const isClean = readMeta(database, 'clean') !== undefined
  const generation = last !== undefined && isClean ? last : random(generationBytes)
  database.exec('BEGIN')
  database.exec(`DELETE FROM meta WHERE name = 'clean'`)
  writeMeta(database, 'generation', generation)
  database.exec('COMMIT')
  return { generation, isClean }
}

/** Marks of a database whose large entries are, or were, on S3; and of a copy, until somebody says that no other hub has the same bucket. */
const [farEntries, copied] = ['large entries on S3', 'copied']

export const hasFarEntries = (database: DatabaseSync): boolean => readMeta(database, farEntries) !== undefined
export const noteFarEntries = (database: DatabaseSync): void => writeMeta(database, farEntries, new Uint8Array([1]))
export const isCopy = (database: DatabaseSync): boolean => readMeta(database, copied) !== undefined

/** A new generation at the next start, for the copy is behind. */
export function noteCopied(database: DatabaseSync): void {
  database.exec(`DELETE FROM meta WHERE name = 'clean'`)
  writeMeta(database, copied, new Uint8Array([1]))
}

/** The bucket is this hub's from now on. */
export function noteTaken(database: DatabaseSync): void {
  database.exec(`DELETE FROM meta WHERE name IN ('clean', '${copied}')`)
  noteFarEntries(database)
}

export function readOwner(database: DatabaseSync, noteUse: () => Promise<void>): Owner {
  return { publicKey: readMeta(database, 'public key')!, isInUse: () => hasFarEntries(database), noteUse }
}

function readMeta(database: DatabaseSync, name: string): Uint8Array | undefined {
  const row = database.prepare('SELECT value FROM meta WHERE name = ?').get(name) as { value: Uint8Array } | undefined
  return row?.value
}

function writeMeta(database: DatabaseSync, name: string, value: Uint8Array): void {
  database.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)').run(name, value)
}

/** 0 where nothing was kept. */
export function readNumber(database: DatabaseSync, name: string): number {
  const bytes = readMeta(database, name)
  return bytes === undefined ? 0 : Number(Buffer.from(bytes).readBigUInt64BE())
}

export function writeNumber(database: DatabaseSync, name: string, value: number): void {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  writeMeta(database, name, bytes)
}
