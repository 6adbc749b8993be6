/** `node benchmarks/isolation.ts`: what each setting of isolation costs, beside none, in one run on this machine. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Isolation } from '@kith/core/sync'
import { startHub } from '@kith/hub'
import { openKith } from '@kith/node'
import { createRecords, recordsApp } from './records.ts'
import { median } from './statistics.ts'

const settings: Readonly<Record<string, Isolation>> = {
  none: {},
  connectionPerSpace: { connectionPerSpace: true },
  readingApart: { readingApart: true },
  both: { connectionPerSpace: true, readingApart: true },
}
const repeats = 3
const [edits, spaces, batch] = [50, 10, 20_000]
const records = createRecords(batch)

type Costs = {
  editMs: number
  editBytes: number
  reconnectMs: number
  reconnectBytes: number
  connections: number
  bulkPerSecond: number
}

const measure = async (isolation: Isolation): Promise<Costs> => {
  const folder = mkdtempSync(join(tmpdir(), 'kith-isolation-'))
  const hub = await startHub({ storage: join(folder, 'hub.db') })
  const open = (name: string) => openKith({ path: join(folder, name), name, hubs: [hub.url], isolation })
  let alice = await open('alice')
  const bob = await open('bob')
  const bytes = async (): Promise<number> =>
    (await alice.status()).hubs.reduce((sum, { sentBytes, receivedBytes }) => sum + sentBytes + receivedBytes, 0)
  const home = await alice.createSpace(recordsApp, { name: 'Home' })
  const his = await bob.join(recordsApp, await home.invite({ role: 'writer', uses: 1 }))
  for (let n = 1; n < spaces; n += 1) await (await alice.createSpace(recordsApp, { name: `Space ${n}` })).synced()
  await home.synced()

  const waits: number[] = []
  const before = await bytes()
  for (let n = 0; n < edits; n += 1) {
    const start = performance.now()
    const id = await home.tables.records.insert(records[n] as (typeof records)[number])
    await new Promise<void>((resolve) => {
      const stop = his.live(
        (q) => q.selectFrom('records').select('id').where('id', '=', id),
        (rows) => {
          if (rows.length === 0) return
          resolve()
          queueMicrotask(() => stop())
        },
      )
    })
    waits.push(performance.now() - start)
  }
  const editBytes = ((await bytes()) - before) / edits
  const connections = (await hub.totals()).connections

  const bulkStart = performance.now()
  for (let at = 0; at < batch; at += 1000)
    await home.transact((tx) => {
      for (const record of records.slice(at, at + 1000)) tx.records.insert(record)
    })
  await home.synced({ timeoutMs: 60_000 })
  const bulkPerSecond = batch / ((performance.now() - bulkStart) / 1000)

  await alice.close()
  const start = performance.now()
  alice = await open('alice')
  for (const { id } of await alice.spaces()) await (await alice.open(recordsApp, id)).synced()
  const reconnectMs = performance.now() - start
  const reconnectBytes = await bytes()
  await alice.close()
  await bob.close()
  await hub.close()
  rmSync(folder, { recursive: true })
  return { editMs: median(waits), editBytes, reconnectMs, reconnectBytes, connections, bulkPerSecond }
}

const all = new Map<string, Costs[]>(Object.keys(settings).map((name) => [name, []]))
// Alternating, so that noise hits all alike.
for (let run = 0; run < repeats; run += 1)
  for (const [name, isolation] of Object.entries(settings)) all.get(name)?.push(await measure(isolation))

const figure = (name: string, what: keyof Costs): number => median((all.get(name) ?? []).map((costs) => costs[what]))
console.log(
  `median of ${repeats} runs; ratios to no isolation in the same run; ${spaces} spaces, ${edits} edits, ${batch} records`,
)
for (const [what, unit] of [
  ['editMs', 'ms from an insert to its showing at another person'],
  ['editBytes', 'bytes on the wire an edit, of who writes'],
  ['connections', 'connections of two people'],
  ['reconnectMs', 'ms from the start until all spaces are synced'],
  ['reconnectBytes', 'bytes of that'],
  ['bulkPerSecond', 'records a second, written and at the hub'],
] as [keyof Costs, string][]) {
  const none = figure('none', what)
  const cells = Object.keys(settings).map((name) => {
    const value = figure(name, what)
    return `${name} ${value < 10 ? value.toFixed(1) : Math.round(value)} (×${(value / none).toFixed(2)})`
  })
  console.log(`${unit}: ${cells.join(', ')}`)
}
