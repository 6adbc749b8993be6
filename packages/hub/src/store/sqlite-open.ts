/** Opens the hub's database file, makes it if it is new, and refuses what it must not touch. */
import { closeSync, existsSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { KithError } from '@kith/core/bytes'

/** "KiHb": tells a hub's database from any other SQLite file. */
const applicationId = 0x4b694862
const layoutVersion = 1

/** A damaged page is looked for at start in files up to this size (about 0.1 s); in larger ones it is found when it is read. */
const checkedBytesMax = 64 * 1024 * 1024

const layout = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
  -- next0 …: the number that the next entry of each lane gets; first: where they began. used_day: when the lease was last renewed,
  -- -1 for a log that has expired and is being emptied. Days are counted as in days.ts.
  CREATE TABLE log (
    pk INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, kind INTEGER NOT NULL, used_day INTEGER NOT NULL,
    entries INTEGER NOT NULL, bytes INTEGER NOT NULL, first INTEGER NOT NULL,
    next0 INTEGER NOT NULL, next1 INTEGER NOT NULL, next2 INTEGER NOT NULL, next3 INTEGER NOT NULL
  );
  CREATE INDEX log_by_day ON log (used_day);
  -- bytes: empty for a large entry, which lies elsewhere under the name in outside.
  CREATE TABLE entry (log INTEGER NOT NULL, lane INTEGER NOT NULL, n INTEGER NOT NULL, size INTEGER NOT NULL, id BLOB NOT NULL,
    outside BLOB, bytes BLOB NOT NULL);
  CREATE UNIQUE INDEX entry_by_place ON entry (log, lane, n);
  CREATE UNIQUE INDEX entry_by_id ON entry (log, id, lane);
  CREATE INDEX entry_outside ON entry (outside) WHERE outside IS NOT NULL;
  -- Entries that a trim, a covering pack or their age will drop.
  CREATE TABLE dropping (log INTEGER NOT NULL, id BLOB NOT NULL, lane INTEGER NOT NULL, due_day INTEGER NOT NULL,
    PRIMARY KEY (log, id, lane)) WITHOUT ROWID;
  CREATE INDEX dropping_by_due ON dropping (due_day);
`

/** For hubs that are not open to all (sqlite-access.ts). `paid`: room that tokens have bought, by log. */
const accessLayout = `
  CREATE TABLE IF NOT EXISTS token_key (n INTEGER PRIMARY KEY AUTOINCREMENT, secret BLOB NOT NULL, closes_ms INTEGER NOT NULL, ends_ms INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS spent (period INTEGER NOT NULL, nonce BLOB NOT NULL, PRIMARY KEY (period, nonce)) WITHOUT ROWID;
  -- An invite while key is empty. period, issued, last: the tokens of the period, and the digest of the request that was counted last.
  CREATE TABLE IF NOT EXISTS member (n INTEGER PRIMARY KEY AUTOINCREMENT, code BLOB NOT NULL UNIQUE, key BLOB UNIQUE, until_ms INTEGER NOT NULL,
    period INTEGER NOT NULL, issued INTEGER NOT NULL, last BLOB);
  CREATE TABLE IF NOT EXISTS paid (log INTEGER PRIMARY KEY, bytes INTEGER NOT NULL);
`

/**
 * Throws 'storage-busy' if another process has it, 'storage-newer', 'storage-damaged' (also for a file that is no hub's),
 * 'storage-full' and 'storage-unavailable'. `bytesMax` bounds the file, so that a hub need not fill its disk.
 */
export function openSqlite(path: string, bytesMax: number | undefined): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    makePrivate(path)
    database = new DatabaseSync(path, { timeout: 0 })
    // The lock is held until the process ends: two hubs on one file would give the same numbers twice.
    database.exec('PRAGMA locking_mode = EXCLUSIVE')
    database.exec('PRAGMA journal_mode = WAL')
    database.exec('BEGIN IMMEDIATE')
    prepareLayout(database, path)
    database.exec(accessLayout)
    database.exec('COMMIT')
    // FULL: simulated power cuts lost acknowledged rows in 376 of 500 images under NORMAL alone, in none under FULL.
    database.exec(`PRAGMA synchronous = FULL; ${checkpointing}; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY`)
    // What is dropped is overwritten with zeros: SQLite would else keep it in free pages.
    database.exec('PRAGMA journal_size_limit = 67108864; PRAGMA secure_delete = ON')
    if (bytesMax !== undefined)
      database.exec(`PRAGMA max_page_count = ${Math.max(16, Math.floor(bytesMax / pageBytes(database)))}`)
    return database
  } catch (cause) {
    database?.close()
    throw openFailure(path, cause)
  }
}

/** It holds the hub's keys: a new file is for its user alone. What SQLite makes beside it takes the same rights. */
function makePrivate(path: string): void {
  if (path === ':memory:' || existsSync(path) || !existsSync(dirname(path))) return
  closeSync(openSync(path, 'a', 0o600))
}

function prepareLayout(database: DatabaseSync, path: string): void {
  const found = pragma(database, 'application_id')
  const version = pragma(database, 'user_version')
  if (found === 0 && version === 0 && pragma(database, 'schema_version') === 0) {
    database.exec(layout)
    database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${layoutVersion}`)
    return
  }
  if (found !== applicationId) {
    throw new KithError(
      'storage-damaged',
      `${path} is not a hub's database. Name another file; this one was not changed.`,
    )
  }
  if (version > layoutVersion) {
    throw new KithError('storage-newer', `${path} was written by a newer hub (layout ${version}). Update this one.`, {
      version,
    })
  }
  if (pragma(database, 'page_count') * pageBytes(database) > checkedBytesMax) return
  const verdict = database.prepare('PRAGMA quick_check(1)').get() as Record<string, unknown>
  if (Object.values(verdict)[0] !== 'ok') {
    throw new KithError(
      'storage-damaged',
      `${path} is damaged. Restore a copy, or start with a new file: clients heal it.`,
    )
  }
}

