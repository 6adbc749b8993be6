import { join } from 'node:path'
import { createRequire } from 'node:module'
import { randomUUID } from 'node:crypto'
import { WebSocketServer } from 'ws'
import type * as Utils from '@y/websocket-server/utils'
import type * as Leveldb from 'y-leveldb'
import type * as Websocket from 'y-websocket'
import type * as Yjs from 'yjs'
import type { PlainRecord, Product } from '../workloads/product.ts'
import { closeServer, connectBare, listening } from './sockets.ts'

// y-leveldb is CommonJS; a second copy of Yjs as a module beside its own would make two kinds of documents.
const require = createRequire(import.meta.url)
const Y = require('yjs') as typeof Yjs
const { LeveldbPersistence } = require('y-leveldb') as typeof Leveldb
const { WebsocketProvider } = require('y-websocket') as typeof Websocket
const { setPersistence, setupWSConnection } = require('@y/websocket-server/utils') as typeof Utils

type Stored = PlainRecord & { id: string }

/** Its documented way on Node: the server of y-websocket with y-leveldb, and y-leveldb on the device (y-indexeddb needs a browser). */
const startServer: Product['startServer'] = async (folder, port) => {
  const store = new LeveldbPersistence(join(folder, 'y'))
  const writes = new Set<Promise<unknown>>()
  const keep = (name: string, update: Uint8Array): void => {
    const write = store.storeUpdate(name, update)
    writes.add(write)
    void write.finally(() => writes.delete(write))
  }
  // As @y/websocket-server does by itself for YPERSISTENCE=folder, but ending what it began.
  setPersistence({
    provider: store,
    bindState: async (name: string, doc: Yjs.Doc) => {
      const stored = await store.getYDoc(name)
      keep(name, Y.encodeStateAsUpdate(doc))
      Y.applyUpdate(doc, Y.encodeStateAsUpdate(stored))
      doc.on('update', (update: Uint8Array) => keep(name, update))
    },
    writeState: async () => {
      await Promise.all(writes)
    },
  })
  const server = new WebSocketServer({ port, host: '127.0.0.1' })
  server.on('connection', (socket, request) => setupWSConnection(socket, request))
  const url = await listening(server)
  return {
    url,
    close: async () => {
      await closeServer(server)
      await Promise.all(writes)
      await store.destroy()
    },
  }
}

const openClient: Product['openClient'] = async ({ folder, url }) => {
  const store = new LeveldbPersistence(join(folder, 'y'))
  const doc = new Y.Doc()
  const records = doc.getMap<Yjs.Map<unknown>>('records')
  let provider: Websocket.WebsocketProvider | undefined
  let stored: Promise<unknown> = Promise.resolve()
  let counter = 0

  const connect = (link: string): void => {
    doc.on('update', (update: Uint8Array) => {
      stored = store.storeUpdate(link, update)
    })
    provider = new WebsocketProvider(url, link, doc, { WebSocketPolyfill: WebSocket as never, disableBc: true })
  }
  const set = (record: PlainRecord): string => {
    counter += 1
    const id = `${doc.clientID}-${counter}`
    records.set(id, new Y.Map(Object.entries(record)))
    return id
  }
  const first = (): Stored[] => {
    const rows: Stored[] = []
    for (const [id, map] of records) {
      rows.push({ id, ...(map.toJSON() as PlainRecord) })
      if (rows.length === 20) break
    }
    return rows
  }
  return {
    create: () => {
      const link = randomUUID()
      connect(link)
      return Promise.resolve(link)
    },
    join: (link) => {
      connect(link)
      return Promise.resolve()
    },
    reopen: async (link) => {
      const before = await store.getYDoc(link)
      Y.applyUpdate(doc, Y.encodeStateAsUpdate(before))
      connect(link)
    },
    writeBatch: async (batch) => {
      doc.transact(() => {
        for (const record of batch) set(record)
      })
      await stored
    },
    writeOne: async (record) => {
      const id = set(record)
      await stored
      return id
    },
    updateTitle: async (id, title) => {
      records.get(id)?.set('title', title)
      await stored
    },
    onTitle: (listener) => {
      records.observeDeep((events) => {
        for (const event of events) {
          const title: unknown = event.target instanceof Y.Map ? event.target.get('title') : undefined
          if (typeof title === 'string') listener(title)
        }
      })
    },
    count: () => Promise.resolve(records.size),
    firstPage: () => Promise.resolve(first()),
    synced: async () => {
      const current = provider
      if (!current) throw new Error('not connected')
      if (!current.synced) await new Promise<void>((resolve) => current.once('sync', () => resolve()))
      await askServer(url, current.roomname, Y.encodeStateVector(doc))
    },
    close: async () => {
      provider?.destroy()
      await stored
      await store.destroy()
    },
  }
}

/** Yjs has no acknowledgement: a second connection is answered by what the server lacks nothing of. */
const askServer = async (url: string, room: string, wanted: Uint8Array): Promise<void> => {
  const mine = Y.decodeStateVector(wanted)
  for (;;) {
    const copy = new Y.Doc()
    const provider = new WebsocketProvider(url, room, copy, { WebSocketPolyfill: WebSocket as never, disableBc: true })
    await new Promise<void>((resolve) => provider.once('sync', () => resolve()))
    const theirs = Y.decodeStateVector(Y.encodeStateVector(copy))
    provider.destroy()
    copy.destroy()
    if ([...mine].every(([client, clock]) => (theirs.get(client) ?? 0) >= clock)) return
  }
}

export const product: Product = {
  title: 'Yjs, y-websocket',
  packages: ['yjs', 'y-websocket', '@y/websocket-server', 'y-leveldb'],
  traits: {
    encryption: 'none: the server reads all',
    queries: 'none: maps in memory',
    permissions: 'none',
    durability: 'LevelDB without sync: crash of the program',
  },
  startServer,
  openClient,
  connectIdle: (url, link) => connectBare(`${url}/${link}`),
}
