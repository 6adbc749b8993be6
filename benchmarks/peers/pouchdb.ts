import { mkdirSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import express from 'express'
import expressPouch from 'express-pouchdb'
import PouchDB from 'pouchdb'
import type { PlainRecord, Product } from '../workloads/product.ts'

const startServer: Product['startServer'] = async (folder, port) => {
  const store = join(folder, 'pouch')
  mkdirSync(store, { recursive: true })
  const Stored = PouchDB.defaults({ prefix: `${store}/` })
  const app = express()
  // The part that replication needs; without Fauxton, sessions and a log of requests.
  app.use(
    '/db',
    expressPouch(Stored, { mode: 'minimumForPouchDB', inMemoryConfig: true, logPath: join(folder, 'log.txt') }),
  )
  const server = createServer(app).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/db`,
    close: async () => {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

type Doc = PlainRecord & { _id: string; _rev?: string }

const openClient: Product['openClient'] = ({ folder, url }) => {
  const local = new PouchDB<PlainRecord>(join(folder, 'pouch'))
  let remote: PouchDB.Database<PlainRecord> | undefined
  let sync: PouchDB.Replication.Sync<PlainRecord> | undefined
  let counter = 0
  const prefix = randomUUID().slice(0, 8)
  const nextId = (): string => {
    counter += 1
    return `${prefix}-${String(counter).padStart(9, '0')}`
  }
  const connect = (link: string): void => {
    remote = new PouchDB<PlainRecord>(`${url}/${link}`)
    sync = local.sync(remote, { live: true, retry: true, batch_size: 1000 })
  }
  return Promise.resolve({
    create: () => {
      const link = `records-${randomUUID()}`
      connect(link)
      return Promise.resolve(link)
    },
    join: (link) => {
      connect(link)
      return Promise.resolve()
    },
    reopen: (link) => {
      connect(link)
      return Promise.resolve()
    },
    writeBatch: async (batch) => {
      await local.bulkDocs(batch.map((record) => ({ _id: nextId(), ...record })))
    },
    writeOne: async (record) => {
      const id = nextId()
      await local.put({ _id: id, ...record })
      return id
    },
    updateTitle: async (id, title) => {
      const doc = await local.get(id)
      await local.put({ ...doc, title })
    },
    onTitle: (listener) => {
      void local.changes<Doc>({ since: 'now', live: true, include_docs: true }).on('change', ({ doc }) => {
        if (doc) listener(doc.title)
      })
    },
    count: async () => (await local.info()).doc_count,
    firstPage: async () => (await local.allDocs({ limit: 20, include_docs: true })).rows,
    synced: async () => {
      if (!remote) throw new Error('not connected')
      const { doc_count: wanted } = await local.info()
      while ((await remote.info()).doc_count < wanted) await new Promise((resolve) => setTimeout(resolve, 20))
    },
    close: async () => {
      sync?.cancel()
      await local.close()
    },
  })
}

export const product: Product = {
  title: 'PouchDB',
  packages: ['pouchdb', 'express-pouchdb', 'express'],
  traits: {
    encryption: 'none: the server reads all',
    queries: 'by key and map function',
    permissions: 'a whole database',
    durability: 'LevelDB without sync: crash of the program',
  },
  startServer,
  openClient,
  // A device that waits has a request for changes open; the answer comes with the next change.
  connectIdle: async (url, link) => {
    const poll = request(`${url}/${link}/_changes?feed=longpoll&since=now&heartbeat=60000`, { agent: false })
    poll.end()
    await once(poll, 'finish')
    return poll
  },
}
