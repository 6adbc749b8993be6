import { frameBytesMax } from '@kith/core/limits'
import type { Connection, Network } from '@kith/core/ports'

/** How long a hub may take to answer the opening handshake; browsers themselves wait minutes. */
const handshakeTimeoutMs = 10_000

/** Binary connections by the browser's WebSocket. Why one failed, browsers do not tell: that would let pages scan networks. */
export const createBrowserNetwork = (): Network => ({
  connect: (url, events) => {
    let socket: WebSocket
    try {
      socket = new WebSocket(url)
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : 'The address of the hub is malformed.'
      queueMicrotask(() => events.closed(reason))
      return { send: () => {}, bufferedBytes: () => 0, close: () => {} }
    }
    let reason = 'The hub could not be reached.'
    const timer = setTimeout(() => end('The hub did not answer in time.'), handshakeTimeoutMs)
    const end = (why: string): void => {
      reason = why
      socket.close()
    }
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('open', () => {
      clearTimeout(timer)
      reason = 'The connection was closed.'
      events.opened()
    })
    socket.addEventListener('message', ({ data }) => {
      // A text message is none of ours, and what is longer than any frame is not read at all.
      if (!(data instanceof ArrayBuffer) || socket.readyState !== WebSocket.OPEN) return
      if (data.byteLength > frameBytesMax) end('The hub sent a message over the limit.')
      else events.received(new Uint8Array(data))
    })
    socket.addEventListener('close', () => {
      clearTimeout(timer)
      events.closed(reason)
    })
    return {
      send: (message) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(message as Uint8Array<ArrayBuffer>)
      },
      bufferedBytes: () => socket.bufferedAmount,
      close: () => socket.close(),
    } satisfies Connection
  },
})
