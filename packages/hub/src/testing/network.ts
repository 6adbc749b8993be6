/** For tests: the core's network port over real sockets. */
import type { Network } from '@kith/core/ports'
import { WebSocket } from 'ws'

export const testNetwork: Network = {
  connect(url, events) {
    const socket = new WebSocket(url, { perMessageDeflate: false })
    socket.on('open', events.opened)
    socket.on('message', (data: Buffer) => events.received(data))
    socket.on('error', () => {})
    socket.on('close', () => events.closed('closed'))
    return {
      send: (message) => socket.send(message),
      bufferedBytes: () => socket.bufferedAmount,
      close: () => socket.close(),
    }
  },
}
