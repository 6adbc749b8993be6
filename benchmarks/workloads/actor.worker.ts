/** One process of a workload: the server of a product, a device, or the idle connections. `actor.ts` asks it. */
import { subscribe } from 'node:diagnostics_channel'
import { mkdirSync } from 'node:fs'
import type { Socket } from 'node:net'
import { answerRequests, peakMegabytes } from '../processes.ts'
import { profiled } from '../profiles.ts'
import { createRecords } from '../records.ts'
import type { ClientOptions, PlainRecord, Product, ProductClient, ProductServer } from './product.ts'
import { loadProduct, type ProductName } from './products.ts'

let product: Product | undefined
let server: ProductServer | undefined
let client: ProductClient | undefined
const idle: unknown[] = []
/** Nanoseconds of the machine's monotonic clock, which all processes share. */
const seen: { title: string; at: bigint }[] = []

/** Every TCP connection that this process opens, whatever library does: what the wire carries, below WebSocket and HTTP. */
const sockets = new Set<Socket>()
let closedBytes = 0
subscribe('net.client.socket', (message) => {
  const { socket } = message as { socket: Socket }
  sockets.add(socket)
  socket.once('close', () => {
    sockets.delete(socket)
    closedBytes += socket.bytesRead + socket.bytesWritten
  })
})
const wireBytes = (): number => {
  let bytes = closedBytes
  for (const socket of sockets) bytes += socket.bytesRead + socket.bytesWritten
  return bytes
}

const current = (): ProductClient => {
  if (!client) throw new Error('no client is open')
  return client
}
const loaded = (): Product => {
  if (!product) throw new Error('no product is loaded')
  return product
}
const createPlainRecords = (count: number, seed: number): PlainRecord[] =>
  createRecords(count, seed).map((record) => ({ ...record, due: record.due.getTime() }))

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const holds = async (total: number): Promise<void> => {
  for (;;) {
    const start = performance.now()
    if ((await current().count()) >= total) return
    // Looking takes a fifth of the device's time at most.
    await pause(Math.max(5, 4 * (performance.now() - start)))
  }
}

type Opening = ClientOptions & { readonly link?: string }
const open = async (options: Opening): Promise<void> => {
  mkdirSync(options.folder, { recursive: true })
  client = await loaded().openClient(options)
}

answerRequests({
  /** Packages are read from disk before anything is measured. */
  load: async (name: ProductName) => {
    product = await loadProduct(name)
    const { title, packages, traits, lacks } = product
    return { title, packages, traits, lacks }
  },
  startServer: async ({ folder, port }: { folder: string; port: number }) => {
    mkdirSync(folder, { recursive: true })
    server = await loaded().startServer(folder, port)
    return server.url
  },
  create: async (options: Opening) => {
    await open(options)
    return current().create()
  },
  /** Joins and waits for all; milliseconds from before the device's store is opened, and bytes of both directions. */
  joinAll: ({ total, ...options }: Opening & { total: number }) =>
    profiled('join', async () => {
      const start = performance.now()
      await open(options)
      await current().join(options.link ?? '')
      await holds(total)
      return { ms: performance.now() - start, bytes: wireBytes() }
    }),
  join: async (options: Opening) => {
    await open(options)
    await current().join(options.link ?? '')
  },
  /** Opens what this device has; milliseconds to a first page, then, if asked, until `total` are here. */
  reopen: ({ total, ...options }: Opening & { total?: number }) =>
    profiled(total === undefined ? 'reopen' : 'ten-more', async () => {
      const start = performance.now()
      await open(options)
      await current().reopen(options.link ?? '')
      const rows = await current().firstPage()
      const pageMs = performance.now() - start
      if (total !== undefined) await holds(total)
      return { pageMs, allMs: performance.now() - start, rows: rows.length, bytes: wireBytes() }
    }),
  writeBatches: ({ total, batch, seed }: { total: number; batch: number; seed: number }) => {
    const records = createPlainRecords(total, seed)
    return profiled(`write-${total}`, async () => {
      const start = performance.now()
      for (let at = 0; at < total; at += batch) await current().writeBatch(records.slice(at, at + batch))
      return performance.now() - start
    })
  },
  /** One at a time, each awaited, until `most` are written or the time is up: how many, and in how many milliseconds. */
  writeSingles: ({ most, limitMs, seed }: { most: number; limitMs: number; seed: number }) => {
    const records = createPlainRecords(most, seed)
    return profiled('singles', async () => {
      const start = performance.now()
      let count = 0
      for (const record of records) {
        await current().writeOne(record)
        count += 1
        if (performance.now() - start > limitMs) break
      }
      return { count, ms: performance.now() - start }
    })
  },
  /** Singles by several at a time, as several people or a fast hand write them; resolves when all are written here. */
  writeMany: async ({ total, seed, width }: { total: number; seed: number; width: number }) => {
    const queue = createPlainRecords(total, seed)
    const write = async (): Promise<void> => {
      for (let record = queue.pop(); record; record = queue.pop()) await current().writeOne(record)
    }
    await Promise.all(Array.from({ length: width }, write))
  },
  holds,
  count: () => current().count(),
  synced: () => current().synced(),
  watch: () => {
    const known = new Set<string>()
    current().onTitle((title) => {
      if (known.has(title)) return
      known.add(title)
      seen.push({ title, at: process.hrtime.bigint() })
    })
  },
  /** Edits of one record at a pace; when each was begun. */
  edit: async ({ edits, paceMs }: { edits: number; paceMs: number }) => {
    const id = await current().writeOne({ title: 'edited', note: 'live', done: false, points: 1, due: 1 })
    await current().synced()
    await pause(500)
    const begun: { title: string; at: bigint }[] = []
    for (let edit = 0; edit < edits; edit += 1) {
      const title = `edit ${edit}`
      begun.push({ title, at: process.hrtime.bigint() })
      await current().updateTitle(id, title)
      await pause(paceMs)
    }
    return begun
  },
  seen: () => seen,
  connectIdle: async ({ url, link, count }: { url: string; link: string; count: number }) => {
    for (let n = 0; n < count; n += 1) idle.push(await loaded().connectIdle(url, link))
  },
  /** Bytes of JavaScript and its buffers after a collection (resident ones vary more than connections weigh), and the processor time so far. */
  usage: async () => {
    globalThis.gc?.()
    await pause(200)
    globalThis.gc?.()
    const { user, system } = process.cpuUsage()
    const { heapUsed, external } = process.memoryUsage()
    return { bytes: heapUsed + external, cpuMs: (user + system) / 1000, peakMegabytes: peakMegabytes() }
  },
  close: async () => {
    await client?.close()
    await server?.close()
    client = undefined
    server = undefined
  },
})
process.once('SIGTERM', () => process.exit(0))
