/** The ports' suites where the ports are used: in a dedicated worker. */
import { compressionConformance } from '../../../../core/src/ports/compression.conformance.ts'
import { cryptoConformance } from '../../../../core/src/ports/crypto.conformance.ts'
import { createBrowserClock } from '../../platform/clock.ts'
import { createBrowserCompression } from '../../platform/compression.ts'
import { createBrowserCrypto } from '../../platform/crypto.ts'
import { openStorage } from '../../platform/storage.ts'
import { errorToData } from '../../port/error-data.ts'
import { measureCommits } from '../measure-commits.ts'
import { sqlAnswers } from '../sql-answers.ts'

export type Question = 'suites' | 'sql' | 'clock' | 'full' | { readonly commits: string }

const suites = async (): Promise<{ passed: number; failed: string[] }> => {
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
const clock = async (): Promise<{ order: string[]; soonMs: number }> => {
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
const full = async (): Promise<unknown> =>
  withStorage('full', ({ openDatabase }) => {
    const database = openDatabase()
    database.exec('CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, b BLOB)')
    const insert = database.prepare('INSERT INTO t (b) VALUES (?)')
    const count = database.prepare('SELECT count(*) AS n FROM t')
    let acknowledged = 0
    let failure: unknown
    try {
      for (; acknowledged < 1000; acknowledged += 1) insert.run(new Uint8Array(1024 * 1024).fill(acknowledged))
    } catch (error) {
      failure = errorToData(error).code ?? errorToData(error).message
    }
    const kept = count.get()?.n
    database.close()
    return { failure, acknowledged, kept }
  })

const answer = (question: Question): Promise<unknown> => {
  if (question === 'suites') return suites()
  if (question === 'sql') return withStorage('sql', ({ openDatabase }) => sqlAnswers(openDatabase))
  if (question === 'clock') return clock()
  if (question === 'full') return full()
  return withStorage('commits', ({ openDatabase }) => measureCommits(openDatabase(), question.commits))
}

self.addEventListener('message', async ({ data }) => {
  self.postMessage(await answer(data as Question).catch(errorToData))
})
