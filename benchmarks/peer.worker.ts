import { statSync } from 'node:fs'
import { databaseFile, type Kith, openKith, type Space } from '@kith/node'
import WebSocket from 'ws'
import { answerRequests, peakMegabytes } from './processes.ts'
import { importMusic } from '../examples/first-light/import.ts'
import { music, musicTables } from '../examples/first-light/music.ts'
import { countRows, readSource } from '../examples/first-light/source.ts'
import { createRecords, type indexedApp, recordsApp } from './records.ts'

type Records = Space<typeof recordsApp | typeof indexedApp>

/** Between two edits, for Kith and the bare relay alike: two people typing, not a load test. */
const paceMs = 40

let kith: Kith | undefined
let space: Records | undefined
let socket: WebSocket | undefined

const opened = (): Kith => kith ?? fail()
const current = (): Records => space ?? fail()
const fail = (): never => {
  throw new Error('nothing is open')
}
const count = async (): Promise<number> =>
  (await current().query((q) => q.selectFrom('records').select((e) => e.fn.countAll<number>().as('n'))))[0]?.n ?? 0

answerRequests({
  open: async (options: { path: string; hubs: string[]; name: string }) => {
    kith = await openKith(options)
  },
  create: async () => {
    space = await opened().createSpace(recordsApp, { name: 'Benchmark' })
  },
  /** Writes `total` records, 1,000 a transaction; milliseconds. */
  write: async ({ total, from }: { total: number; from: number }) => {
    const records = createRecords(total, from + 1)
    const start = performance.now()
    for (let at = 0; at < total; at += 1000) {
      await current().transact((tx) => {
        for (let index = at; index < Math.min(at + 1000, total); index += 1)
          tx.records.insert(records[index] as (typeof records)[number])
      })
    }
    return performance.now() - start
  },
  /** Single inserts, each awaited; the median in milliseconds. */
  singles: async (total: number) => {
    const records = createRecords(total, 77)
    const times: number[] = []
    for (const record of records) {
      const start = performance.now()
      await current().tables.records.insert(record)
      times.push(performance.now() - start)
    }
    return times.sort((left, right) => left - right)[times.length >> 1]
  },
  invite: () => current().invite({ role: 'writer' }),
  synced: () => current().synced({ timeoutMs: 60_000 }),
  /** Joins and waits until `total` records are here; milliseconds from the call. */
  join: async ({ link, total }: { link: string; total: number }) => {
    const start = performance.now()
    space = await opened().join(recordsApp, link)
    const joined = performance.now() - start
    await new Promise<void>((resolve, reject) => {
      const stop = current().live(
        (q) => q.selectFrom('records').select((e) => e.fn.countAll<number>().as('n')),
        ([row]) => {
          if ((row?.n ?? 0) < total) return
          queueMicrotask(() => stop())
          resolve()
        },
        reject,
      )
    })
    const status = await opened().status()
    return {
      joined,
      complete: performance.now() - start,
      receivedBytes: status.hubs.reduce((sum, hub) => sum + hub.receivedBytes, 0),
    }
  },
  sentBytes: async () => (await opened().status()).hubs.reduce((sum, hub) => sum + hub.sentBytes, 0),
  /** Opens a folder again; milliseconds to the first rows. */
  reopen: async (options: { path: string; hubs: string[]; name: string }) => {
    const start = performance.now()
    kith = await openKith(options)
    const [first] = await opened().spaces({ app: recordsApp })
    space = await opened().open(recordsApp, first?.id ?? '')
    await current().query((q) => q.selectFrom('records').selectAll().orderBy('id').limit(20))
    return performance.now() - start
  },
  count,
  /** The music shop's eleven tables into a space of their own; milliseconds, rows, and a link. */
  importMusic: async () => {
    const source = readSource('any')
    const shop = await opened().createSpace(music, { name: 'Shop' })
    const start = performance.now()
    await importMusic(shop, source, () => {})
    const importMs = performance.now() - start
    await shop.synced({ timeoutMs: 60_000 })
    return { importMs, rows: countRows(source), link: await shop.invite({ role: 'writer' }) }
  },
  joinMusic: async ({ link, rows }: { link: string; rows: number }) => {
    const start = performance.now()
    const shop = await opened().join(music, link)
    const held = async (): Promise<number> => {
      let sum = 0
      for (const name of musicTables) {
        const [row] = await shop.query((q) => q.selectFrom(name).select((e) => e.fn.countAll<number>().as('n')))
        sum += row?.n ?? 0
      }
      return sum
    }
    while ((await held()) < rows) await shop.synced()
    const { hubs } = await opened().status()
    return { complete: performance.now() - start, receivedBytes: hubs.reduce((sum, hub) => sum + hub.receivedBytes, 0) }
  },
  close: async () => {
    await kith?.close()
  },
  diskBytes: (path: string) => statSync(databaseFile(path)).size,
  peak: () => peakMegabytes(),
  /** Answers every edit of the title of one record by an edit of its note: half a round trip is the latency of one edit. */
  echo: async (id: string) => {
    let last = 'start'
    current().live(
      (q) => q.selectFrom('records').select(['id', 'title', 'note']).where('id', '=', id),
      ([row]) => {
        if (!row || row.title === last) return
        last = row.title
        void current().tables.records.update(row.id, { note: row.title })
      },
    )
  },
  /** Round trips of an edit and its answer at a steady pace; milliseconds each. */
  insertOne: () =>
    current().tables.records.insert({ title: 'start', note: '', done: false, points: -1, due: new Date(0) }),
  ping: async ({ id, rounds }: { id: string; rounds: number }) => {
    const times: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      const title = `round ${round}`
      const start = performance.now()
      await new Promise<void>((resolve) => {
        const stop = current().live(
          (q) => q.selectFrom('records').select('note').where('id', '=', id),
          ([row]) => {
            if (row?.note !== title) return
            queueMicrotask(() => stop())
            resolve()
          },
        )
        void current().tables.records.update(id, { title })
      })
      times.push(performance.now() - start)
      await new Promise((resolve) => setTimeout(resolve, paceMs))
    }
    return times
  },
  connect: (url: string) =>
    new Promise<void>((resolve) => {
      socket = new WebSocket(url, { perMessageDeflate: false })
      socket.once('open', () => resolve())
    }),
  relayEcho: () => {
    socket?.on('message', (data) => socket?.send(data))
  },
  relayPing: async (rounds: number) => {
    const times: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      const start = performance.now()
      await new Promise<void>((resolve) => {
        socket?.once('message', () => resolve())
        socket?.send(Buffer.alloc(300))
      })
      times.push(performance.now() - start)
      await new Promise((resolve) => setTimeout(resolve, paceMs))
    }
    return times
  },
})
process.once('SIGTERM', () => {
  socket?.terminate()
  void Promise.resolve(kith?.close()).finally(() => process.exit(0))
})
