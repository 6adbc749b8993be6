/** The hub's WebSocket end: turns upgraded sockets into connections. No compression extension, no timer for a socket. */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
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

/** Between two clients that come back after a restart: 10,000 are spread over 5 seconds. */
const comeBackMs = 0.5

/** What a client is given to take the last messages and hang up. */
const closeWaitMs = 1000

type Client = {
  readonly connection: Connection
  readonly socket: WebSocket
  readonly raw: Socket
  isOld: boolean
  /** How far the socket was when a whole message had come; and looks since then at which there was more, but no whole one. */
  readAt: number
  looksUnfinished: number
  /** What the client had not taken at the last look; and looks at which it had taken nothing of it. */
  untaken: number
  writtenAt: number
  looksUntaken: number
}

/** Looks (each 30 s) after which a client goes that does not end its message, or takes nothing of ours: two minutes. */
const looksMax = 4

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

  /** Of frames that leave in this turn. */
  let corked = new Set<Socket>()

  /** Frames of one turn leave together: a call of the operating system costs more than a frame. */
  function cork(raw: Socket): void {
    if (corked.has(raw)) return
    raw.cork()
    corked.add(raw)
    if (corked.size === 1) hub.clock.soon(uncork)
  }

  function uncork(): void {
    const ready = corked
    corked = new Set()
    for (const raw of ready) raw.uncork()
  }

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
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
      send(frame: Uint8Array) {
        cork(raw)
        socket.send(frame)
      },
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
    const client: Client = {
      connection,
      socket,
      raw,
      isOld: false,
      readAt: raw.bytesRead,
      looksUnfinished: 0,
      untaken: 0,
      writtenAt: 0,
      looksUntaken: 0,
    }
    const whole = () => {
      client.readAt = raw.bytesRead
      client.looksUnfinished = 0
    }
    clients.add(client)
    hub.meter.add('connections')
    raw.on('drain', connection.drained)
    socket.on('message', (data: Buffer, isBinary) => {
      whole()
      if (isBinary) connection.receive(data)
      else connection.goodbye(refusal('bad-encoding'))
    })
    // Pongs that nobody takes would pile up.
    socket.on('ping', (data) => {
      whole()
      if (!raw.writableNeedDrain) socket.pong(data)
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
    // Whoever hung up meanwhile is not greeted.
    upgrade(request, socket, head) {
      socket.on('error', destroy)
      void hub.turns.run(() => {
        if (!socket.destroyed) upgrade(request, socket, head)
      })
    },
    tidy() {
      prefixes.tidy()
      hub.knocks.tidy()
      for (const client of clients) {
        const isIdle = client.isOld && !client.connection.hasOpened()
        client.isOld = true
        if (isIdle || isStuck(client)) client.socket.terminate()
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
      // Each a moment of its own, or all would come back at once.
      const gone = [...clients].map((client, at) => endClient(client, Math.floor(at * comeBackMs)))
      await Promise.all(gone)
    },
  }
}

/** Not a function within `upgrade`: that would keep the request, as long as the socket lives. */
function destroy(this: Duplex): void {
  this.destroy()
}

/** Half a message that never ends, or answers that are never taken, hold memory: one look further. */
function isStuck(client: Client): boolean {
  const { raw, socket } = client
  // A socket that we do not read ourselves is not to blame for it.
  const isUnfinished = raw.bytesRead !== client.readAt && !socket.isPaused
  client.looksUnfinished = isUnfinished ? client.looksUnfinished + 1 : 0
  const isUntaken =
    raw.writableLength > 0 && raw.writableLength === client.untaken && raw.bytesWritten === client.writtenAt
  client.looksUntaken = isUntaken ? client.looksUntaken + 1 : 0
  client.untaken = raw.writableLength
  client.writtenAt = raw.bytesWritten
  return client.looksUnfinished > looksMax || client.looksUntaken > looksMax
}

async function endClient({ connection, socket }: Client, waitMs: number): Promise<void> {
  if (socket.readyState === WebSocket.CLOSED) return
  const { promise, resolve } = Promise.withResolvers<void>()
  socket.once('close', () => resolve())
  const timer = setTimeout(() => socket.terminate(), closeWaitMs)
  connection.goodbye(refusal('closing', waitMs))
  await promise
  clearTimeout(timer)
}
