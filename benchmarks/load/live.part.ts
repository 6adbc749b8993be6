/** Entries put, on disk and pushed on; beside a bare echo of the same size and bare inserts. */
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import type { Flow, FlowOptions } from './flows.ts'
import { inFolder, startClients, startHubWorker, startUnlimited } from './machine.ts'
import { median, quantile } from '../statistics.ts'
import { atLeast, type Part, toTable } from './report.ts'

const bytes = 200
const rounds = 3

export async function measureLive(total: number): Promise<Part> {
  const rows: (readonly (string | number)[])[] = []
  const best: { perSecond: number; cpuUs: number }[] = []
  const flow = { total, pairs: 32, underWay: 32, bytes }
  for (const [what, perPut, underWay] of [
    ['1 entry a put', 1, 32],
    ['10 entries a put', 10, 4],
  ] as const) {
    const runs = []
    for (let round = 0; round < rounds; round += 1)
      runs.push(await measureHub(`live ${perPut}`, { ...flow, underWay }, perPut))
    const perSecond = median(runs.map((run) => run.perSecond))
    const cpuUs = median(runs.map((run) => run.cpuUs))
    best.push({ perSecond, cpuUs })
    const latencies = runs.flatMap(({ latenciesMs }) => latenciesMs)
    rows.push([
      `hub, ${what}`,
      Math.round(perSecond),
      cpuUs.toFixed(1),
      `${quantile(latencies, 0.5).toFixed(1)} / ${quantile(latencies, 0.99).toFixed(1)}`,
    ])
  }
  const echoes = await measureEcho(flow)
  rows.push(['bare echo', Math.round(echoes.perSecond), echoes.cpuUs.toFixed(1), ''])
  const inserts = await measureInserts(total)
  rows.push([
    'bare SQLite, 250 inserts a transaction, FULL',
    Math.round(inserts.perSecond),
    inserts.cpuUs.toFixed(1),
    '',
  ])
  const [single] = best as [{ perSecond: number; cpuUs: number }]
  return {
    title: 'Live entries',
    goals: [
      atLeast('live entries of 200 bytes, one a put, durable and pushed on', single.perSecond, 20_000, 'a second'),
    ],
    text: `${toTable(['', 'a second', 'server µs each', 'put to push, ms: p50 / p99'], rows)}

${flow.pairs} logs with a writer and a follower each; ${flow.underWay} puts of one entry under way on each connection, 4 of ten. Of the hub's processor time an entry, a bare echo is ${((echoes.cpuUs / single.cpuUs) * 100).toFixed(0)} % and a bare insert ${((inserts.cpuUs / single.cpuUs) * 100).toFixed(0)} %.`,
  }
}

async function measureHub(what: string, options: Omit<FlowOptions, 'url'>, perPut: number) {
  return inFolder(async (folder) => {
    const [hub, clients] = [startHubWorker(), startClients()]
    const url = await startUnlimited(hub, join(folder, 'hub.db'))
    // What comes first is not yet compiled.
    await clients.ask('entries', { ...options, url, perPut, total: 5000 })
    const { result, cpuMs } = await hub.spending(what, () => clients.ask<Flow>('entries', { ...options, url, perPut }))
    await Promise.all([hub.stop(), clients.stop()])
    return { ...result, cpuUs: (cpuMs * 1000) / options.total }
  })
}

async function measureEcho(options: Omit<FlowOptions, 'url'>) {
  const [server, clients] = [startHubWorker(), startClients()]
  const url = await server.ask<string>('echo', 'back')
  await clients.ask('bare', { ...options, url, total: 5000, isBack: true })
  const { result, cpuMs } = await server.spending('echo', () =>
    clients.ask<Flow>('bare', { ...options, url, isBack: true }),
  )
  await Promise.all([server.stop(), clients.stop()])
  return { ...result, cpuUs: (cpuMs * 1000) / options.total }
}

async function measureInserts(total: number): Promise<{ perSecond: number; cpuUs: number }> {
  return inFolder(async (folder) => {
    const database = new DatabaseSync(join(folder, 'bare.db'))
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    database.exec('CREATE TABLE bare (n INTEGER PRIMARY KEY, bytes BLOB NOT NULL)')
    const insert = database.prepare('INSERT INTO bare VALUES (NULL, ?)')
    const entry = new Uint8Array(bytes).fill(7)
    const cpu = process.cpuUsage()
    const start = performance.now()
    for (let done = 0; done < total; done += 250) {
      database.exec('BEGIN')
      for (let at = 0; at < 250; at += 1) insert.run(entry)
      database.exec('COMMIT')
    }
    const seconds = (performance.now() - start) / 1000
    const { user, system } = process.cpuUsage(cpu)
    database.close()
    return { perSecond: total / seconds, cpuUs: (user + system) / total }
  })
}
