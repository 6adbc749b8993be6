import { parseArgs } from 'node:util'
import { startHub } from '@kith/hub'
import { type Command, UsageError } from './output.ts'

/** `kith hub`: runs until a signal asks it to end, then closes in order. */
export const runHub: Command = async (parameters, output) => {
  const { values } = parseArgs({
    args: parameters,
    options: {
      port: { type: 'string', default: '8790' },
      host: { type: 'string', default: '127.0.0.1' },
      storage: { type: 'string', default: 'hub.db' },
    },
  })
  const port = Number(values.port)
  if (!/^\d{1,5}$/.test(values.port) || port > 65_535) throw new UsageError(`"${values.port}" is no port.`)
  const hub = await startHub({ port, host: values.host, storage: values.storage })
  output.print(`Hub ${hub.url}\nStorage ${values.storage}\nCtrl-C ends it.`)
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
  await hub.close()
  return 0
}
