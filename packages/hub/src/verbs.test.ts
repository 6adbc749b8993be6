import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { toHex, utf8 } from '@kith/core/bytes'
import { startHub } from './hub.ts'
import { nodeVerifying, random } from './node-crypto.ts'
import { connectTestClient, createTestLog, openLog, prove, pullAll, pullItem, putEntries } from './testing/client.ts'
import { createTestStorage } from './testing/storage.ts'

async function start(context: TestContext) {
  const hub = await startHub({ storage: await createTestStorage(context) })
  context.after(() => hub.close())
  return hub
}

const entry = (text: string) => utf8(`an entry: ${text}`)

test('open grants the rights that were proven and no others', async (context) => {
  const hub = await start(context)
  const client = await connectTestClient(hub.url)
  assert.deepEqual(client.hello.hubKey, hub.key)
  const log = createTestLog()
  const opened = await openLog(client, log, 'read')
  assert.equal(opened.rights, 1)
  assert.equal((await putEntries(client, log, [entry('a')])).refused, 'refused')
  assert.equal((await openLog(client, log, 'write')).rights, 3)
  assert.deepEqual((await putEntries(client, log, [entry('a')])).numbers, [1])
})

test('open to everybody needs no proof', async (context) => {
  const hub = await start(context)
  const client = await connectTestClient(hub.url)
  const keyed = createTestLog()
  const policy = { ...keyed.policy, write: 'open' as const, kind: 'knock' as const }
  const answer = await client.ask({ type: 'open', resumption: undefined, logs: [{ policy, proofs: [] }] })
  assert.equal(answer.results[0]!.rights, 2)
})

test('a policy without any key and one with a low-order key are refused', async (context) => {
  const hub = await start(context)
  const client = await connectTestClient(hub.url)
  const { policy } = createTestLog()
  const logs = [
    { policy: { write: 'open', read: 'open', admin: 'none', kind: 'space' } as const, proofs: [] },
    { policy: { ...policy, read: new Uint8Array(32) }, proofs: [] },
  ]
  const { results } = await client.ask({ type: 'open', resumption: undefined, logs })
  assert.deepEqual(
    results.map((result) => result.refused),
    ['bad-policy', 'bad-policy'],
  )
})

test('a proof of another connection, right, log or key is worth nothing', async (context) => {
  const hub = await start(context)
  const [client, other] = [await connectTestClient(hub.url), await connectTestClient(hub.url)]
  const [log, foreign] = [createTestLog(), createTestLog()]
  const right = prove(client, log, 'read') as { right: 'read'; signature: Uint8Array }
  const wrong = [
    prove(other, log, 'read'),
    { ...right, right: 'write' as const },
    prove(client, foreign, 'read'),
    { right: 'read' as const, signature: random(64) },
  ]
  const logs = wrong.map((proof) => ({ policy: log.policy, proofs: [proof] }))
  const { results } = await client.ask({ type: 'open', resumption: undefined, logs })
  assert.ok(results.every((result) => result.refused === 'refused'))
})

test('refusals for a log that is unknown, not opened or not proven are alike in bytes', async (context) => {
  const hub = await start(context)
  const [owner, stranger] = [await connectTestClient(hub.url), await connectTestClient(hub.url)]
  const [known, unknown] = [createTestLog(), createTestLog()]
  await openLog(owner, known)
  await putEntries(owner, known, [entry('a')])
  await openLog(stranger, { ...known, seeds: unknown.seeds })
  await openLog(stranger, { ...unknown, seeds: known.seeds })
  await stranger.ask({ type: 'pull', pulls: [pullItem(known)] })
  await stranger.ask({ type: 'pull', pulls: [pullItem(unknown)] })
  const [opened, opening, pulling, pulled] = stranger.frames.slice(1).map((frame) => toHex(frame.subarray(3)))
  assert.deepEqual([opened, pulling], [opening, pulled])
  assert.equal(opened, `40${pulling}`, 'but that an open says that there is no ticket')
})

test('put is idempotent by the hash of the bytes, and a number is never given twice', async (context) => {
  const hub = await start(context)
  const client = await connectTestClient(hub.url)
  const log = createTestLog()
  await openLog(client, log)
  assert.deepEqual((await putEntries(client, log, [entry('a'), entry('b'), entry('a')])).numbers, [1, 2, 1])
  assert.deepEqual((await putEntries(client, log, [entry('c'), entry('b')])).numbers, [3, 2])
  const entries = await pullAll(client, pullItem(log))
  assert.deepEqual(
    entries.map(({ n }) => n),
    [1, 2, 3],
  )
  for (const { id, bytes } of entries) assert.deepEqual(id, new Uint8Array(nodeVerifying.sha256(bytes)))
  assert.deepEqual(await hub.totals(), { logs: 1, entries: 3, bytes: 33, connections: 1 })
})

