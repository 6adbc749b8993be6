import { decodeCbor, fromBase32 } from '@kith/core/bytes'
import { type Needle, withDatabaseCopy } from './blindness.ts'
import { alicesName, bobsName, firstWords, spaceName } from './names.ts'
import type { Source } from './source.ts'

/** What to look for at the hub, and what is known to be there. */
export type Hunt = { readonly secrets: readonly Needle[]; readonly logs: readonly Needle[] }

/**
 * Twenty strings that a hub must not have: eight of the data, six names, six keys; and the ids of Alice's logs, which it must
 * have. Keys are read from Alice's own disk, and all twenty are on it: the same search there has to find them.
 */
export const chooseNeedles = (source: Source, alicesFolder: string, addresses: readonly string[]): Hunt => {
  const { Artist, Album, Track, Employee, Customer, Invoice, Playlist } = source.tables
  const longest = (rows: readonly Readonly<Record<string, unknown>>[], column: string): string =>
    rows.reduce((best, row) => (String(row[column]).length > best.length ? String(row[column]) : best), '')
  const data: string[] = [
    longest(Artist, 'Name'),
    longest(Album, 'Title'),
    longest(Track, 'Name'),
    longest(Track, 'Composer'),
    longest(Employee, 'Email'),
    longest(Customer, 'Address'),
    longest(Invoice, 'BillingAddress'),
    longest(Playlist, 'Name'),
  ]
  const names: string[] = [alicesName, bobsName, spaceName, firstWords, 'org.kith.first-light', 'PlaylistTrack']
  const { keys, logs } = readKeys(alicesFolder)
  const secrets: Needle[] = [
    ...[...data, ...names].map((text): Needle => ({ what: `"${text}"`, spellings: [text] })),
    ...addresses.map(
      (address, at): Needle => ({
        what: `the address of person ${at + 1}`,
        spellings: [address, fromBase32(address), fromBase32(address).subarray(0, 32)],
      }),
    ),
    ...keys,
  ]
  return { secrets, logs }
}

const readKeys = (folder: string): { keys: Needle[]; logs: Needle[] } =>
  withDatabaseCopy(folder, (database) => {
    const blobs = (sql: string): Uint8Array[] =>
      database
        .prepare(sql)
        .all()
        .map((row) => Object.values(row)[0] as Uint8Array)
    const [identity] = blobs("SELECT value FROM meta WHERE name = 'identity'")
    const parts = decodeCbor(identity ?? new Uint8Array())
    const isKey = (part: unknown): part is Uint8Array => part instanceof Uint8Array && part.length === 32
    const keys: Needle[] = [
      { what: 'the space’s id', spellings: blobs("SELECT id FROM space WHERE kind = 'space'") },
      { what: 'a device’s public key', spellings: blobs('SELECT DISTINCT device FROM chain') },
      { what: 'a key of Alice’s identity', spellings: Array.isArray(parts) ? parts.filter(isKey) : [] },
      // Its first byte says the rank.
      { what: 'the epoch’s secret', spellings: blobs("SELECT substr(value, 2) FROM secret WHERE name = 'epoch'") },
    ]
    return {
      keys: keys.filter((key) => key.spellings.length > 0),
      logs: blobs('SELECT DISTINCT log FROM cursor WHERE lane >= 0 AND n > 0').map((id) => ({
        what: 'the id of a log',
        spellings: [id],
      })),
    }
  })
