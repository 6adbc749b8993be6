/** Copies of a hub: its database and its large entries, in a folder. A restored hub starts a new generation, and clients bring what it lacks. */
import { execFile } from 'node:child_process'
import { chmodSync, constants, cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { KithError } from '@kith/core/bytes'
import { largeEntryFolder } from './store/large-entries.ts'
import { noteCopied } from './store/sqlite-meta.ts'
import { openSqlite } from './store/sqlite-open.ts'

const databaseName = 'hub.db'
const entriesName = 'entries'

/**
 * Copies a hub to a folder, which is made; one that holds a copy already is brought up to date. Large entries on S3 stay there. It holds the
 * hub's keys: keep it as you keep the hub. `snapshot` keeps the database file as it is while it is copied.
 */
export async function backupTo(
  snapshot: (copy: () => Promise<void>) => Promise<void>,
  storage: string,
  folder: string,
): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, databaseName)
  rmSync(`${file}.new`, { force: true })
  await snapshot(() => copyElsewhere(storage, `${file}.new`))
  chmodSync(`${file}.new`, 0o600)
  for (const end of ['', '-wal', '-shm']) rmSync(file + end, { force: true })
  renameSync(`${file}.new`, file)
  // After the database: what it names is there, or has expired meanwhile.
  await copyNew(largeEntryFolder(storage), join(folder, entriesName))
}

/** In a process of its own: closing a file lets go of all locks that this process has on it, and SQLite's is one. */
async function copyElsewhere(from: string, to: string): Promise<void> {
  const script = `require('node:fs').copyFileSync(process.argv[1], process.argv[2], ${constants.COPYFILE_FICLONE})`
  await promisify(execFile)(process.execPath, ['-e', script, from, to])
}

/** Files never change, so those that are there already are right. */
async function copyNew(from: string, to: string): Promise<void> {
  if (!existsSync(from)) return
  for (const inside of await readdir(from)) {
    await mkdir(join(to, inside), { recursive: true, mode: 0o700 })
    const had = new Set(await readdir(join(to, inside)))
    for (const file of await readdir(join(from, inside))) {
      if (had.has(file) || file.endsWith('.new')) continue
      await copyFile(join(from, inside, file), join(to, inside, file), constants.COPYFILE_FICLONE).catch((cause) => {
        // It expired between the two lines above.
        if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
      })
    }
  }
}

/**
 * Copies a hub that is not running.
 *
 * @throws KithError `storage-busy` if it is running, and as `startHub`.
 */
export async function backupStorage(storage: string, folder: string): Promise<void> {
  if (!existsSync(storage)) throw new KithError('not-found', `There is no hub in ${storage}.`)
  const database = openSqlite(storage, undefined)
  try {
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    await backupTo((copy) => copy(), storage, folder)
  } finally {
    database.close()
  }
}

/**
 * Makes a hub of a copy. It keeps its key, so that clients know it; its generation is new, so that they compare what it has.
 *
 * @throws KithError `not-found` where the folder holds no copy, `storage-busy` where a hub is at `storage` already, `storage-damaged`.
 */
export function restoreStorage(folder: string, storage: string): void {
  const file = join(folder, databaseName)
  if (!existsSync(file)) throw new KithError('not-found', `${folder} holds no copy of a hub (no ${databaseName}).`)
  const here = [storage, `${storage}-wal`, largeEntryFolder(storage)].find((path) => existsSync(path))
  if (here !== undefined)
    throw new KithError('storage-busy', `${here} is there already. Move it away first; nothing was changed.`)
  const entries = join(folder, entriesName)
  if (existsSync(entries)) cpSync(entries, largeEntryFolder(storage), { recursive: true })
  mkdirSync(dirname(resolve(storage)), { recursive: true })
  cpSync(file, storage)
  chmodSync(storage, 0o600)
  const database = openSqlite(storage, undefined)
  noteCopied(database)
  database.close()
}