test('lanes are separate, and an answer of a hundred logs names those with news', async (context) => {
  const hub = await start(context)
  const client = await connectTestClient(hub.url)
  const logs = Array.from({ length: 100 }, createTestLog)
  await client.ask({
    type: 'open',
    resumption: undefined,
    logs: logs.map((log) => ({
      policy: log.policy,
      proofs: [prove(client, log, 'read'), prove(client, log, 'write')],
    })),
  })
  await putEntries(client, logs[7]!, [entry('a')], 0)
  await putEntries(client, logs[9]!, [entry('b')], 1)
  const { results } = await client.ask({ type: 'pull', pulls: logs.map((log) => pullItem(log, { lane: 1 })) })
  assert.deepEqual(
    results.flatMap((result, at) => (result.news ? [at] : [])),
    [9],
  )
  const message = await client.next('entries')
  assert.deepEqual(message.log, logs[9]!.id)
  assert.deepEqual([message.lane, message.state, message.entries.length], [1, 'caught-up', 1])
})

test('pull goes after, before, by limit, by ids, and by ids only', async (context) => {
  const hub = await start(context)
  const client = await connectTestClient(hub.url)
  const log = createTestLog()
  const { generation } = await openLog(client, log)
  const entries = Array.from({ length: 10 }, (_, at) => entry(String(at)))
  await putEntries(client, log, entries)
  const numbers = async (more: object) =>
    (await pullAll(client, pullItem(log, { generation, ...more }))).map(({ n }) => n)
  assert.deepEqual(await numbers({ n: 7 }), [8, 9, 10])
  assert.deepEqual(await numbers({ n: 3, limit: 2 }), [4, 5])
  assert.deepEqual(await numbers({ mode: 'before', limit: 3 }), [10, 9, 8])
  assert.deepEqual(await numbers({ mode: 'before', n: 3 }), [2, 1])
  assert.deepEqual(await numbers({ mode: 'before', n: 1 }), [])
  assert.deepEqual(await numbers({ n: 10 }), [])
  const ids = [random(32), ...entries.slice(4, 6).map(nodeVerifying.sha256)]
  assert.deepEqual(await numbers({ mode: 'ids', ids }), [5, 6])
  const bare = await pullAll(client, pullItem(log, { idsOnly: true }))
  assert.ok(bare.length === 10 && bare.every(({ bytes }) => bytes.length === 0))
})

test('a cursor of another generation, or past the end, is refused so that the client heals', async (context) => {
  const hub = await start(context)
  const client = await connectTestClient(hub.url)
  const log = createTestLog()
  const { generation } = await openLog(client, log)
  await putEntries(client, log, [entry('a')])
  const pulls = [
    pullItem(log, { generation: random(16), n: 1 }),
    pullItem(log, { generation, n: 2 }),
    pullItem(log, { generation, n: 1 }),
  ]
  const { results } = await client.ask({ type: 'pull', pulls })
  assert.deepEqual(
    results.map((result) => result.refused),
    ['other-generation', 'other-generation', undefined],
  )
})

test('a follower gets what is there, then each new entry once and in order; the writer gets no echo', async (context) => {
  const hub = await start(context)
  const [writer, reader] = [await connectTestClient(hub.url), await connectTestClient(hub.url)]
  const log = createTestLog()
  await openLog(writer, log)
  await openLog(reader, log, 'read')
  await putEntries(writer, log, [entry('0'), entry('1')])
  await writer.ask({ type: 'pull', pulls: [pullItem(log, { n: 2, follow: true })] })
  assert.deepEqual((await pullAll(reader, pullItem(log, { follow: true }))).length, 2)
  for (let at = 2; at < 20; at += 1) void putEntries(writer, log, [entry(String(at))])
  for (let at = 2; at < 20; at += 1) {
    const pushed = await reader.next('entries')
    assert.deepEqual([pushed.request, pushed.entries.map(({ n }) => n)], [0, [at + 1]])
  }
  await putEntries(writer, log, [entry('1')])
  await reader.ask({ type: 'pull', pulls: [pullItem(log, { mode: 'stop' })] })
  await putEntries(writer, log, [entry('after the stop')])
  assert.deepEqual(reader.waiting(), [])
  assert.ok(writer.waiting().every(({ type }) => type !== 'entries'))
})

test('a signal reaches the present readers under a name, one of them by name, and is not kept', async (context) => {
  const hub = await start(context)
  const [a, b, c] = [
    await connectTestClient(hub.url),
    await connectTestClient(hub.url),
    await connectTestClient(hub.url),
  ]
  const [log, second] = [createTestLog(), createTestLog()]
  for (const client of [a, b, c]) await openLog(client, log, 'read')
  for (const client of [a, b]) await openLog(client, second, 'read')
  await a.ask({ type: 'signal', signals: [{ log: second.id, to: undefined, bytes: utf8('elsewhere') }] })
  const elsewhere = (await b.next('heard')).from
  await a.ask({ type: 'signal', signals: [{ log: log.id, to: undefined, bytes: utf8('to all') }] })
  const heard = [await b.next('heard'), await c.next('heard')]
  assert.deepEqual(heard[0]!.from, heard[1]!.from)
  assert.notDeepEqual(heard[0]!.from, elsewhere)
  await b.ask({ type: 'signal', signals: [{ log: log.id, to: heard[0]!.from, bytes: utf8('to one') }] })
  assert.deepEqual((await a.next('heard')).bytes, utf8('to one'))
  assert.deepEqual([...b.waiting(), ...c.waiting()], [])
  const refused = await a.ask({ type: 'signal', signals: [{ log: random(32), to: undefined, bytes: utf8('x') }] })
  assert.equal(refused.results[0]!.refused, 'refused')
  assert.equal((await hub.totals()).entries, 0)
})
