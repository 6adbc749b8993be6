/** Two processes of one hub, here as two hubs of this process: they share nothing but PostgreSQL and NATS. */
import assert from 'node:assert/strict'
import { after, test, type TestContext } from 'node:test'
import { toHex, utf8 } from '@kith/core/bytes'
import fc from 'fast-check'
import { type Hub, type HubOptions, startHub } from '../hub.ts'
import { random } from '../node-crypto.ts'
import {
  connectTestClient,
  createTestLog,
  cursorAt,
  openForTicket,
  openLog,
  pullAll,
  pullItem,
  putEntries,
  type TestClient,
  type TestLog,
  ticketLog,
  toResume,
} from '../testing/client.ts'
import { createTestClock } from '../testing/clock.ts'
import { startNats, startPostgres } from '../testing/servers.ts'
import { bytesToEvent, eventToBytes } from './event-bytes.ts'
import { renewGeneration } from './postgres-open.ts'
import { createSharedFanOut } from './shared-fan-out.ts'

const server = await startPostgres({ fsync: 'off' })
after(() => server.stop())

async function startTwo(context: TestContext, options: Partial<HubOptions> = {}, nats?: string): Promise<[Hub, Hub]> {
  const storage = { postgres: await server.createDatabase(), nats }
  const hubs = await Promise.all([startHub({ storage, ...options }), startHub({ storage, ...options })])
  context.after(() => Promise.all(hubs.map((hub) => hub.close())))
  return hubs
}

async function follow(client: TestClient, log: TestLog): Promise<void> {
  await openLog(client, log, 'read')
  await client.ask({ type: 'pull', pulls: [pullItem(log, { follow: true })] })
}

/** The numbers of the next entries that come; a frame that only says "caught up" has none. */
async function hear(client: TestClient): Promise<number[]> {
  for (;;) {
    const { entries } = await client.next('entries')
    if (entries.length > 0) return entries.map(({ n }) => n)
  }
}

test('processes that start at once on an empty database are one hub: key, generation, tickets', async (context) => {
  const [a, b] = await startTwo(context)
  assert.deepEqual(a.key, b.key)
  const [log, seed] = [createTestLog(), random(32)]
  const first = await connectTestClient(a.url)
  const ticket = await openForTicket(first, [log], seed)
  const second = await connectTestClient(b.url)
  const entry = random(300)
  const { generation } = await putEntries(first, log, [entry])
  const standsAt = (one: Uint8Array) => [{ ...ticketLog(log), cursors: [cursorAt(0, 0), cursorAt(2, 1, one)] }]
  const resumed = await second.ask(toResume(second, seed, ticket, standsAt(entry), generation))
  assert.deepEqual(resumed.results[0], { generation, others: [] })
  // And from then on it is followed.
  await putEntries(first, log, [random(300)])
  assert.deepEqual(await hear(second), [2])
  const { results } = await second.ask(toResume(second, seed, ticket, standsAt(entry), generation))
  assert.deepEqual(results[0]!.others, [{ at: 0, why: undefined }], 'there is news')
})

test('both write one log at once: numbers are given once, without gaps, and both tell the same', async (context) => {
  const [a, b] = await startTwo(context)
  const log = createTestLog()
  const clients = [await connectTestClient(a.url), await connectTestClient(b.url)]
  for (const client of clients) await openLog(client, log)
  const shared = random(300)
  const puts = Array.from({ length: 60 }, (_, at) => putEntries(clients[at % 2]!, log, [random(300), shared]))
  const results = await Promise.all(puts)
  const own = results.map(({ numbers }) => numbers[0]!)
  assert.equal(new Set(own).size, 60)
  assert.equal(new Set(results.map(({ numbers }) => numbers[1])).size, 1, 'the entry that all put has one number')
  const [left, right] = await Promise.all(clients.map((client) => pullAll(client, pullItem(log))))
  assert.deepEqual(left, right)
  assert.deepEqual(
    left!.map(({ n }) => n),
    Array.from({ length: 61 }, (_, at) => at + 1),
  )
})

