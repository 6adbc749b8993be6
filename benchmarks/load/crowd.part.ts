/** 10,000 clients who do nothing; and who come back when the hub has been restarted, or has died. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { inFolder, startClients, startHubWorker } from './machine.ts'
import { atMost, type Part, toTable } from './report.ts'

/** V8 gives back what a crowd's coming left over, when little has happened for some 20 seconds. */
const idleMs = 40_000
/** Descriptors that a process needs besides those of clients. */
const spareFiles = 200

type Back = { readonly tookMs: number; readonly tries: number }

/** As many clients as one process may have descriptors here. */
export function affordable(count: number): number {
  const most = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim()
  return most === 'unlimited' ? count : Math.min(count, Number(most) - spareFiles)
}

export async function measureCrowd(asked: number): Promise<Part> {
  const count = affordable(asked)
  return inFolder(async (folder) => {
    const storage = join(folder, 'hub.db')
    const clients = startClients()
    let hub = startHubWorker()
    const { url, port } = await hub.ask<{ url: string; port: number }>('start', { storage, port: 0 })
    await wait(1000)
    const empty = await hub.usage(true)
    const joining = await hub.spending('joining', () => clients.ask('grow', { url, count, isAway: false }))
    await wait(idleMs)
    const full = await hub.usage(true)
    const idle = await hub.spending('idle', () => wait(5000))

    await clients.ask('expectEnd')
    const stopped = hub.ask('stop').then(() => hub.stop())
    const next = startHubWorker()
    await stopped
    hub = next
    await hub.ask('start', { storage, port })
    const restart = await hub.spending('restart', () => clients.ask<Back>('isBack'))
    await wait(idleMs)
    const settled = await hub.usage(true)

    await clients.ask('expectEnd')
    await hub.stop('SIGKILL')
    hub = startHubWorker()
    await hub.ask('start', { storage, port })
    const crash = await hub.spending('crash', () => clients.ask<Back>('isBack'))
    await Promise.all([hub.stop(), clients.stop()])

    const moreMegabytes = full.megabytes - empty.megabytes
    const seconds = (ms: number) => (ms / 1000).toFixed(1)
    const comingRow = (what: string, { result, cpuMs }: { result: Back; cpuMs: number }) => [
      what,
      seconds(result.tookMs),
      seconds(cpuMs),
      (cpuMs / count).toFixed(2),
      result.tries.toFixed(1),
    ]
    return {
      title: `${count} clients`,
      goals: [
        atMost(`${count} idle clients with 3 logs each, more than an empty hub`, moreMegabytes, 150, 'MiB'),
        atMost(
          `restart, ${count} clients back by tickets, from the hub's end`,
          restart.result.tookMs / 1000,
          10,
          's',
          1,
        ),
      ],
      text: `Each client has three logs of its own, on the disk with an entry each, and follows three lanes of each: ${count * 9} followers.

${toTable(
  ['', 'MiB', 'after collecting garbage'],
  [
    ['empty hub', empty.megabytes.toFixed(0), empty.collectedMegabytes.toFixed(0)],
    [`${count} idle clients`, full.megabytes.toFixed(0), full.collectedMegabytes.toFixed(0)],
    ['the same after a restart', settled.megabytes.toFixed(0), settled.collectedMegabytes.toFixed(0)],
    ['the most while they came first', full.peakMegabytes.toFixed(0), ''],
  ],
)}

Idle, the hub uses ${(idle.cpuMs / 50).toFixed(1)} % of a processor; ${((moreMegabytes * 1024) / count).toFixed(1)} KiB a client.

${toTable(
  ['', 'all back after s', 'hub, processor s', 'ms a client', 'tries a client'],
  [
    ['first coming, by signatures, an entry a log', '', seconds(joining.cpuMs), (joining.cpuMs / count).toFixed(2), ''],
    ['stopped and started again, clients wait as long as they were told', ...comingRow('', restart).slice(1)],
    ['killed and started again, all at once, everything pulled anew', ...comingRow('', crash).slice(1)],
  ],
)}`,
    }
  })
}
