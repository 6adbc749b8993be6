import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type HubOptions, startHub } from '@kith/hub'
import { type WebSocket, WebSocketServer } from 'ws'
import { raisePriority } from './priority.ts'
import { answerRequests } from '../processes.ts'

/** Of a process, now. */
export type Usage = {
  readonly cpuMs: number
  /** As the operating system sees it, before and after the garbage was collected. */
  readonly megabytes: number
  readonly collectedMegabytes: number
  readonly peakMegabytes: number
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const mebibyte = 1024 * 1024

let hub: Awaited<ReturnType<typeof startHub>> | undefined
let echo: WebSocketServer | undefined
let profiler: Session | undefined

answerRequests({
  start: async (options: HubOptions) => {
    hub = await startHub(options)
    return { url: hub.url, port: hub.port }
  },
  /** The yardsticks: a bare WebSocket server that sends back what it gets, and one that passes it to the other of a pair. */
  echo: async (how: 'back' | 'pair') => {
    echo = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
    let lonely: WebSocket | undefined
    echo.on('connection', (socket) => {
      const other = lonely
      lonely = other === undefined ? socket : undefined
      if (how === 'back') socket.on('message', (data) => socket.send(data as Buffer))
      else if (other !== undefined) {
        socket.on('message', (data) => other.send(data as Buffer))
        other.on('message', (data) => socket.send(data as Buffer))
      }
    })
    await new Promise((resolve) => echo?.once('listening', resolve))
    return `ws://127.0.0.1:${(echo.address() as { port: number }).port}`
  },
  usage: (isCollected: boolean): Usage => {
    const { user, system } = process.cpuUsage()
    const before = process.memoryUsage.rss()
    if (isCollected) for (let round = 0; round < 3; round += 1) collect()
    return {
      cpuMs: (user + system) / 1000,
      megabytes: before / mebibyte,
      collectedMegabytes: process.memoryUsage.rss() / mebibyte,
      peakMegabytes: process.resourceUsage().maxRSS / 1024,
    }
  },
  hurry: raisePriority,
  totals: async () => hub?.totals(),
  /** Ends as a hub does that its operator stops. */
  stop: async () => {
    await hub?.close()
    echo?.close()
  },
  profile: async (file: string | undefined) => {
    if (profiler === undefined) {
      profiler = new Session()
      profiler.connect()
      await profiler.post('Profiler.enable')
      await profiler.post('Profiler.start')
      return
    }
    const { profile } = await profiler.post('Profiler.stop')
    profiler.disconnect()
    profiler = undefined
    if (file !== undefined) writeFileSync(file, JSON.stringify(profile))
  },
})
process.once('SIGTERM', () => process.exit(0))
