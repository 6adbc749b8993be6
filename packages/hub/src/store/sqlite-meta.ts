/** The few values that a hub keeps about itself. */
import type { DatabaseSync } from 'node:sqlite'
import { generationBytes } from '@kith/core/wire'
import { createHubKeyPair } from '../node-crypto.ts'

export type HubIdentity = {
  /** X25519, 32 bytes: the hub's name. */
  readonly publicKey: Uint8Array
  readonly secretKey: Uint8Array
  /** Key of the tickets' MACs, 32 bytes. */
  readonly ticketSecret: Uint8Array
}

/** The hub's keys, made when the database is. */
export function loadIdentity(database: DatabaseSync, random: (length: number) => Uint8Array): HubIdentity {
  const secretKey = read(database, 'secret key')
  const publicKey = read(database, 'public key')
  const ticketSecret = read(database, 'ticket secret')
  if (secretKey !== undefined && publicKey !== undefined && ticketSecret !== undefined) {
    return { publicKey, secretKey, ticketSecret }
  }
  const pair = createHubKeyPair(random)
  const identity = { ...pair, ticketSecret: random(32) }
  database.exec('BEGIN')
  write(database, 'secret key', identity.secretKey)
  write(database, 'public key', identity.publicKey)
  write(database, 'ticket secret', identity.ticketSecret)
  database.exec('COMMIT')
  return identity
}

/**
 * The generation of this run: the last one's if that ended cleanly, otherwise a fresh one, for entries that were pushed may not
 * have reached the disk. The mark of a clean end is taken off before anybody is served.
 */
export function startGeneration(database: DatabaseSync, random: (length: number) => Uint8Array): Uint8Array {
  const last = read(database, 'generation')
  const isClean = read(database, 'clean') !== undefined
  const generation = last !== undefined && isClean ? last : random(generationBytes)
  database.exec('BEGIN')
  database.exec(`DELETE FROM meta WHERE name = 'clean'`)
  write(database, 'generation', generation)
  database.exec('COMMIT')
  return generation
}

function read(database: DatabaseSync, name: string): Uint8Array | undefined {
  const row = database.prepare('SELECT value FROM meta WHERE name = ?').get(name) as { value: Uint8Array } | undefined
  return row?.value
}

function write(database: DatabaseSync, name: string, value: Uint8Array): void {
  database.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)').run(name, value)
}
