/** One person of 500 logs comes back, and nothing is new. */
import { join } from 'node:path'
import { inFolder, startClients, startHubWorker, startUnlimited } from './machine.ts'
import { median } from '../statistics.ts'
import { atMost, type Part } from './report.ts'
import type { Reconnected } from './reconnect.ts'

const logs = 500
const warmUps = 100
const rounds = 30

export async function measureReturning(): Promise<Part> {
  return inFolder(async (folder) => {
    const [hub, clients] = [startHubWorker(), startClients()]
    const url = await startUnlimited(hub, join(folder, 'hub.db'))
    await clients.ask('person', { url, logs })
    for (let round = 0; round < warmUps; round += 1) await clients.ask('reconnect')
    const { result: runs, cpuMs } = await hub.spending('reconnect', async () => {
      const some: Reconnected[] = []
      for (let round = 0; round < rounds; round += 1) some.push(await clients.ask<Reconnected>('reconnect'))
      return some
    })
    await Promise.all([hub.stop(), clients.stop()])
    const bytes = median(runs.map(({ sentBytes, receivedBytes }) => sentBytes + receivedBytes))
    const sent = median(runs.map(({ sentBytes }) => sentBytes))
    return {
      title: `${logs} logs on one connection`,
      goals: [
        atMost(`${logs} logs, reconnect without news`, median(runs.map(({ tookMs }) => tookMs)), 100, 'ms'),
        atMost('the same, bytes both ways', bytes / 1024, 40, 'KiB', 1),
        atMost('the same, processor time of the hub', cpuMs / rounds, 5, 'ms', 1),
      ],
      text: `Opened by a ticket, three lanes of each followed from an entry in two of them, ${rounds} times; ${(sent / 1024).toFixed(1)} KiB sent and ${((bytes - sent) / 1024).toFixed(1)} KiB received, the upgrade to a WebSocket counted.`,
    }
  })
}
