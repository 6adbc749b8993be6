/** Many idle clients of three logs each, and how they come back. */
import { setTimeout as wait } from 'node:timers/promises'
import { equalBytes } from '@kith/core/bytes'
import type { PullItem } from '@kith/core/wire'
import { createLog, createResumption, cursorAt, type Kept, openFirst, pullItem, random, toResume } from './logs.ts'
import { connectLoad, type LoadClient } from './client.ts'

/** What a client keeps between connections. */
type Member = {
  kept: Kept | undefined
  /** The first of the tail, by log. */
  entries: readonly Uint8Array[]
  readonly from: string | undefined
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

  /** From the beginning. */
  const followAll = ({ logs }: Kept): PullItem[] =>
    logs.flatMap((log) => lanes.map((lane) => pullItem(log, { lane, follow: true })))

  async function join(at: number): Promise<void> {
    const member: Member = {
      kept: undefined,
      entries: [random(200), random(200), random(200)],
      // A /24 of their own for each 100, as if they came from all over.
      from: options.isAway ? `10.${(at / 25_600) | 0}.${((at / 100) | 0) % 256}.${at % 100}` : undefined,
      client: undefined,
      backAt: 0,
      tries: 0,
      leaves: undefined,
    }
    const client = await connect(member)
    const logs = member.entries.map(() => createLog())
    member.kept = await openFirst(client, logs, createResumption())
    await client.ask({
      type: 'put',
      puts: logs.map((log, which) => ({ log: log.id, lane: 2, entries: [member.entries[which]!], covers: [] })),
    })
    await client.ask({ type: 'pull', pulls: followAll(member.kept) })
    members.push(member)
  }

  /** By ticket, from where it was; until it is let in. */
  async function reconnect(member: Member, waitMs: number): Promise<void> {
    if (waitMs > 0) await wait(waitMs)
    for (;;) {
      member.tries += 1
      try {
        const client = await connect(member)
        const kept = member.kept as Kept
        const cursors = (which: number) => [cursorAt(0, 0), cursorAt(1, 0), cursorAt(2, 1, member.entries[which])]
        const [resumed] = await client.ask({ type: 'resume', ...toResume(client, kept, cursors) })
        // After a crash: it reads again what the hub has.
        const { generation } = resumed as { generation: Uint8Array }
        if (!equalBytes(generation, kept.generation)) await client.ask({ type: 'pull', pulls: followAll(kept) })
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
