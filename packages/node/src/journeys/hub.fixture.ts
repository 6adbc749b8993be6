// A hub in a process of its own. Parameters: the storage file, the port (0: any free one).
import { startHub } from '@kith/hub'
import { answerCalls } from './child.fixture.ts'

const [storage = '', port = '0'] = process.argv.slice(2)
const hub = await startHub({ storage, port: Number(port) })

answerCalls({
  port: () => hub.port,
  totals: () => hub.totals(),
  close: async () => {
    await hub.close()
    process.disconnect()
  },
})
