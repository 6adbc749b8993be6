/** What members wait while strangers do harm. */
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type AttackName, attacks } from './attacks.ts'
import { affordable } from './crowd.part.ts'
import { inFolder, startClients, startHubWorker } from './machine.ts'
import { quantile } from '../statistics.ts'
import { atMost, type Goal, type Part, toTable } from './report.ts'

const attackMs = 8000
const rushing = 5000
const p99MsMax = 100

export async function measureAbuse(): Promise<Part> {
  const goals: Goal[] = []
  const rows: (readonly (string | number)[])[] = []
  const note = (what: string, timesMs: readonly number[], megabytes: number, said: string): void => {
    const p99 = quantile(timesMs, 0.99)
    goals.push(atMost(`members served at p99 during: ${what}`, p99, p99MsMax, 'ms', 1))
    const times = [quantile(timesMs, 0.5), p99, Math.max(...timesMs)].map((ms) => ms.toFixed(1))
    rows.push([what, timesMs.length, ...times, megabytes.toFixed(0), said])
  }
  await underAttack('nobody', async ({ watching }) => note('nobody', ...(await watching(() => wait(attackMs))), ''))
  goals.length = 0
  for (const name of Object.keys(attacks) as AttackName[]) {
    await underAttack(name, async ({ url, port, watching, attackers }) => {
      await attackers.ask('attack', { name, url, port })
      const [times, megabytes] = await watching(() => wait(attackMs))
      note(name, times, megabytes, await attackers.ask<string>('attacked'))
    })
  }
  const count = affordable(rushing)
  await underAttack('thundering', async ({ url, watching, attackers }) => {
    await attackers.ask('grow', { url, count, isAway: true })
    let back = 0
    const [times, megabytes] = await watching(async () => {
      const { tookMs } = await attackers.ask<{ tookMs: number }>('rush')
      back = tookMs
    })
    note(
      'thundering reconnect',
      times,
      megabytes,
      `${count} clients hang up and come at once; all are back after ${(back / 1000).toFixed(1)} s`,
    )
    await attackers.ask('disperse')
  })
  return {
    title: 'Abuse',
    goals,
    text: `${toTable(['', 'entries of a member', 'p50 ms', 'p99 ms', 'most ms', 'hub at most MiB', ''], rows)}

A member's time is from sending an entry to its acknowledgement *and* its arrival at a follower, one each 10 ms, from another neighbourhood of addresses. Attackers share the machine: their process runs at the lowest priority, those of the hub and the member at a raised one where this user may raise it.`,
  }
}

type Field = {
  readonly url: string
  readonly port: number
  readonly attackers: ReturnType<typeof startClients>
  /** How long a member's entries took while `run` ran, and the most memory of the hub. */
  readonly watching: (run: () => Promise<unknown>) => Promise<[readonly number[], number]>
}

async function underAttack(what: string, run: (field: Field) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const [hub, members, attackers] = [startHubWorker(), startClients(), startClients()]
    // Whoever else uses the machine is not what is measured.
    for (const worker of [hub, members]) await worker.ask('hurry')
    const target = await hub.ask<{ url: string; port: number }>('start', {
      storage: join(folder, 'hub.db'),
      port: 0,
      addressHeader: 'x-forwarded-for',
    })
    // What comes first is not yet compiled.
    await members.ask('watch', { url: target.url, from: '198.51.100.7' })
    await wait(1000)
    await members.ask('watched')
    await run({
      ...target,
      attackers,
      async watching(meanwhile) {
        await members.ask('watch', { url: target.url, from: '198.51.100.7' })
        await hub.spending(what, meanwhile)
        const times = await members.ask<readonly number[]>('watched')
        return [times, (await hub.usage()).peakMegabytes]
      },
    })
    await Promise.all([hub.stop(), members.stop(), attackers.stop()])
  })
}
