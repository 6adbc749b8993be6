// The hub's process: the embedded defaults, and nothing else. Parameters: storage file, port (0: any).
import { startHub } from '@kith/hub'
import { serve } from './serve.ts'

const [storage = '', port = '0'] = process.argv.slice(2)
const hub = await startHub({ host: '127.0.0.1', port: Number(port), storage })

const methods = {
  url: () => hub.url,
  totals: () => hub.totals(),
  close: () => hub.close(),
}
export type HubMethods = typeof methods
serve(methods)
