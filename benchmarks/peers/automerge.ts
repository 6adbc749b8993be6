import { join } from 'node:path'
import { type AutomergeUrl, type DocHandle, ImmutableString, type PeerId, Repo } from '@automerge/automerge-repo'
import { WebSocketClientAdapter, WebSocketServerAdapter } from '@automerge/automerge-repo-network-websocket'
import { NodeFSStorageAdapter } from '@automerge/automerge-repo-storage-nodefs'
import { WebSocketServer } from 'ws'
import type { PlainRecord, Product } from '../workloads/product.ts'
import { closeServer, listening } from './sockets.ts'

/** Strings that are one value, as in the other products; a plain string would be a text with a history of its characters. */
type Stored = Omit<PlainRecord, 'title' | 'note'> & { title: ImmutableString; note: ImmutableString }
type Records = { records: Record<string, Stored> }
const toStored = (record: PlainRecord): Stored => ({
  ...record,
  title: new ImmutableString(record.title),
  note: new ImmutableString(record.note),
})

/** As its sync server does: a Repo on a WebSocketServer, with files, that shares nothing by itself. */
const startServer: Product['startServer'] = async (folder, port) => {
  const sockets = new WebSocketServer({ port, host: '127.0.0.1' })
  const url = await listening(sockets)
  const repo = new Repo({
    network: [new WebSocketServerAdapter(sockets as never)],
    storage: new NodeFSStorageAdapter(join(folder, 'automerge')),
    peerId: 'server' as PeerId,
    sharePolicy: () => Promise.resolve(false),
  })
  return {
    url,
    close: async () => {
      await repo.flush()
      await closeServer(sockets)
    },
  }
}

const openClient: Product['openClient'] = ({ folder, url, name }) => {
  const network = new WebSocketClientAdapter(url)
  const repo = new Repo({
    network: [network],
    storage: new NodeFSStorageAdapter(join(folder, 'automerge')),
    peerId: `${name}-${process.pid}` as PeerId,
    enableRemoteHeadsGossiping: true,
  })
  let handle: DocHandle<Records> | undefined
  let counter = 0
  const current = (): DocHandle<Records> => {
    if (!handle) throw new Error('no document is open')
    return handle
  }
  const nextId = (): string => {
    counter += 1
    return `${process.pid}-${counter}`
  }
  const flush = (): Promise<void> => repo.flush([current().documentId])
  return Promise.resolve({
    create: () => {
      handle = repo.create<Records>({ records: {} })
      return Promise.resolve(handle.url)
    },
    join: async (link) => {
      await repo.networkSubsystem.whenReady()
      handle = await repo.find<Records>(link as AutomergeUrl)
    },
    reopen: async (link) => {
      handle = await repo.find<Records>(link as AutomergeUrl)
    },
    writeBatch: async (batch) => {
      current().change((doc) => {
        for (const record of batch) doc.records[nextId()] = toStored(record)
      })
      await flush()
    },
    writeOne: async (record) => {
      const id = nextId()
      current().change((doc) => {
        doc.records[id] = toStored(record)
      })
      await flush()
      return id
    },
    updateTitle: async (id, title) => {
      current().change((doc) => {
        const record = doc.records[id]
        if (record) record.title = new ImmutableString(title)
      })
      await flush()
    },
    onTitle: (listener) => {
      current().on('change', ({ doc, patches }) => {
        const ids = new Set(patches.map(({ path }) => path[1]))
        for (const id of ids) {
          const title = typeof id === 'string' ? doc.records[id]?.title : undefined
          if (title !== undefined) listener(title.val)
        }
      })
    },
    count: () => Promise.resolve(Object.keys(current().doc().records).length),
    firstPage: () => Promise.resolve(Object.values(current().doc().records).slice(0, 20)),
    synced: async () => {
      await repo.networkSubsystem.whenReady()
      // The server's storage id comes with its greeting; what it has, it says by gossip of its heads.
      const serverId = await untilDefined(() => repo.getStorageIdOfPeer('server' as PeerId))
      repo.subscribeToRemotes([serverId])
      await untilDefined(() => {
        const theirs = current().getSyncInfo(serverId)?.lastHeads
        return theirs !== undefined && sameHeads(theirs, current().heads()) ? true : undefined
      })
    },
    close: async () => {
      await repo.flush()
      network.disconnect()
      await repo.shutdown()
    },
  })
}

const sameHeads = (left: readonly string[], right: readonly string[]): boolean =>
  left.length === right.length && left.every((head) => right.includes(head))

const untilDefined = async <Value>(look: () => Value | undefined): Promise<Value> => {
  for (;;) {
    const value = look()
    if (value !== undefined) return value
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export const product: Product = {
  title: 'automerge-repo',
  packages: [
    '@automerge/automerge-repo',
    '@automerge/automerge-repo-network-websocket',
    '@automerge/automerge-repo-storage-nodefs',
  ],
  traits: {
    encryption: 'none: the server reads all',
    queries: 'none: objects in memory',
    permissions: 'none',
    durability: 'files without sync: crash of the program',
  },
  startServer,
  openClient,
  connectIdle: async (url) => {
    const network = new WebSocketClientAdapter(url)
    const repo = new Repo({ network: [network] })
    await repo.networkSubsystem.whenReady()
    return repo
  },
}
