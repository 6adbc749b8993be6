import { connectHub } from '@kith/core/sync'
import { linkToLog, parseLink } from '@kith/core/keys'
import { startHub } from '@kith/hub'
import { createNodePlatform, openKith, type Space } from '@kith/node'
import { join } from 'node:path'
import { recordsApp } from '../records.ts'
import type { PlainRecord, Product, ProductClient } from './product.ts'

const toRow = (record: PlainRecord) => ({ ...record, due: new Date(record.due) })

const openClient: Product['openClient'] = async ({ folder, url, name }) => {
  const kith = await openKith({ path: folder, hubs: url === '' ? [] : [url], name })
  let opened: Space<typeof recordsApp> | undefined
  const space = (): Space<typeof recordsApp> => {
    if (!opened) throw new Error('no space is open')
    return opened
  }
  const client: ProductClient = {
    create: async () => {
      opened = await kith.createSpace(recordsApp, { name: 'Benchmark' })
      return opened.invite({ role: 'writer' })
    },
    join: async (link) => {
      opened = await kith.join(recordsApp, link)
    },
    reopen: async () => {
      const [first] = await kith.spaces({ app: recordsApp })
      opened = await kith.open(recordsApp, first?.id ?? '')
    },
    writeBatch: (records) =>
      space().transact((tx) => {
        for (const record of records) tx.records.insert(toRow(record))
      }),
    writeOne: (record) => space().tables.records.insert(toRow(record)),
    updateTitle: async (id, title) => {
      await space().tables.records.update(id, { title })
    },
    onTitle: (listener) => {
      space().live(
        (q) => q.selectFrom('records').select(['id', 'title']).orderBy('id', 'desc').limit(20),
        (rows) => {
          for (const { title } of rows) listener(title)
        },
      )
    },
    count: async () => {
      const [row] = await space().query((q) =>
        q.selectFrom('records').select((of) => of.fn.countAll<number>().as('count')),
      )
      return row?.count ?? 0
    },
    firstPage: () => space().query((q) => q.selectFrom('records').selectAll().orderBy('id').limit(20)),
    synced: () => space().synced({ timeoutMs: 600_000 }),
    close: () => kith.close(),
  }
  return client
}

/** What a device does that waits: a connection with a log opened by proof of its keys. (A device has a few logs open; the invitation's stands for one.) */
const connectIdle: Product['connectIdle'] = async (url, link) => {
  const { crypto, clock, network } = await platform()
  const { policy, read } = linkToLog(crypto, parseLink(crypto, link))
  const events = { opened() {}, entries() {}, signal() {}, closed() {} }
  const connection = connectHub({ url, network, clock, crypto, events })
  const [log] = await connection.open([{ policy, rights: read ? [{ right: 'read' as const, seed: read.seed }] : [] }])
  if (!log || log instanceof Error) throw log ?? new Error('not opened')
  await connection.pull([{ log: log.log, lane: 0, follow: true }])
  return connection
}
let made: ReturnType<typeof createNodePlatform> | undefined
const platform = (): ReturnType<typeof createNodePlatform> => (made ??= createNodePlatform(':memory:'))

export const product: Product = {
  title: 'Kith',
  packages: [],
  traits: {
    encryption: 'end to end',
    queries: 'SQL on the device, live',
    permissions: 'signed, checked by every device',
    durability: 'FULL commit: power cut',
  },
  startServer: async (folder, port) => {
    const hub = await startHub({ host: '127.0.0.1', port, storage: join(folder, 'hub.db') })
    return { url: hub.url, close: () => hub.close() }
  },
  openClient,
  connectIdle,
}
