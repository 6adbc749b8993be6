/** From `kith hub` to a hub that says where it is. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inFolder } from './machine.ts'
import { median } from '../statistics.ts'
import { atMost, type Part, toTable } from './report.ts'

const rounds = 9
const ticksPerMs = 0.1

export async function measureStartup(): Promise<Part> {
  const command = join(import.meta.dirname, '../../packages/node/src/command/main.ts')
  const bare = await start([join(import.meta.dirname, 'nothing.ts')], 'ready')
  return inFolder(async (folder) => {
    const parameters = [command, 'hub', '--port', '0', '--storage', join(folder, 'hub.db')]
    const env = { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') }
    const first = await start(parameters, 'Hub ws', env)
    const runs: { readyMs: number; cpuMs: number }[] = []
    for (let round = 0; round < rounds; round += 1) {
      runs.push(await start(parameters, 'Hub ws', env))
    }
    const readyMs = median(runs.map((run) => run.readyMs))
    const cpuMs = median(runs.map((run) => run.cpuMs))
    return {
      title: 'Start',
      goals: [atMost('start of `kith hub` until it serves', readyMs, 500, 'ms')],
      text: toTable(
        ['', 'ms', 'processor ms'],
        [
          ['`kith hub`, from its sources', readyMs.toFixed(0), cpuMs.toFixed(0)],
          ['the same for the first time: nothing is compiled yet', first.readyMs.toFixed(0), first.cpuMs.toFixed(0)],
          ['a Node that does nothing', bare.readyMs.toFixed(0), bare.cpuMs.toFixed(0)],
        ],
      ),
    }
  })
}

async function start(
  parameters: readonly string[],
  said: string,
  env = process.env,
): Promise<{ readyMs: number; cpuMs: number }> {
  const before = performance.now()
  const child = spawn(process.execPath, parameters, { stdio: ['ignore', 'pipe', 'inherit'], env })
  let heard = ''
  let readyMs = 0
  let cpuMs = 0
  for await (const data of child.stdout) {
    heard += String(data)
    if (readyMs === 0 && heard.includes(said)) {
      readyMs = performance.now() - before
      const fields = (readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1] as string).split(' ')
      cpuMs = (Number(fields[11]) + Number(fields[12])) / ticksPerMs
    }
    // From here on it ends in order, and keeps what it has compiled.
    if (readyMs > 0 && (parameters.length === 1 || heard.includes('Ctrl-C'))) break
  }
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  await gone
  return { readyMs, cpuMs }
}
