/** Where a browser keeps a store: the origin's private file system, or memory where there is none. */
import { KithError } from '@kith/core/bytes'
import type { SqlDatabase } from '@kith/core/ports'
import type { SAHPoolUtil, Sqlite3Static } from '@sqlite.org/sqlite-wasm'
import { openSqlite } from './sqlite.ts'
import { storageError } from './sqlite-error.ts'
import type { StorageKind } from './storage-status.ts'
import { busyMsMax, storesFolder, untilFree } from './store-files.ts'
import { loadVaultSecret } from './vault.ts'

export type Storage = {
  readonly kind: StorageKind
  /** There was no database in it. */
  readonly isNew: boolean
  /** For the vault. Undefined in memory: what is gone with the tab needs no lock. */
  readonly secret: Uint8Array | undefined
  readonly openDatabase: () => SqlDatabase
  /** Lets the next page have the store. After the database is closed. */
  readonly close: () => void
}

/** The database, its log and its journal, and one to spare. */
const filesMax = 4
/** File systems of the library that Kith does not use: each makes some dozens of functions for SQLite when it is installed. */
const otherFiles = { kvvfs: true, opfs: true, 'opfs-vfs': true, 'opfs-wl': true }
const databasePath = '/kith.db'

/** @throws KithError `bad-value`, `storage-busy` while another page has the store, `storage-full`, `storage-unavailable`. */
export const openStorage = async (store: string): Promise<Storage> => {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(store))
    throw new KithError('bad-value', 'The name of a store is 1 to 64 letters, digits, - and _.')
  let failure: unknown
  const takeFailure = (): unknown => {
    const taken = failure
    failure = undefined
    return taken
  }
  // SQLite is large: what the browser's other processes are asked for comes meanwhile.
  const holding = holdFiles(store)
  const loading = loadSqlite((cause) => {
    failure = cause
  })
  const [sqlite3, held] = await Promise.all([loading, holding]).catch((cause) => {
    void holding.then(
      (files) => files?.unlock(),
      () => {},
    )
    throw cause
  })
  if (!held) {
    return {
      kind: 'memory',
      isNew: true,
      secret: undefined,
      openDatabase: () => openSqlite({ sqlite3, store, path: ':memory:', vfs: undefined, takeFailure }),
      close: () => {},
    }
  }
  const { unlock, secret } = held
  try {
    const pool = await openPool(sqlite3, store)
    return {
      kind: 'kept',
      isNew: !pool.getFileNames().includes(databasePath),
      secret,
      openDatabase: () => openSqlite({ sqlite3, store, path: databasePath, vfs: pool.vfsName, takeFailure }),
      close: () => {
        pool.pauseVfs()
        unlock()
      },
    }
  } catch (cause) {
    unlock()
    throw storageError(store, cause)
  }
}

type HeldFiles = { readonly unlock: () => void; readonly secret: Uint8Array }

/** Holds the store's files where the browser has any, and reads what its keys are locked by. */
const holdFiles = async (store: string): Promise<HeldFiles | undefined> => {
  if (!(await hasFiles())) return undefined
  const unlock = await lockStore(store)
  try {
    return { unlock, secret: await loadVaultSecret(store) }
  } catch (cause) {
    unlock()
    throw cause
  }
}

const openPool = async (sqlite3: Sqlite3Static, store: string): Promise<SAHPoolUtil> => {
  const options = {
    name: `kith-${store}`,
    directory: `/${storesFolder}/${store}`,
    initialCapacity: filesMax,
    // Otherwise a start that fails, for whatever reason, deletes the files.
    preserveOnInitFailure: true,
    // Its types leave it out. Without it a second try gives the first one's failure.
    forceReinitIfPreviouslyFailed: true,
  }
  return untilFree(async () => sqlite3.installOpfsSAHPoolVfs(options))
}

/**
 * SQLite without its own words on the console. What its file system throws comes to `failed`: to SQLite itself a full disk and a broken
 * one are the same. By import, so that it is a file of its own beside the engine.
 */
const loadSqlite = async (failed: (cause: unknown) => void) => {
  const note = (...words: unknown[]): void => {
    const cause = words.find((word) => word instanceof Error)
    if (cause) failed(cause)
  }
  const global = globalThis as { sqlite3ApiConfig?: object }
  global.sqlite3ApiConfig = {
    error: note,
    warn: () => {},
    log: () => {},
    debug: () => {},
    disable: { vfs: otherFiles },
  }
  const { default: initialise } = await import('@sqlite.org/sqlite-wasm')
  return initialise()
}

/** Private windows of some browsers have the functions and refuse the call. */
const hasFiles = async (): Promise<boolean> => {
  if (!('FileSystemSyncAccessHandle' in globalThis)) return false
  try {
    await navigator.storage.getDirectory()
    return true
  } catch {
    return false
  }
}

/** One page at a time; the lock ends with the worker that holds it, however that ends. */
const lockStore = async (store: string): Promise<() => void> =>
  new Promise((resolve, reject) => {
    navigator.locks
      .request(
        `kith/${store}`,
        { signal: AbortSignal.timeout(busyMsMax) },
        () => new Promise<void>((unlock) => resolve(unlock)),
      )
      .catch(() =>
        reject(
          new KithError('storage-busy', `The store "${store}" is open in another tab or window: close that first.`, {
            store,
          }),
        ),
      )
  })
