import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import WebSocket, { WebSocketServer } from 'ws'
import type { Product } from './product.ts'

const connect = async (url: string): Promise<WebSocket> => {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  await once(socket, 'open')
  return socket
}

/** The yardstick of the network: a relay of messages that stores nothing; a record is its JSON. */
const openClient: Product['openClient'] = async ({ url }) => {
  const socket = await connect(url)
  const listeners: ((title: string) => void)[] = []
  let count = 0
  socket.on('message', (data: Buffer) => {
    for (const { title } of JSON.parse(data.toString()) as { title: string }[]) {
      count += 1
      for (const listener of listeners) listener(title)
    }
  })
  const send = (records: readonly object[]): Promise<void> =>
    new Promise((resolve, reject) => {
      socket.send(JSON.stringify(records), (error) => (error ? reject(error) : resolve()))
    })
  return {
    create: () => Promise.resolve(''),
    join: () => Promise.resolve(),
    reopen: () => Promise.resolve(),
    writeBatch: send,
    writeOne: async (record) => {
      await send([record])
      return ''
    },
    updateTitle: (id, title) => send([{ id, title }]),
    onTitle: (listener) => {
      listeners.push(listener)
    },
    count: () => Promise.resolve(count),
    firstPage: () => Promise.resolve([]),
    synced: () => Promise.resolve(),
    close: async () => {
      socket.close()
      await once(socket, 'close')
    },
  }
}

export const product: Product = {
  title: 'bare ws',
  packages: [],
  traits: { encryption: 'none', queries: 'none', permissions: 'none', durability: 'none' },
  lacks: { client: 'stores nothing' },
  startServer: async (_folder, port) => {
    const server = new WebSocketServer({ port, host: '127.0.0.1', perMessageDeflate: false })
    server.on('connection', (socket) => {
      socket.on('message', (data, isBinary) => {
        for (const other of server.clients) if (other !== socket) other.send(data, { binary: isBinary })
      })
    })
    await once(server, 'listening')
    return {
      url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
      close: () =>
        new Promise((resolve) => {
          for (const socket of server.clients) socket.terminate()
          server.close(() => resolve())
        }),
    }
  },
  openClient,
  connectIdle: connect,
}
