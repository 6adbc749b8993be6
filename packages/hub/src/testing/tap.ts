/** For tests: somebody on the line who keeps every message and, if told to, does what they like with it. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'

export type Tap = {
  readonly url: string
  /** Messages of clients, and of the hub, as they came. */
  readonly up: readonly Uint8Array[]
  readonly down: readonly Uint8Array[]
  /** From which connections came. */
  readonly addresses: ReadonlySet<string>
  readonly close: () => Promise<void>
}

/** What becomes of one message: `n` counts those of its direction on its connection, from 0. */
export type Meddle = (message: Uint8Array, n: number) => readonly Uint8Array[]

export async function startTap(
  target: string,
  { up: meddleUp, down: meddleDown }: { up?: Meddle; down?: Meddle } = {},
): Promise<Tap> {
  const up: Uint8Array[] = []
  const down: Uint8Array[] = []
  const addresses = new Set<string>()
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  await once(server, 'listening')
  server.on('connection', (client, request) => {
    addresses.add(request.socket.remoteAddress ?? '')
    const hub = new WebSocket(target, { perMessageDeflate: false })
    const waiting: Uint8Array[] = []
    let [ups, downs] = [0, 0]
    const send = (message: Uint8Array): void => {
      if (hub.readyState === WebSocket.OPEN) hub.send(message)
      else waiting.push(message)
    }
    client.on('message', (data: Buffer) => {
      const message = new Uint8Array(data)
      up.push(message)
      for (const passed of meddleUp?.(message, ups++) ?? [message]) send(passed)
    })
    hub.on('open', () => {
      for (const message of waiting.splice(0)) hub.send(message)
    })
    hub.on('message', (data: Buffer) => {
      const message = new Uint8Array(data)
      down.push(message)
      for (const passed of meddleDown?.(message, downs++) ?? [message])
        if (client.readyState === WebSocket.OPEN) client.send(passed)
    })
    for (const [one, other] of [
      [client, hub],
      [hub, client],
    ] as const) {
      one.on('close', () => other.close())
      one.on('error', () => other.terminate())
    }
  })
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    up,
    down,
    addresses,
    async close() {
      for (const client of server.clients) client.terminate()
      await new Promise((done) => server.close(done))
    },
  }
}
