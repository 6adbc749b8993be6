/**
 * Where entries too large for the database lie: each under a random name, written once, never changed. Which log an entry belongs to is
 * in the database alone. The file system by default; anything that can put, get and remove by name will do.
 */
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { toHex } from '@kith/core/bytes'
import { StoreFailure } from './entry-store.ts'

/** All failures are `StoreFailure`. */
export type LargeEntries = {
  /** Resolves when the bytes are durable under that name. */
  readonly put: (name: Uint8Array, bytes: Uint8Array) => Promise<void>
  /** Undefined if there is none of that name. */
  readonly get: (name: Uint8Array) => Promise<Uint8Array | undefined>
  /** Succeeds also where there is none. */
  readonly remove: (name: Uint8Array) => Promise<void>
  /** All names, in pieces, so that those which nothing needs any more can be removed. `isNamed`: whether a row needs one. */
  readonly names: (isNamed: (name: Uint8Array) => boolean) => AsyncIterable<Uint8Array[]>
  /** Elsewhere than on this machine: it may be away for a while, so that what nothing needs is looked for each day, and not only after a crash. */
  readonly isFar: boolean
  /** Whether it did not answer when it was last asked. */
  readonly isAway: () => boolean
  /** Told before anything else whose entries these are; where others could have theirs in the same place. */
  readonly begin?: (owner: Owner) => void
}

/** A hub, as the place where its large entries are must know it. */
export type Owner = {
  readonly publicKey: Uint8Array
  /** Whether this hub has kept anything there. */
  readonly isInUse: () => boolean
  /** Resolves when it is on disk that it may have. */
  readonly noteUse: () => Promise<void>
}

/** From this size on an entry is a file: SQLite is as fast as the file system up to about there, and slower beyond. */
export const largeEntryBytesMin = 64 * 1024

const filePattern = /^[0-9a-f]{30}$/

/** Beside the database: a copy of a hub is the copy of both. */
export function largeEntryFolder(storage: string): string {
  return `${storage}-entries`
}

/** Files in 256 folders by the first byte of the name; made when they are needed. */
export function createLargeEntryFiles(folder: string): LargeEntries {
  const folders = new Set<string>()
  const pathOf = (name: Uint8Array) => {
    const hex = toHex(name)
    return { inside: join(folder, hex.slice(0, 2)), file: hex.slice(2) }
  }

  async function makeFolder(inside: string): Promise<void> {
    if (folders.has(inside)) return
    await mkdir(inside, { recursive: true, mode: 0o700 })
    await syncFolder(folder)
    folders.add(inside)
  }

  return {
    isFar: false,
    isAway: () => false,

    put: (name, bytes) =>
      failing(async () => {
        const { inside, file } = pathOf(name)
        await makeFolder(inside)
        const path = join(inside, file)
        // A name that ends in "new" is nobody's: what a crash leaves there is removed with what nothing needs.
        const handle = await open(`${path}.new`, 'w', 0o600)
        try {
          await handle.writeFile(bytes)
          await handle.datasync()
        } finally {
          await handle.close()
        }
        await rename(`${path}.new`, path)
        await syncFolder(inside)
      }),

    get: (name) =>
      failing(async () => {
        const { inside, file } = pathOf(name)
        try {
          return new Uint8Array(await readFile(join(inside, file)))
        } catch (cause) {
          if (codeOf(cause) === 'ENOENT') return undefined
          throw cause
        }
      }),

    remove: (name) =>
      failing(async () => {
        const { inside, file } = pathOf(name)
        await rm(join(inside, file), { force: true })
      }),

    async *names() {
      for (const inside of await list(folder)) {
        if (!/^[0-9a-f]{2}$/.test(inside)) continue
        const files = await list(join(folder, inside))
        for (const file of files) {
          if (file.endsWith('.new')) await failing(() => rm(join(folder, inside, file), { force: true }))
        }
        yield files.filter((file) => filePattern.test(file)).map((file) => Buffer.from(inside + file, 'hex'))
      }
    },
  }
}

async function list(folder: string): Promise<string[]> {
  return failing(async () => {
    try {
      return await readdir(folder)
    } catch (cause) {
      if (codeOf(cause) === 'ENOENT') return []
      throw cause
    }
  })
}

/** A file is durable when its folder's list of names is. */
async function syncFolder(folder: string): Promise<void> {
  // Windows has no such thing: its file system keeps names in order by itself.
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function failing<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run()
  } catch (cause) {
    const code = codeOf(cause)
    if (code === undefined) throw cause
    throw new StoreFailure(['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code) ? 'full' : 'damaged', cause)
  }
}

function codeOf(cause: unknown): string | undefined {
  const code = (cause as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : undefined
}
