/** The workloads, written once against `product.ts`: W1 write, W2 join, W3 live edits, W4 ten more, W5 open again, W6 the server. */
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { OverTime, startWorker, type Worker } from '../processes.ts'
import { quantile } from '../statistics.ts'
import type { Product } from './product.ts'
import type { ProductName } from './products.ts'

/** Units are in the names; undefined: the product has no such part, or the step before it failed. */
export type Figures = {
  batchesPerSecond: number
  singlesPerSecond: number
  uploadMs: number
  joinMs: number
  joinBytesPerRecord: number
  liveP50Ms: number
  liveP99Ms: number
  throughPerSecond: number
  serverCpuUsPerEdit: number
  tenMoreMs: number
  tenMoreBytes: number
  reopenMs: number
  reopenMegabytes: number
  idleBytes: number
  deviceBytesPerRecord: number
  serverBytesPerRecord: number
}
export type Figure = keyof Figures
/** A figure, or why there is none. */
export type Outcome = Partial<Record<Figure, number | string>>
export type Description = Pick<Product, 'title' | 'packages' | 'traits' | 'lacks'>

export type Effort = {
  readonly records: number
  readonly batch: number
  readonly singles: number
  readonly edits: number
  readonly many: number
  readonly idle: number
  /** For each step. */
  readonly limitMs: number
}

const paceMs = 40
/** How long a device stays after it has joined. */
const stayMs = 3_000
const singlesLimitMs = 10_000
const ten = 10

const folderBytes = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)

