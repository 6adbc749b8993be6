/** One person of many logs, who comes back and finds nothing new. */
import type { PullItem } from '@kith/core/wire'
import { connectLoad } from './client.ts'
import { createLog, type Log, prove, pullItem, random, createResumption } from './logs.ts'

export type Reconnected = { readonly tookMs: number; readonly sentBytes: number; readonly receivedBytes: number }

export type Person = {
  /** From connecting to the answer of the last pull: bytes are those below the WebSocket, its upgrade counted. */
  readonly reconnect: () => Promise<Reconnected>
  readonly close: () => void
}

const lanes = [0, 1, 2] as const

export async function createReturningPerson(url: string, count: number): Promise<Person> {
  const logs = Array.from({ length: count }, () => createLog())
  const resumption = createResumption()
  const first = await connectLoad(url)
  const opened = await first.ask({
    type: 'open',
    resumption: resumption(first),
    logs: logs.map((log) => ({ policy: log.policy, proofs: [prove(first, log, 'read'), prove(first, log, 'write')] })),
  })
  const tickets = opened.map(({ ticket }) => (ticket as Uint8Array).slice())
  const generation = (opened[0] as { generation: Uint8Array }).generation.slice()
  await first.ask({
    type: 'put',
    puts: logs.map((log) => ({ log: log.id, lane: 2, entries: [random(200)], covers: [] })),
  })
  first.close()
  const toPulls = (log: Log): PullItem[] =>
    lanes.map((lane) => pullItem(log, { lane, follow: true, ...(lane === 2 ? { n: 1, generation } : {}) }))
  let last = first
  return {
    async reconnect() {
      last.close()
      const start = performance.now()
      const client = await connectLoad(url)
      const opening = client.ask({
        type: 'open',
        resumption: resumption(client),
        logs: logs.map((log, at) => ({ policy: log.policy, proofs: [{ ticket: tickets[at] as Uint8Array }] })),
      })
      // Logs are open by the time the hub reads this.
      const pulling = client.ask({ type: 'pull', pulls: logs.flatMap(toPulls) })
      await opening
      const pulled = await pulling
      const tookMs = performance.now() - start
      if (pulled.some(({ news }) => news === true)) throw new Error('There is news.')
      last = client
      return { tookMs, sentBytes: client.raw.bytesWritten, receivedBytes: client.raw.bytesRead }
    },
    close: () => last.close(),
  }
}
