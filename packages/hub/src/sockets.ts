/** The hub's WebSocket end: turns upgraded sockets into connections. No compression extension, no timer for a socket. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { frameBytesMax } from '@kith/core/limits'
import { refusal } from '@kith/core/wire'
import { WebSocket, WebSocketServer } from 'ws'
import { type Connection, createConnection } from './connection.ts'
import { createAllowance } from './limits/allowance.ts'
import { createBuckets } from './limits/bucket.ts'
import { createPrefixes } from './limits/prefixes.ts'
import type { HubLog } from './log.ts'
import { nextTurn } from './node-clock.ts'
import type { HubContext } from './session.ts'

export type Sockets = {
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /** Ends those that opened nothing since the last time, and forgets idle prefixes. */
  readonly tidy: () => void
  /** Renews the leases of all that is open. */
  readonly renew: () => Promise<void>
  readonly count: () => number
  /** Says goodbye to all and waits until they are gone. */
  readonly close: () => Promise<void>
}

/** What a client is given to take the last messages and hang up. */
const closeWaitMs = 1000

type Client = { readonly connection: Connection; readonly socket: WebSocket; isOld: boolean }

export function createSockets(hub: HubContext, addressHeader: string | undefined, log: HubLog): Sockets {
  const clients = new Set<Client>()
  const prefixes = createPrefixes(hub.limits, hub.clock.monotonic)
  let isClosing = false
  // A length over `maxPayload` ends the connection when its header is read, before memory is given to it.
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: frameBytesMax,
    clientTracking: false,
    autoPong: false,
  })

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    const prefix =
      isClosing || clients.size >= hub.limits.connectionsMax ? undefined : prefixes.enter(clientAddress(request))
    if (prefix === undefined) {
      log({ event: 'connection-refused' })
      hub.meter.add('connectionsRefused')
      socket.end('HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
      return
    }
    socket.once('close', prefix.leave)
    server.handleUpgrade(request, socket, head, (webSocket) => {
      const buckets = createBuckets(hub.limits.perConnection, hub.clock.monotonic)
      accept(webSocket, request, createAllowance(buckets, prefix))
    })
  }

  function accept(socket: WebSocket, request: IncomingMessage, allowance: ReturnType<typeof createAllowance>): void {
    const raw = request.socket
    // The kernel finds dead peers; a small message is never held back.
    raw.setKeepAlive(true, 60_000)
    raw.setNoDelay(true)
    const channel = {
      send: (frame: Uint8Array) => socket.send(frame),
      bufferedBytes: () => socket.bufferedAmount,
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      end: () => socket.close(),
    }
    const connection = createConnection(hub, channel, allowance, (cause) => {
      hub.meter.add('defects')
      log({ event: 'defect', message: cause instanceof Error ? (cause.stack ?? cause.message) : 'unknown' })
      connection.closed()
      socket.terminate()
    })
    const client: Client = { connection, socket, isOld: false }
    clients.add(client)
    hub.meter.add('connections')
    raw.on('drain', connection.drained)
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) connection.receive(data)
      else connection.goodbye(refusal('bad-encoding'))
    })
    // Pongs that nobody takes would pile up.
    socket.on('ping', (data) => {
      if (raw.writableLength === 0) socket.pong(data)
    })
    socket.on('error', () => socket.terminate())
    socket.on('close', () => {
      connection.closed()
      clients.delete(client)
    })
  }

  function clientAddress(request: IncomingMessage): string | undefined {
    const told = addressHeader === undefined ? undefined : request.headers[addressHeader]
    // Only the last hop of a list was written by our own proxy.
    return typeof told === 'string' ? told.split(',').at(-1)?.trim() : request.socket.remoteAddress
  }

  return {
    upgrade,
    tidy() {
      prefixes.tidy()
      hub.knocks.tidy()
      for (const client of clients) {
        if (client.isOld && !client.connection.hasOpened()) client.socket.terminate()
        client.isOld = true
      }
    },
    async renew() {
      for (const client of Array.from(clients)) {
        client.connection.renew()
        await nextTurn(hub.clock)
      }
    },
    count: () => clients.size,
    async close() {
      isClosing = true
      const gone = [...clients].map((client) => endClient(client))
      await Promise.all(gone)
    },
  }
}

async function endClient({ connection, socket }: Client): Promise<void> {
  if (socket.readyState === WebSocket.CLOSED) return
  const { promise, resolve } = Promise.withResolvers<void>()
  socket.once('close', () => resolve())
  const timer = setTimeout(() => socket.terminate(), closeWaitMs)
  connection.goodbye(refusal('closing'))
  await promise
  clearTimeout(timer)
}