function pageBytes(database: DatabaseSync): number {
  return pragma(database, 'page_size')
}

function pragma(database: DatabaseSync, name: string): number {
  const row = database.prepare(`PRAGMA ${name}`).get() as Record<string, unknown>
  return Number(Object.values(row)[0])
}

/**
 * Commits are on the disk when the log of changes has been flushed, which is left to `log-flush.ts`. SQLite itself flushes log and file where a
 * checkpoint needs it, so that the file is whole after each.
 */
export const unflushed = 'PRAGMA synchronous = NORMAL'

/** Into the file after so many pages of the log: 16 MiB. Each checkpoint waits for the disk twice. */
export const checkpointing = 'PRAGMA wal_autocheckpoint = 4000'

/** SQLite's primary result code of an error, 0 for other errors. */
export function sqliteCode(cause: unknown): number {
  const code = (cause as { errcode?: unknown } | null)?.errcode
  return typeof code === 'number' ? code & 0xff : 0
}

export const sqliteFull = 13
export const sqliteIoError = 10

/** The typed error for a failure while a hub starts. */
export function openFailure(path: string, cause: unknown): unknown {
  switch (sqliteCode(cause)) {
    case 5: // SQLITE_BUSY
    case 6: // SQLITE_LOCKED
      return new KithError('storage-busy', `${path} is open in another process. Stop it first.`, {}, cause)
    case 11: // SQLITE_CORRUPT
    case 26: // SQLITE_NOTADB
      return new KithError(
        'storage-damaged',
        `${path} is damaged or no database. Restore a copy, or start with a new file.`,
        {},
        cause,
      )
    case sqliteFull:
      return new KithError('storage-full', `There is no room for ${path}. Free space.`, {}, cause)
    case 0:
      return cause
    default:
      return new KithError(
        'storage-unavailable',
        `${path} cannot be opened. Check its folder and the rights on it.`,
        {},
        cause,
      )
  }
}
