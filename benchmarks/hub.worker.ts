import { startHub } from '@kith/hub'
import { WebSocketServer } from 'ws'
import { answerRequests, peakMegabytes } from './processes.ts'

let hub: Awaited<ReturnType<typeof startHub>> | undefined
let relay: WebSocketServer | undefined

answerRequests({
  start: async (storage: string) => {
    hub = await startHub({ port: 0, storage })
    return hub.url
  },
  /** A hub that carries to these, and the key of this one. */
  carry: async (hubs: readonly string[]) => {
    hub = await startHub({ port: 0, storage: ':memory:', forward: { isPublic: false, hubs } })
    return hub.url
  },
  key: () => hub?.key,
  totals: async () => ({ ...(await hub?.totals()), megabytes: peakMegabytes() }),
  /** The yardstick: a bare WebSocket relay that stores nothing. */
  relay: async () => {
    relay = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
    relay.on('connection', (socket) => {
      socket.on('message', (data, isBinary) => {
        for (const other of relay?.clients ?? []) if (other !== socket) other.send(data, { binary: isBinary })
      })
    })
    await new Promise((resolve) => relay?.once('listening', resolve))
    return `ws://127.0.0.1:${(relay.address() as { port: number }).port}`
  },
})
process.once('SIGTERM', () => {
  relay?.close()
  void hub?.close().finally(() => process.exit(0))
})
