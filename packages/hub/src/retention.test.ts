import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { trimDelayMs } from '@kith/core/limits'
import { startHub } from './hub.ts'
import { nodeVerifying, random } from './node-crypto.ts'
import { createTestClock } from './testing/clock.ts'
import { connectTestClient, createTestLog, openLog, pullAll, pullItem, putEntries } from './testing/client.ts'

async function start(context: TestContext) {
  const clock = createTestClock()
  const hub = await startHub({ storage: ':memory:', clock })
  context.after(() => hub.close())
  const client = await connectTestClient(hub.url)
  const log = createTestLog()
  await openLog(client, log)
  const numbers = async (lane: 1 | 2) => (await pullAll(client, pullItem(log, { lane }))).map(({ n }) => n)
  return { clock, hub, client, log, numbers }
}

const idOf = (bytes: Uint8Array) => nodeVerifying.sha256(bytes)

test('a trimmed entry goes after 30 days and not a millisecond sooner, unless it is put again', async (context) => {
  const { clock, hub, client, log, numbers } = await start(context)
  const entries = [random(300), random(300), random(300)]
  await putEntries(client, log, entries)
  const trimmed = await client.ask({
    type: 'trim',
    trims: [{ log: log.id, ids: [idOf(entries[0]!), idOf(entries[1]!), random(32)] }],
  })
  assert.deepEqual(trimmed.results, [{ done: true }])
  clock.advance(trimDelayMs - 1)
  assert.equal(await hub.tidy(), 0)
  await putEntries(client, log, [entries[1]!])
  clock.advance(1)
  assert.equal(await hub.tidy(), 1)
  assert.deepEqual(await numbers(2), [2, 3])
  assert.deepEqual((await hub.totals()).bytes, 600)
  assert.deepEqual((await putEntries(client, log, [random(300)])).numbers, [4], 'its number is not given again')
})

test('only the admin key trims', async (context) => {
  const { clock, hub, log, client } = await start(context)
  const entry = random(300)
  await putEntries(client, log, [entry])
  const writer = await connectTestClient(hub.url)
  await openLog(writer, log, 'read', 'write')
  const { results } = await writer.ask({ type: 'trim', trims: [{ log: log.id, ids: [idOf(entry)] }] })
  assert.equal(results[0]!.refused, 'refused')
  clock.advance(trimDelayMs)
  assert.equal(await hub.tidy(), 0)
})

test('what a pack covers leaves the tail after 30 days, unless it is put again; other lanes stay', async (context) => {
  const { clock, hub, client, log, numbers } = await start(context)
  const [tail, pack] = [[random(300), random(300)], random(500)]
  await putEntries(client, log, tail)
  await putEntries(client, log, [pack], 1, [...tail, pack].map(idOf))
  clock.advance(trimDelayMs / 2)
  await putEntries(client, log, [tail[1]!])
  clock.advance(trimDelayMs / 2)
  await hub.tidy()
  assert.deepEqual([await numbers(1), await numbers(2)], [[1], [2]])
})

test('what is due is dropped by itself within an hour', async (context) => {
  const { clock, client, log, numbers } = await start(context)
  const entry = random(300)
  await putEntries(client, log, [entry])
  await client.ask({ type: 'trim', trims: [{ log: log.id, ids: [idOf(entry)] }] })
  clock.advance(trimDelayMs)
  assert.deepEqual(await numbers(2), [])
})
