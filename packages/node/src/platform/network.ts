import type { Network } from '@kith/core/ports'
import { frameBytesMax } from '@kith/core/limits'
import WebSocket from 'ws'

/** How long a hub may take to answer the opening handshake. */
const handshakeTimeoutMs = 10_000

/** Binary WebSocket connections by `ws`, without the compression extension: entries are compressed before they are sealed. */
export const createNodeNetwork = (): Network => ({
  connect: (url, events) => {
    let reason = 'The connection was closed.'
    let closed = false
    const end = (why: string): void => {
      if (closed) return
      closed = true
      events.closed(why)
    }
    let socket: WebSocket
    try {
      socket = new WebSocket(url, {
        perMessageDeflate: false,
        maxPayload: frameBytesMax,
        handshakeTimeout: handshakeTimeoutMs,
      })
    } catch (cause) {
      queueMicrotask(() => end(cause instanceof Error ? cause.message : 'The address of the hub is malformed.'))
      return { send: () => {}, bufferedBytes: () => 0, close: () => {} }
    }
    socket.binaryType = 'nodebuffer'
    socket.on('open', () => events.opened())
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) events.received(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    })
    socket.on('error', (error) => {
      reason = error.message
    })
    socket.on('close', () => end(reason))
    return {
      send: (message) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(message)
      },
      bufferedBytes: () => socket.bufferedAmount,
      close: () => {
        if (socket.readyState === WebSocket.CONNECTING) socket.terminate()
        else socket.close()
      },
    }
  },
})
