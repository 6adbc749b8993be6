import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { KithError } from '@kith/core/bytes'
import { type Hub, startHub } from '@kith/hub'
import { type Command, UsageError } from './output.ts'
import { runProgram } from './program.ts'

/** The port that a hub has where nothing else is said; another app may have it. */
const usualPort = 8790
const storage = '.kith/hub.db'

/** `kith dev COMMAND…`: a hub of its own beside the command, which is told where it is. */
export const runDev: Command = async ([command, ...parameters], output) => {
  if (command === undefined) throw new UsageError('Say what to start: kith dev vite.')
  mkdirSync(dirname(storage), { recursive: true })
  const hub = await startHubNear(usualPort)
  try {
    output.print(`Hub ${hub.url} (what it keeps is in ${storage})`)
    return await runProgram(command, parameters, { VITE_HUB: hub.url, KITH_HUB: hub.url })
  } finally {
    await hub.close()
  }
}

const startHubNear = async (port: number): Promise<Hub> => {
  try {
    return await startHub({ port, storage })
  } catch (cause) {
    if (!(cause instanceof KithError) || cause.code !== 'port-unavailable' || port === 0) throw cause
    return startHubNear(0)
  }
}
