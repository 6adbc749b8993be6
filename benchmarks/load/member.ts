/** One who writes and one who reads, while others do harm. */
import { setTimeout as wait } from 'node:timers/promises'
import { connectLoad } from './client.ts'
import { createLog, openTo, pullItem, random } from './logs.ts'

export type Watch = {
  /** Stops, and tells how long each entry took until it was acknowledged and the other had it: milliseconds. */
  readonly end: () => Promise<readonly number[]>
}

/** Between two entries. */
const paceMs = 10

/** `from`: another neighbourhood than the attackers'. */
export async function watchMember(url: string, from: string): Promise<Watch> {
  const log = createLog()
  let arrived = (): void => {}
  const writer = await connectLoad(url, { from })
  const reader = await connectLoad(url, { from, entries: () => arrived() })
  await openTo(writer, log, 'write')
  await openTo(reader, log, 'read')
  await reader.ask({ type: 'pull', pulls: [pullItem(log, { follow: true })] })
  const timesMs: number[] = []
  const watch = { isOver: false }
  const running = (async () => {
    while (!watch.isOver) {
      const start = performance.now()
      const heard = new Promise<void>((resolve) => {
        arrived = resolve
      })
      const put = { log: log.id, lane: 2 as const, entries: [random(200)], covers: [] }
      await Promise.all([writer.ask({ type: 'put', puts: [put] }), heard])
      timesMs.push(performance.now() - start)
      await wait(paceMs)
    }
  })()
  return {
    async end() {
      watch.isOver = true
      await running
      writer.close()
      reader.close()
      return timesMs
    },
  }
}
