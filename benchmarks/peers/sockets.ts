/** WebSocket servers of products that bring none of their own, and connections to them that say nothing. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import WebSocket, { type WebSocketServer } from 'ws'

/** Where it listens, once it does. */
export const listening = async (server: WebSocketServer): Promise<string> => {
  await once(server, 'listening')
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Ends it and all of its connections. */
export const closeServer = async (server: WebSocketServer): Promise<void> => {
  for (const socket of server.clients) socket.terminate()
  await new Promise<void>((resolve) => server.close(() => resolve()))
}

export const connectBare = async (url: string): Promise<WebSocket> => {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  await once(socket, 'open')
  return socket
}