/** One round of all workloads on one product, with processes and folders of its own. */
export const measureProduct = async (
  name: ProductName,
  folder: string,
  effort: Effort,
): Promise<{ description: Description | undefined; outcome: Outcome }> => {
  const outcome: Outcome = {}
  const workers: Worker[] = []
  const { limitMs, records } = effort
  mkdirSync(folder, { recursive: true })

  /** A process with the product's packages loaded. */
  const start = async (): Promise<Worker> => {
    const worker = startWorker('./workloads/actor.worker.ts')
    workers.push(worker)
    await worker.ask('load', name, 60_000)
    return worker
  }
  const end = async (worker: Worker): Promise<void> => {
    await worker.ask('close', undefined, limitMs).catch(() => {})
    await worker.stop()
  }
  /** What a failed step would have given is named by its failure; what needs it is not tried. */
  const step = async (figures: readonly Figure[], measure: () => Promise<Outcome | void>): Promise<void> => {
    try {
      Object.assign(outcome, await measure())
    } catch (error) {
      for (const figure of figures)
        outcome[figure] ??= error instanceof OverTime ? error.message : `failed: ${firstLine(error)}`
      throw error
    }
  }

  const asker = startWorker('./workloads/actor.worker.ts')
  workers.push(asker)
  let description: Description
  try {
    description = await asker.ask<Description>('load', name, 60_000)
  } catch (error) {
    console.log(`  ${name} does not load: ${firstLine(error)}`)
    return { description: undefined, outcome }
  } finally {
    await asker.stop()
  }
  const hasServer = description.lacks?.server === undefined
  const storesHere = description.lacks?.client === undefined

  const [aFolder, bFolder, serverFolder] = [join(folder, 'a'), join(folder, 'b'), join(folder, 'server')]
  try {
    let server = hasServer ? await start() : undefined
    const url = (await server?.ask<string>('startServer', { folder: serverFolder, port: 0 }, limitMs)) ?? ''
    let link = ''

    if (storesHere) {
      let alice = await start()
      await step(['batchesPerSecond', 'joinMs'], async () => {
        link = await alice.ask<string>('create', { folder: aFolder, url, name: 'Alice' }, limitMs)
        const input = { total: records, batch: effort.batch, seed: 1 }
        const began = performance.now()
        const ms = await alice.ask<number>('writeBatches', input, limitMs)
        await alice.ask('synced', undefined, limitMs)
        return { batchesPerSecond: records / (ms / 1000), ...(server ? { uploadMs: performance.now() - began } : {}) }
      })
      await end(alice)
      outcome.deviceBytesPerRecord = folderBytes(aFolder) / records

      if (server) {
        const bob = await start()
        await step(['joinMs', 'joinBytesPerRecord'], async () => {
          const options = { folder: bFolder, url, name: 'Bob', link, total: records }
          const { ms, bytes } = await bob.ask<{ ms: number; bytes: number }>('joinAll', options, limitMs)
          return { joinMs: ms, joinBytesPerRecord: bytes / records }
        })
        // Nobody leaves with the last record: what a product does once a device has joined is no part of what comes next.
        await bob.ask('synced', undefined, limitMs)
        await new Promise((resolve) => setTimeout(resolve, stayMs))
        await end(bob)
        // Some store late: what is on disk is what is there when the server has ended. Another one goes on with it, where devices know it.
        await end(server)
        outcome.serverBytesPerRecord = folderBytes(serverFolder) / records
        server = await start()
        await server.ask('startServer', { folder: serverFolder, port: Number(new URL(url).port) }, limitMs)
      }

      alice = await start()
      await step(['reopenMs', 'reopenMegabytes'], async () => {
        const opened = await alice.ask<{ pageMs: number; rows: number }>(
          'reopen',
          { folder: aFolder, url, name: 'Alice', link },
          limitMs,
        )
        if (opened.rows !== Math.min(20, records)) throw new Error(`a first page of ${opened.rows} rows`)
        const { peakMegabytes } = await alice.ask<{ peakMegabytes: number }>('usage')
        return { reopenMs: opened.pageMs, reopenMegabytes: peakMegabytes }
      })

      if (server) {
        await step(['tenMoreMs', 'tenMoreBytes'], async () => {
          await alice.ask('writeBatches', { total: ten, batch: ten, seed: 2 }, limitMs)
          await alice.ask('synced', undefined, limitMs)
          await end(alice)
          const bob = await start()
          const options = { folder: bFolder, url, name: 'Bob', link, total: records + ten }
          const { allMs, bytes } = await bob.ask<{ allMs: number; bytes: number }>('reopen', options, limitMs)
          await end(bob)
          return { tenMoreMs: allMs, tenMoreBytes: bytes }
        })
        alice = await start()
        await alice.ask('reopen', { folder: aFolder, url, name: 'Alice', link }, limitMs)
      }
      await step(['singlesPerSecond'], async () => {
        const input = { most: effort.singles, limitMs: singlesLimitMs, seed: 3 }
        const { count, ms } = await alice.ask<{ count: number; ms: number }>('writeSingles', input, limitMs)
        return { singlesPerSecond: count / (ms / 1000) }
      })
      if (server) await alice.ask('synced', undefined, limitMs)
      await end(alice)
    }

    if (server) {
      await end(server)
      await measureLive()
      await measureIdle()
    }
  } catch (error) {
    console.log(`  ${description.title}: ${firstLine(error)}`)
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()))
    rmSync(folder, { recursive: true, force: true })
  }
  return { description, outcome }

  /** W3 and W6, on a server and a small collection of their own: they do not depend on how many records W1 could write. */
  async function measureLive(): Promise<void> {
    const server = await start()
    const url = await server.ask<string>('startServer', { folder: join(folder, 'live-server'), port: 0 }, limitMs)
    const [alice, bob] = [await start(), await start()]
    const link = await alice.ask<string>('create', { folder: join(folder, 'live-a'), url, name: 'Alice' }, limitMs)
    await alice.ask('writeBatches', { total: 20, batch: 20, seed: 4 }, limitMs)
    await alice.ask('synced', undefined, limitMs)
    await bob.ask('join', { folder: join(folder, 'live-b'), url, name: 'Bob', link }, limitMs)
    if (storesHere) await bob.ask('holds', 20, limitMs)

    await step(['liveP50Ms', 'liveP99Ms'], async () => {
      await bob.ask('watch')
      type Moments = { title: string; at: bigint }[]
      const begun = await alice.ask<Moments>('edit', { edits: effort.edits, paceMs }, limitMs + effort.edits * paceMs)
      const isLast = async (): Promise<boolean> =>
        (await bob.ask<Moments>('seen')).some(({ title }) => title === begun.at(-1)?.title)
      for (const start = performance.now(); !(await isLast()); ) {
        if (performance.now() - start > limitMs) throw new OverTime(limitMs)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      const arrivals = new Map((await bob.ask<Moments>('seen')).map(({ title, at }) => [title, at]))
      const times = begun.flatMap(({ title, at }) => {
        const arrived = arrivals.get(title)
        return arrived === undefined ? [] : [Number(arrived - at) / 1e6]
      })
      // Some products show only the newest of several edits; those that were skipped have no time.
      return { liveP50Ms: quantile(times, 0.5), liveP99Ms: quantile(times, 0.99) }
    })

    await step(['throughPerSecond', 'serverCpuUsPerEdit'], async () => {
      const before = await server.ask<{ cpuMs: number }>('usage')
      const held = await bob.ask<number>('count')
      const start = performance.now()
      await alice.ask('writeMany', { total: effort.many, seed: 5, width: 32 }, limitMs)
      await bob.ask('holds', held + effort.many, limitMs)
      const seconds = (performance.now() - start) / 1000
      const after = await server.ask<{ cpuMs: number }>('usage')
      return {
        throughPerSecond: effort.many / seconds,
        serverCpuUsPerEdit: ((after.cpuMs - before.cpuMs) * 1000) / effort.many,
      }
    })
    await Promise.all([end(alice), end(bob), end(server)])
  }

  /** W6: what connections that wait cost a server that has done nothing else. */
  async function measureIdle(): Promise<void> {
    const server = await start()
    const url = await server.ask<string>('startServer', { folder: join(folder, 'idle-server'), port: 0 }, limitMs)
    const alice = await start()
    const link = await alice.ask<string>('create', { folder: join(folder, 'idle-a'), url, name: 'Alice' }, limitMs)
    await alice.ask('writeBatches', { total: 20, batch: 20, seed: 4 }, limitMs)
    await alice.ask('synced', undefined, limitMs)
    await step(['idleBytes'], async () => {
      const crowd = await start()
      // The first make the server's code and tables grow; the second, as many, are weighed.
      await crowd.ask('connectIdle', { url, link, count: effort.idle }, limitMs)
      const before = await server.ask<{ bytes: number }>('usage')
      await crowd.ask('connectIdle', { url, link, count: effort.idle }, limitMs)
      const after = await server.ask<{ bytes: number }>('usage')
      return { idleBytes: (after.bytes - before.bytes) / effort.idle }
    })
  }
}

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
