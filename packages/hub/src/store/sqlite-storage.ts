/** One SQLite file, for one process. */
import type { DatabaseSync } from 'node:sqlite'
import type { HubStorage } from './hub-storage.ts'
import { createLargeEntryFiles, type LargeEntries, largeEntryFolder } from './large-entries.ts'
import { type LogFlush, openLogFlush } from './log-flush.ts'
import { loadIdentity } from './sqlite-meta.ts'
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

/** A file and, beside it, its large entries; or ':memory:'. Opened when the hub starts on it. Throws as `openSqlite`. */
export function openSqliteStorage(path: string, bytesMax: number | undefined): HubStorage {
  const isFile = path !== ':memory:'
  return {
    isShared: false,
    start(options) {
      let database: DatabaseSync | undefined
      try {
        database = openSqlite(path, bytesMax)
        const largeEntries = isFile ? createLargeEntryFiles(largeEntryFolder(path)) : undefined
        const openLog = isFile ? () => openLogFlush(path) : undefined
        return createSqliteStorage(database, largeEntries, openLog).start(options)
      } catch (cause) {
        database?.close()
        throw openFailure(path, cause)
      }
    },
  }
}
