/** The ports' suites where the ports are used: in a dedicated worker. */
import { compressionConformance } from '../../../../core/src/ports/compression.conformance.ts'
import { cryptoConformance } from '../../../../core/src/ports/crypto.conformance.ts'
import { createBrowserClock } from '../../platform/clock.ts'
import { createBrowserCompression } from '../../platform/compression.ts'
import { createBrowserCrypto } from '../../platform/crypto.ts'
import { openStorage } from '../../platform/storage.ts'
import { errorToData } from '../../port/error-data.ts'
import { type CommitRates, measureCommits } from '../measure-commits.ts'
import { sqlAnswers } from '../sql-answers.ts'

/** What can be asked, and what comes back. */
export type Answers = {
  readonly suites: { readonly passed: number; readonly failed: string[] }
  readonly clock: { readonly order: string[]; readonly soonMs: number }
  readonly sql: unknown[]
  readonly full: { readonly failure: string; readonly acknowledged: number; readonly kept: number }
  readonly damaged: { readonly failure: string; readonly isUntouched: boolean }
  readonly memory: { readonly kind: string; readonly rows: number }
  readonly 'commits FULL': CommitRates
  readonly 'commits NORMAL': CommitRates
}

const suites = async (): Promise<Answers['suites']> => {
  const crypto = await createBrowserCrypto()
  const cases = [
    ...cryptoConformance.map(({ name, run }) => ({ name, run: () => run(crypto) })),
    ...compressionConformance.map(({ name, run }) => ({ name, run: () => run(createBrowserCompression()) })),
  ]
  const failed: string[] = []
  for (const { name, run } of cases) {
    try {
      run()
    } catch (error) {
      failed.push(`${name}: ${errorToData(error).message}`)
    }
  }
  return { passed: cases.length - failed.length, failed }
}

const withStorage = async <T>(
  store: string,
  run: (storage: Awaited<ReturnType<typeof openStorage>>) => T,
): Promise<T> => {
  const storage = await openStorage(store)
  try {
    return run(storage)
  } finally {
    storage.close()
  }
}

/** Order of timers, and how long a turn of `soon` takes: browsers would hold setTimeout(0) back for 4 ms. */
const clock = async (): Promise<Answers['clock']> => {
  const { soon, after, monotonic, close } = createBrowserClock()
  const order: string[] = []
  const turn = async (): Promise<void> => new Promise<void>((resolve) => void soon(resolve))
  after(0, () => order.push('after'))
  soon(() => order.push('first'))
  soon(() => order.push('cancelled'))()
  soon(() => order.push('second'))
  after(1, () => order.push('cancelled'))()
  await turn()
  const started = monotonic()
  for (let turns = 0; turns < 100; turns += 1) await turn()
  const soonMs = (monotonic() - started) / 100
  await new Promise((resolve) => setTimeout(resolve, 10))
  close()
  return { order, soonMs }
}

/** Writes until the site's quota is used up, then asks what is left. */
const full = async (): Promise<Answers['full']> =>
  withStorage('full', ({ openDatabase }) => {
    const database = openDatabase()
    database.exec('CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, b BLOB)')
    const insert = database.prepare('INSERT INTO t (b) VALUES (?)')
    const count = database.prepare('SELECT count(*) AS n FROM t')
    let acknowledged = 0
    let failure = 'none'
    try {
      for (; acknowledged < 1000; acknowledged += 1) insert.run(new Uint8Array(1024 * 1024).fill(acknowledged))
    } catch (error) {
      failure = errorToData(error).code ?? errorToData(error).message
    }
    const kept = Number(count.get()?.['n'])
    database.close()
    return { failure, acknowledged, kept }
  })

/** Only workers have it: TypeScript's DOM leaves it out. */
type AccessHandle = {
  readonly read: (bytes: Uint8Array, options: { at: number }) => number
  readonly write: (bytes: Uint8Array, options: { at: number }) => number
  readonly close: () => void
}

/** Spoils the header of a database, opens it, and looks whether the file was left alone. */
const damaged = async (): Promise<Answers['damaged']> => {
  await withStorage('damaged', ({ openDatabase }) => {
    const database = openDatabase()
    database.exec('CREATE TABLE t (n)')
    database.close()
  })
  const root = await navigator.storage.getDirectory()
  const folder = await (await (await root.getDirectoryHandle('kith')).getDirectoryHandle('damaged')).getDirectoryHandle(
    '.opaque',
  )
  /** Bytes of the database, with a callback to write into it. The pool keeps 4 KiB of its own before each file. */
  const find = async (start: string, run: (file: AccessHandle) => void): Promise<void> => {
    for await (const handle of folder.values()) {
      const file = await (
        handle as unknown as { createSyncAccessHandle: () => Promise<AccessHandle> }
      ).createSyncAccessHandle()
      const head = new Uint8Array(start.length)
      file.read(head, { at: 4096 })
      if (new TextDecoder().decode(head) === start) run(file)
      file.close()
    }
  }
  const garbage = 'This was a database once. '
  await find('SQLite format 3', (file) => file.write(new TextEncoder().encode(garbage), { at: 4096 }))
  let failure = 'none'
  await withStorage('damaged', ({ openDatabase }) => {
    try {
      openDatabase().close()
    } catch (error) {
      failure = errorToData(error).code ?? errorToData(error).message
    }
  })
  let isUntouched = false
  await find(garbage, () => {
    isUntouched = true
  })
  return { failure, isUntouched }
}

/** As in a private window that keeps no files. Asked last: it takes them away for good. */
const memory = async (): Promise<Answers['memory']> => {
  Reflect.deleteProperty(globalThis, 'FileSystemSyncAccessHandle')
  return withStorage('memory', ({ kind, openDatabase }) => {
    const database = openDatabase()
    database.exec('CREATE TABLE t (n); INSERT INTO t VALUES (1), (2)')
    const rows = Number(database.prepare('SELECT count(*) AS n FROM t').get()?.['n'])
    database.close()
    return { kind, rows }
  })
}

const commits = async (mode: string): Promise<CommitRates> =>
  withStorage('commits', ({ openDatabase }) => measureCommits(openDatabase(), mode))

const answers: { readonly [Q in keyof Answers]: () => Promise<Answers[Q]> } = {
  suites,
  clock,
  sql: async () => withStorage('sql', ({ openDatabase }) => sqlAnswers(openDatabase)),
  full,
  damaged,
  memory,
  'commits FULL': async () => commits('FULL'),
  'commits NORMAL': async () => commits('NORMAL'),
}

self.addEventListener('message', async ({ data }) => {
  self.postMessage(await answers[data as keyof Answers]().catch(errorToData), {})
})
