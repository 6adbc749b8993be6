/** One SQLite file, for one process. */
import type { DatabaseSync } from 'node:sqlite'
import type { HubStorage } from './hub-storage.ts'
import type { LargeEntries } from './large-entries.ts'
import { loadIdentity } from './sqlite-meta.ts'
import { createSqliteStore } from './sqlite-store.ts'

/** `database` is of `openHubDatabase`. `largeEntries`: where those go; undefined: into the database. */
export function createSqliteStorage(database: DatabaseSync, largeEntries?: LargeEntries): HubStorage {
  return {
    isShared: false,
    start(options) {
      const store = createSqliteStore(database, { ...options, largeEntries })
      return { store, identity: loadIdentity(database, options.random) }
    },
  }
}
