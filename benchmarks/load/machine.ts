/** Processes of a part, and what they used. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Worker, startWorker } from '../processes.ts'
import type { Usage } from './hub.worker.ts'

export type HubWorker = Worker & {
  readonly usage: (isCollected?: boolean) => Promise<Usage>
  /** Processor milliseconds of the hub while `run` runs, and what that returns. Writes a profile where one was asked for. */
  readonly spending: <Result>(what: string, run: () => Promise<Result>) => Promise<{ result: Result; cpuMs: number }>
}

export const startHubWorker = (): HubWorker => {
  const worker = startWorker('./load/hub.worker.ts')
  const usage = (isCollected = false) => worker.ask<Usage>('usage', isCollected)
  const profiles = process.env['KITH_PROFILES']
  return {
    ...worker,
    usage,
    async spending(what, run) {
      if (profiles !== undefined) await worker.ask('profile')
      const before = await usage()
      const result = await run()
      const { cpuMs } = await usage()
      if (profiles !== undefined) await worker.ask('profile', join(profiles, `${what.replaceAll(' ', '-')}.cpuprofile`))
      return { result, cpuMs: cpuMs - before.cpuMs }
    },
  }
}

/** A hub without rates on this storage; its URL. */
export const startUnlimited = async (hub: HubWorker, storage: string): Promise<string> => {
  const { url } = await hub.ask<{ url: string }>('start', { storage, port: 0, limits: withoutRates })
  return url
}

export const startClients = (): Worker => startWorker('./load/clients.worker.ts')

/** A folder on the disk that the hub's database is to be on, gone at the end. */
export async function inFolder<Result>(run: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'kith-load-'))
  try {
    return await run(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Rates are for those who share a hub: here a few connections do what thousands would. */
const manyEach = { burst: 100_000_000, perSecond: 100_000_000 }
const withoutRates = {
  perConnection: {
    requests: manyEach,
    entries: manyEach,
    putBytes: { burst: 1e12, perSecond: 1e12 },
    newLogs: manyEach,
    proofs: manyEach,
    signals: manyEach,
    carries: manyEach,
    carriedBytes: manyEach,
  },
} as const
