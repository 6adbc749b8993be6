/** Many idle clients of three logs each, and how they come back. */
import { setTimeout as wait } from 'node:timers/promises'
import type { PullItem, Resumption } from '@kith/core/wire'
import { createLog, type Log, prove, pullItem, createResumption, random } from './logs.ts'
import { connectLoad, type LoadClient } from './client.ts'

/** What a client keeps between connections. */
type Member = {
  readonly logs: readonly Log[]
  readonly resumption: (client: LoadClient) => Resumption
  readonly from: string | undefined
  tickets: readonly Uint8Array[]
  generation: Uint8Array
  client: LoadClient | undefined
  /** Milliseconds, of `performance.now`: when it was back. */
  backAt: number
  tries: number
  /** To come back once it is gone: after what the hub asked for. */
  leaves: ((waitMs: number) => void) | undefined
}

/** Lanes that a client follows: membership, packs, tail. */
const lanes = [0, 1, 2] as const

export type Crowd = {
  /** Connects so many more, opens and follows their logs, and puts an entry to each log. */
  readonly grow: (count: number) => Promise<void>
  /** All are to come back when the hub ends; resolves when the last one is, with milliseconds since `since`. */
  readonly comeBack: () => Promise<{ readonly tookMs: number; readonly tries: number }>
  /** All hang up and come at once. */
  readonly rush: () => Promise<{ readonly tookMs: number; readonly tries: number }>
  readonly close: () => void
}

/** How many connect at a time while the crowd grows; what is measured is not how it grows. */
const growingMax = 32
const retryMs = 100

export function createCrowd(
  url: string,
  options: { readonly isAway?: boolean; readonly localAddress?: string } = {},
): Crowd {
  const members: Member[] = []

  async function connect(member: Member): Promise<LoadClient> {
    const client = await connectLoad(url, {
      ...(member.from === undefined ? {} : { from: member.from }),
      ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }),
      closed: (why) => {
        member.client = undefined
        member.leaves?.(why?.waitMs ?? 0)
      },
    })
    member.client = client
    return client
  }

  const followAll = (member: Member, n: number): PullItem[] =>
    member.logs.flatMap((log) =>
      lanes.map((lane) => {
        const isRead = lane === 2 && n > 0
        return pullItem(log, { lane, follow: true, ...(isRead ? { n, generation: member.generation } : {}) })
      }),
    )

  async function join(at: number): Promise<void> {
    const member: Member = {
      logs: [createLog(), createLog(), createLog()],
      resumption: createResumption(),
      // A /24 of their own for each 100, as if they came from all over.
      from: options.isAway ? `10.${(at / 25_600) | 0}.${((at / 100) | 0) % 256}.${at % 100}` : undefined,
      tickets: [],
      generation: new Uint8Array(16),
      client: undefined,
      backAt: 0,
      tries: 0,
      leaves: undefined,
    }
    const client = await connect(member)
    const results = await client.ask({
      type: 'open',
      resumption: member.resumption(client),
      logs: member.logs.map((log) => ({
        policy: log.policy,
        proofs: [prove(client, log, 'read'), prove(client, log, 'write')],
      })),
    })
    member.tickets = results.map(({ ticket }) => (ticket as Uint8Array).slice())
    member.generation = (results[0] as { generation: Uint8Array }).generation.slice()
    await client.ask({
      type: 'put',
      puts: member.logs.map((log) => ({ log: log.id, lane: 2, entries: [random(200)], covers: [] })),
    })
    await client.ask({ type: 'pull', pulls: followAll(member, 1) })
    members.push(member)
  }

  /** By ticket, from where it was; until it is let in. */
  async function reconnect(member: Member, waitMs: number): Promise<void> {
    if (waitMs > 0) await wait(waitMs)
    for (;;) {
      member.tries += 1
      try {
        const client = await connect(member)
        await client.ask({
          type: 'open',
          resumption: member.resumption(client),
          logs: member.logs.map((log, at) => ({
            policy: log.policy,
            proofs: [{ ticket: member.tickets[at] as Uint8Array }],
          })),
        })
        const pulled = await client.ask({ type: 'pull', pulls: followAll(member, 1) }, true)
        // After a crash: it reads again what the hub has.
        if (pulled.some(({ refused }) => refused === 'other-generation')) {
          await client.ask({ type: 'pull', pulls: followAll(member, 0) })
        }
        member.backAt = performance.now()
        return
      } catch {
        member.client?.close()
        await wait(retryMs * (1 + Math.random()))
      }
    }
  }

  async function untilBack(start: () => void): Promise<{ tookMs: number; tries: number }> {
    const since = performance.now()
    const backs = members.map(async (member) => {
      member.tries = 0
      const waitMs = await new Promise<number>((resolve) => {
        member.leaves = resolve
      })
      member.leaves = undefined
      await reconnect(member, waitMs)
    })
    start()
    await Promise.all(backs)
    const last = Math.max(...members.map(({ backAt }) => backAt))
    return { tookMs: last - since, tries: members.reduce((sum, { tries }) => sum + tries, 0) / members.length }
  }

  return {
    async grow(count) {
      const first = members.length
      let next = first
      await Promise.all(
        Array.from({ length: growingMax }, async () => {
          while (next < first + count) {
            next += 1
            await join(next - 1)
          }
        }),
      )
    },
    comeBack: () => untilBack(() => {}),
    rush: () =>
      untilBack(() => {
        for (const { client } of members) client?.close()
      }),
    close() {
      for (const member of members) {
        member.leaves = undefined
        member.client?.close()
      }
    },
  }
}