test('entries, large ones and signals cross at once by NATS; without it entries come a moment later, and the operator is told', async (context) => {
  const first = await startNats()
  const port = Number(new URL(first.url).port)
  const events: string[] = []
  const log = ({ event }: { event: string }) => void events.push(event)
  const [a, b] = await startTwo(context, { log }, first.url)
  const said = async (event: string, count: number) => {
    while (events.filter((name) => name === event).length < count)
      await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await said('fan-out-connected', 2)
  const [writer, reader, space] = [await connectTestClient(a.url), await connectTestClient(b.url), createTestLog()]
  await openLog(writer, space)
  await follow(reader, space)
  await putEntries(writer, space, [random(300), random(300)])
  assert.deepEqual(await hear(reader), [1, 2])
  await putEntries(writer, space, [random(1024 * 1024)])
  assert.deepEqual(await hear(reader), [3])
  await writer.ask({ type: 'signal', signals: [{ log: space.id, to: undefined, bytes: utf8('hello') }] })
  const heard = await reader.next('heard')
  assert.deepEqual(heard.bytes, utf8('hello'))
  await reader.ask({ type: 'signal', signals: [{ log: space.id, to: heard.from, bytes: utf8('to you') }] })
  assert.deepEqual((await writer.next('heard')).bytes, utf8('to you'))

  await first.stop()
  await said('fan-out-lost', 2)
  await putEntries(writer, space, [random(300)])
  assert.deepEqual(await hear(reader), [4])
  const second = await startNats(port)
  context.after(() => second.stop())
  await said('fan-out-connected', 4)
  await putEntries(writer, space, [random(300)])
  assert.deepEqual(await hear(reader), [5])
})

test('a hub whose NATS is not there yet starts, and a hub without one looks each second', async (context) => {
  for (const nats of ['nats://127.0.0.1:1', undefined]) {
    const [a, b] = await startTwo(context, {}, nats)
    const [writer, reader, log] = [await connectTestClient(a.url), await connectTestClient(b.url), createTestLog()]
    await openLog(writer, log)
    await follow(reader, log)
    await putEntries(writer, log, [random(300)])
    assert.deepEqual(await hear(reader), [1])
  }
})

test('a database that restarts costs time alone: what was asked meanwhile is answered, what was acknowledged is there', async (context) => {
  const own = await startPostgres()
  context.after(() => own.stop())
  const storage = { postgres: await own.createDatabase() }
  const hub = await startHub({ storage })
  context.after(() => hub.close())
  const [client, log] = [await connectTestClient(hub.url), createTestLog()]
  const { generation } = await openLog(client, log)
  const entries = Array.from({ length: 20 }, () => random(300))
  assert.deepEqual((await putEntries(client, log, [entries[0]!])).numbers, [1])
  const restarted = own.restart()
  const put = async (to: TestLog, entry: Uint8Array) => {
    for (;;) {
      const result = await putEntries(client, to, [entry])
      if (result.refused === undefined) return
      assert.equal(result.refused, 'slow-down')
    }
  }
  for (const entry of entries.slice(1)) {
    const fresh = createTestLog()
    await openLog(client, fresh)
    await Promise.all([put(log, entry), put(fresh, entry)])
  }
  await restarted
  const again = await connectTestClient(hub.url)
  assert.deepEqual((await openLog(again, log)).generation, generation)
  assert.deepEqual(
    (await pullAll(again, pullItem(log))).map(({ bytes }) => toHex(bytes)),
    entries.map(toHex),
  )
})

test('a database that was put back to an earlier state gets a new generation on request', async () => {
  const storage = { postgres: await server.createDatabase() }
  const log = createTestLog()
  const generationNow = async () => {
    const hub = await startHub({ storage })
    try {
      return toHex((await openLog(await connectTestClient(hub.url), log)).generation)
    } finally {
      await hub.close()
    }
  }
  const before = await generationNow()
  assert.equal(await generationNow(), before)
  await renewGeneration(storage.postgres)
  assert.notEqual(await generationNow(), before)
})

test('what cannot be reached, or is no address, is refused without naming a password', async () => {
  const database = await server.createDatabase()
  const wrong = [
    [{ postgres: 'mysql://u:hunter2@h/x' }, 'bad-value'],
    [{ postgres: 'postgres://u:hunter2@127.0.0.1:1/x' }, 'storage-unavailable'],
    [{ postgres: database.replace(/\/hub\d+$/, '/nowhere').replace('kith@', 'kith:hunter2@') }, 'storage-unavailable'],
    [{ postgres: database, nats: 'http://u:hunter2@h' }, 'bad-value'],
  ] as const
  for (const [storage, code] of wrong) {
    await assert.rejects(startHub({ storage }), (cause: Error & { code: string }) => {
      assert.equal(cause.code, code)
      assert.ok(!cause.message.includes('hunter2') && !cause.message.includes('127.0.0.1'))
      return true
    })
  }
})

test('what the transport loses is found by asking the store: shortly after somebody follows, then four times a minute', async () => {
  const clock = createTestClock()
  const heads = new Map([['a', [0, 0, 7, 0]]])
  let asked = 0
  const deaf = {
    isConnected: () => true,
    payloadBytesMax: () => 1000,
    publish() {},
    subscribe: () => () => {},
    close: async () => {},
  }
  const fanOut = createSharedFanOut(deaf, async (keys) => ((asked += keys.length), heads), clock)
  const news: number[] = []
  fanOut.subscribe('a', (event) => {
    if (event.kind === 'news') news.push(event.last)
  })
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second += 1) {
      clock.advance(1000)
      await new Promise(setImmediate)
    }
  }
  await pass(1)
  assert.deepEqual([news, asked], [[7], 1])
  await pass(13)
  assert.equal(asked, 1)
  heads.set('a', [0, 0, 9, 0])
  await pass(2)
  assert.deepEqual([news, asked], [[7, 9], 2])
  fanOut.close()
})

test('an event comes out as it went in, and other bytes are none', () => {
  const name = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(toHex)
  const lane = fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const)
  const n = fc.integer({ min: 1, max: 2 ** 40 })
  const event = fc.oneof(
    fc.record({ kind: fc.constant('news' as const), lane, last: n }, { noNullPrototype: true }),
    fc.record(
      {
        kind: fc.constant('signal' as const),
        to: fc.option(name, { nil: undefined }),
        from: name,
        frame: fc.uint8Array(),
      },
      { noNullPrototype: true },
    ),
    fc.tuple(lane, n, fc.nat(4096), name, fc.uint8Array()).map(([lane, first, more, from, frame]) => ({
      kind: 'entries' as const,
      lane,
      first,
      last: first + more,
      from,
      frame,
    })),
  )
  fc.assert(fc.property(event, (event) => assert.deepEqual(bytesToEvent(eventToBytes(event)), event)))
  fc.assert(
    fc.property(event, fc.nat(), fc.integer({ min: 1, max: 255 }), (event, at, flip) => {
      const bytes = eventToBytes(event).slice()
      bytes[at % bytes.length]! ^= flip
      // Whatever it became, it is an event of the right shape or none; nothing is thrown.
      const found = bytesToEvent(bytes)
      if (found !== undefined) assert.deepEqual(eventToBytes(found), bytes)
    }),
  )
  assert.equal(bytesToEvent(new Uint8Array(0)), undefined)
})
