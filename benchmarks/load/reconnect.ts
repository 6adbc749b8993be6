/** One person of many logs, who comes back and finds nothing new. */
import { connectLoad } from './client.ts'
import { createLog, createResumption, cursorAt, openFirst, random, toResume } from './logs.ts'

export type Reconnected = { readonly tookMs: number; readonly sentBytes: number; readonly receivedBytes: number }

export type Person = {
  /** From connecting to the answer that says that nothing is new: bytes are those below the WebSocket, its upgrade counted. */
  readonly reconnect: () => Promise<Reconnected>
  readonly close: () => void
}

/** Lanes in which every log has an entry: membership and the tail. Nothing is packed. */
const lanes = [0, 2] as const

export async function createReturningPerson(url: string, count: number): Promise<Person> {
  const first = await connectLoad(url)
  const logs = Array.from({ length: count }, () => createLog())
  const kept = await openFirst(first, logs, createResumption())
  const entries = logs.map(() => random(200))
  const puts = logs.flatMap((log, at) =>
    lanes.map((lane) => ({ log: log.id, lane, entries: [entries[at]!], covers: [] })),
  )
  await first.ask({ type: 'put', puts })
  first.close()
  const cursors = (at: number) => [cursorAt(0, 1, entries[at]), cursorAt(1, 0), cursorAt(2, 1, entries[at])]
  let last = first
  return {
    async reconnect() {
      last.close()
      const start = performance.now()
      const client = await connectLoad(url)
      const [resumed] = await client.ask({ type: 'resume', ...toResume(client, kept, cursors) })
      const tookMs = performance.now() - start
      if ((resumed as { others: readonly unknown[] }).others.length > 0) throw new Error('There is news.')
      last = client
      return { tookMs, sentBytes: client.raw.bytesWritten, receivedBytes: client.raw.bytesRead }
    },
    close: () => last.close(),
  }
}
