import { type Kith, openKith } from '@kith/node'
import { answerRequests, peakMegabytes } from './processes.ts'
import { profiled } from './profiles.ts'
import { createRecords, recordsApp } from './records.ts'

type Options = { path: string; hubs: string[]; name: string; count: number }

/** All times from the same start. */
export type Opened = {
  openMs: number
  listMs: number
  spanningMs: number
  queryMs: number
  syncedMs: number
  bytes: number
  peakMegabytes: number
}

const records = createRecords(10)

const create = async ({ count, ...options }: Options): Promise<number> => {
  const kith = await openKith(options)
  const start = performance.now()
  for (let n = 0; n < count; n += 1) {
    const space = await kith.createSpace(recordsApp, { name: `Space ${n}` })
    await space.transact((tx) => {
      for (const record of records) tx.records.insert(record)
    })
    await space.synced({ timeoutMs: 60_000 })
  }
  const ms = performance.now() - start
  await kith.close()
  return ms
}

const bytesOf = async (kith: Kith): Promise<number> =>
  (await kith.status()).hubs.reduce((sum, hub) => sum + hub.sentBytes + hub.receivedBytes, 0)

const open = async ({ count, ...options }: Options): Promise<Opened> => {
  const start = performance.now()
  const kith = await openKith(options)
  const openMs = performance.now() - start
  const listed = await kith.spaces({ app: recordsApp })
  const listMs = performance.now() - start
  const [all] = await kith.query(recordsApp, (q) =>
    q.selectFrom('records').select((of) => of.fn.countAll<number>().as('count')),
  )
  const spanningMs = performance.now() - start
  if (all?.count !== count * records.length) throw new Error(`${all?.count} records over all spaces`)
  const spaces = await Promise.all(listed.map(({ id }) => kith.open(recordsApp, id)))
  const counts = await Promise.all(
    spaces.map((space) =>
      space.query((q) => q.selectFrom('records').select((of) => of.fn.countAll<number>().as('count'))),
    ),
  )
  const queryMs = performance.now() - start
  const found = counts.reduce((sum, [row]) => sum + (row?.count ?? 0), 0)
  if (found !== count * records.length) throw new Error(`${found} records in ${listed.length} spaces`)
  await Promise.all(spaces.map((space) => space.synced({ timeoutMs: 120_000 })))
  const syncedMs = performance.now() - start
  const bytes = await bytesOf(kith)
  await kith.close()
  return { openMs, listMs, spanningMs, queryMs, syncedMs, bytes, peakMegabytes: peakMegabytes() }
}

answerRequests({ create, open: (options: Options) => profiled('spaces', () => open(options)) })
