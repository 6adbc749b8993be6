/** One SQLite file, for one process. */
import { existsSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { KithError } from '@kith/core/bytes'
import type { HubStorage } from './hub-storage.ts'
import { createLargeEntryFiles, type LargeEntries, largeEntryFolder } from './large-entries.ts'
import { type LogFlush, openLogFlush } from './log-flush.ts'
import { createMovingEntries } from './moving-entries.ts'
import { hasFarEntries, isCopy, loadIdentity } from './sqlite-meta.ts'
import { openFailure, openSqlite } from './sqlite-open.ts'
import { createSqliteStore } from './sqlite-store.ts'

/** `database` is of `openHubDatabase`. `largeEntries`: where those go; undefined: into the database. `openLog`: what flushes its log of changes; undefined: each commit does. */
export function createSqliteStorage(
  database: DatabaseSync,
  largeEntries?: LargeEntries,
  openLog?: () => LogFlush,
): HubStorage {
  return {
    isShared: false,
    start(options) {
      // Made and on the disk before anything else: without its keys it would be another hub.
      const identity = loadIdentity(database, options.random)
      return { store: createSqliteStore(database, { ...options, largeEntries, openLog }), identity }
    },
  }
}

/** A file and, beside it or `far`, its large entries; or ':memory:'. Opened when the hub starts on it. Throws as `openSqlite`. */
export function openSqliteStorage(path: string, bytesMax: number | undefined, far?: LargeEntries): HubStorage {
  const isFile = path !== ':memory:'
  return {
    isShared: false,
    isFar: far !== undefined,
    start(options) {
      let database: DatabaseSync | undefined
      try {
        database = openSqlite(path, bytesMax)
        checkPlace(database, far)
        const openLog = isFile ? () => openLogFlush(path) : undefined
        return createSqliteStorage(database, isFile ? toPlace(path, far) : far, openLog).start(options)
      } catch (cause) {
        database?.close()
        throw openFailure(path, cause)
      }
    },
  }
}

function toPlace(path: string, far: LargeEntries | undefined): LargeEntries {
  const folder = largeEntryFolder(path)
  const files = createLargeEntryFiles(folder)
  if (far === undefined) return files
  return existsSync(folder) ? createMovingEntries(files, far) : far
}

/** Whoever looks for large entries where they are not takes them for lost. */
function checkPlace(database: DatabaseSync, far: LargeEntries | undefined): void {
  if (far === undefined && hasFarEntries(database))
    throw new KithError(
      'storage-unavailable',
      'The large entries of this hub are on S3, and nothing says where: set s3-endpoint and the others of the last start.',
    )
  if (far !== undefined && isCopy(database))
    throw new KithError(
      'storage-busy',
      'This hub is a restored copy. Should the hub that it was copied from still have its large entries in this S3 bucket, each would delete the other’s. If that one is gone for good, say once: kith hub take-bucket.',
    )
}
