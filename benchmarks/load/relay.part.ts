/** Packets from one to another by `signal`, beside bare WebSocket servers that do as much. */
import type { Flow, FlowOptions } from './flows.ts'
import { startClients, startHubWorker, startUnlimited } from './machine.ts'
import { median, quantile } from '../statistics.ts'
import { atLeast, type Part, toTable } from './report.ts'

const rounds = 3

type Measured = Flow & { readonly cpuUs: number }

export async function measureRelay(total: number): Promise<Part> {
  const options = { total, pairs: 16, underWay: 16, bytes: 1200 }
  const runs: { hub: Measured[]; echo: Measured[]; pair: Measured[] } = { hub: [], echo: [], pair: [] }
  // In turns, for the machine is not the same all the time.
  for (let round = 0; round < rounds; round += 1) {
    runs.hub.push(await measureHub(options))
    runs.echo.push(await measureBare(options, 'back'))
    runs.pair.push(await measureBare(options, 'pair'))
  }
  const row = (what: string, some: readonly Measured[]) => {
    const latencies = some.flatMap(({ latenciesMs }) => latenciesMs)
    return [
      what,
      Math.round(median(some.map(({ perSecond }) => perSecond))),
      median(some.map(({ cpuUs }) => cpuUs)).toFixed(1),
      `${quantile(latencies, 0.5).toFixed(1)} / ${quantile(latencies, 0.99).toFixed(1)}`,
    ]
  }
  const ratio = median(runs.hub.map(({ perSecond }, at) => perSecond / (runs.echo[at] as Measured).perSecond))
  const cpuRatio = median(runs.hub.map(({ cpuUs }, at) => (runs.echo[at] as Measured).cpuUs / cpuUs))
  return {
    title: 'Relay',
    goals: [
      atLeast('relay by signal, of a bare echo, packets a second', ratio * 100, 60, '%'),
      atLeast('the same by the processor time of the server', cpuRatio * 100, 60, '%'),
    ],
    text: `${toTable(
      ['', 'packets a second', 'server µs each', 'one way, ms: p50 / p99'],
      [
        row('hub, `signal`, each also answered', runs.hub),
        row('bare echo to the sender', runs.echo),
        row('bare relay to another, unanswered', runs.pair),
      ],
    )}

Packets of ${options.bytes} bytes, ${options.pairs} pairs, ${options.underWay} under way for each.`,
  }
}

async function measureHub(options: Omit<FlowOptions, 'url'>): Promise<Measured> {
  const [hub, clients] = [startHubWorker(), startClients()]
  const url = await startUnlimited(hub, ':memory:')
  await clients.ask('signals', { ...options, url, total: 5000 })
  const { result, cpuMs } = await hub.spending('relay', () => clients.ask<Flow>('signals', { ...options, url }))
  await Promise.all([hub.stop(), clients.stop()])
  return { ...result, cpuUs: (cpuMs * 1000) / options.total }
}

async function measureBare(options: Omit<FlowOptions, 'url'>, how: 'back' | 'pair'): Promise<Measured> {
  const [server, clients] = [startHubWorker(), startClients()]
  const isBack = how === 'back'
  const url = await server.ask<string>('echo', how)
  await clients.ask('bare', { ...options, url, isBack, total: 5000 })
  const { result, cpuMs } = await server.spending(how, () => clients.ask<Flow>('bare', { ...options, url, isBack }))
  await Promise.all([server.stop(), clients.stop()])
  return { ...result, cpuUs: (cpuMs * 1000) / options.total }
}
