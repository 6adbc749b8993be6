import type { AddressInfo } from 'node:net'
import { frameToHubMessage, type HubMessage, hubMessageToFrame } from '@kith/core/wire'
import { WebSocket, WebSocketServer } from 'ws'

/** Stands before a real hub and changes what it says. */
export type TamperingHub = {
  readonly url: string
  /** What goes on instead of a message of the hub; undefined: it is honest. */
  tamper: ((message: HubMessage) => readonly HubMessage[]) | undefined
  /** Hangs up on all clients; they come back. */
  readonly hangUp: () => void
  readonly close: () => Promise<void>
}

export const startTamperingHub = async (hubUrl: string, first?: TamperingHub['tamper']): Promise<TamperingHub> => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
  await new Promise((resolve) => server.once('listening', resolve))
  server.on('connection', (client) => {
    const hub = new WebSocket(hubUrl, { perMessageDeflate: false })
    const early: Buffer[] = []
    client.on('message', (frame: Buffer) => (hub.readyState === WebSocket.OPEN ? hub.send(frame) : early.push(frame)))
    hub.on('open', () => early.forEach((frame) => hub.send(frame)))
    hub.on('message', (frame: Buffer) => {
      const { tamper } = proxy
      if (!tamper) return client.send(frame)
      for (const message of tamper(frameToHubMessage(new Uint8Array(frame)))) client.send(hubMessageToFrame(message))
    })
    for (const [one, other] of [
      [client, hub],
      [hub, client],
    ] as const) {
      one.on('close', () => other.terminate())
      one.on('error', () => other.terminate())
    }
  })
  const proxy: TamperingHub = {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tamper: first,
    hangUp: () => server.clients.forEach((client) => client.terminate()),
    close: () => {
      server.clients.forEach((client) => client.terminate())
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
  return proxy
}
