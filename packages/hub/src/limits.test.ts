import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test, type TestContext } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { frameBytesMax } from '@kith/core/limits'
import { clientMessageToFrame } from '@kith/core/wire'
import { type HubOptions, startHub } from './hub.ts'
import { defaultLimits } from './limits/hub-limits.ts'
import { addressToPrefix } from './limits/prefixes.ts'
import { random } from './node-crypto.ts'
import { createTestClock } from './testing/clock.ts'
import { connectTestClient, createTestLog, openLog, pullAll, pullItem, putEntries } from './testing/client.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Memory outside the heap that is in use and not merely waiting to be freed. */
async function heldBytes(): Promise<number> {
  collectGarbage()
  // The memory of a dead buffer is given back a turn later.
  await new Promise((resolve) => setTimeout(resolve, 10))
  collectGarbage()
  return process.memoryUsage().arrayBuffers
}

async function start(context: TestContext, options: Partial<HubOptions> = {}) {
  const hub = await startHub({ storage: ':memory:', ...options })
  context.after(() => hub.close())
  return hub
}

test('a log takes so many bytes and entries and no more; a refused put leaves nothing', async (context) => {
  const hub = await start(context, { limits: { logBytesMax: 1000, logEntriesMax: 3 } })
  const client = await connectTestClient(hub.url)
  const [log, second] = [createTestLog(), createTestLog()]
  await openLog(client, log)
  await openLog(client, second)
  assert.equal((await putEntries(client, log, [random(400), random(400), random(400)])).refused, 'quota-full')
  assert.deepEqual((await putEntries(client, log, [random(400), random(400)])).numbers, [1, 2])
  assert.equal((await putEntries(client, log, [random(400)])).refused, 'quota-full')
  const [first] = await pullAll(client, pullItem(log))
  assert.deepEqual((await putEntries(client, log, [first!.bytes])).numbers, [1], 'what is there takes no room')
  assert.equal(
    (
      await putEntries(
        client,
        second,
        [1, 2, 3, 4].map(() => random(10)),
      )
    ).refused,
    'quota-full',
  )
  assert.deepEqual((await putEntries(client, second, [random(10)])).numbers, [1])
})

test('a connection that puts too fast is told when to come back, and is served then', async (context) => {
  const clock = createTestClock()
  const perConnection = { ...defaultLimits.perConnection, putBytes: { burst: 1000, perSecond: 100 } }
  const hub = await start(context, { clock, limits: { perConnection } })
  const client = await connectTestClient(hub.url)
  const log = createTestLog()
  await openLog(client, log)
  assert.deepEqual((await putEntries(client, log, [random(900)])).numbers, [1])
  const refused = await putEntries(client, log, [random(900)])
  assert.deepEqual(refused, { refused: 'slow-down', waitMs: 8000 })
  clock.advance(8000)
  assert.deepEqual((await putEntries(client, log, [random(900)])).numbers, [2])
})

test('signature checks are rationed', async (context) => {
  const perConnection = { ...defaultLimits.perConnection, proofs: { burst: 3, perSecond: 1 } }
  const hub = await start(context, { limits: { perConnection } })
  const client = await connectTestClient(hub.url)
  assert.equal((await openLog(client, createTestLog())).rights, 7)
  assert.equal((await openLog(client, createTestLog())).refused, 'slow-down')
})

test('a connection opens so many logs', async (context) => {
  const hub = await start(context, { limits: { logsPerConnectionMax: 2 } })
  const client = await connectTestClient(hub.url)
  const logs = [createTestLog(), createTestLog(), createTestLog()]
  const results = []
  for (const log of [...logs, logs[0]!]) results.push(await openLog(client, log))
  assert.deepEqual(
    results.map((result) => result.refused ?? result.rights),
    [7, 7, 'quota-full', 7],
  )
})

test('one neighbourhood of addresses gets so many connections, another is not concerned', async (context) => {
  const hub = await start(context, { addressHeader: 'X-Forwarded-For', limits: { connectionsPerPrefixMax: 2 } })
  const from = (address: string) => connectTestClient(hub.url, { 'x-forwarded-for': `8.8.8.8, ${address}` })
  const first = await from('203.0.113.4')
  await from('203.0.113.200')
  await assert.rejects(from('203.0.113.77'), /503/)
  await from('203.0.114.1')
  first.close()
  await first.closed
  while ((await hub.totals()).connections > 2) await new Promise(setImmediate)
  await from('203.0.113.77')
})

test('prefixes of addresses', () => {
  assert.equal(addressToPrefix('127.0.0.1'), undefined)
  assert.equal(addressToPrefix('::1'), undefined)
  assert.equal(addressToPrefix('::ffff:127.0.0.1'), undefined)
  assert.equal(addressToPrefix('::ffff:203.0.113.4'), '203.0.113')
  assert.equal(addressToPrefix('2001:db8:1:2::5'), '2001:db8:1')
  assert.equal(addressToPrefix('2001:0db8:0001:ffff:1:2:3:4'), '2001:db8:1')
  assert.equal(addressToPrefix('2001:db8::5'), '2001:db8:0')
  assert.equal(addressToPrefix('unknown'), 'no address')
})

test('a frame header of 2 GB ends the connection before anything is allocated, and the hub goes on', async (context) => {
  const hub = await start(context)
  const socket = connect(hub.port, '127.0.0.1')
  socket.write(
    'GET / HTTP/1.1\r\nHost: hub\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  )
  await once(socket, 'data')
  const before = await heldBytes()
  const header = Buffer.alloc(14)
  header[0] = 0x82
  header[1] = 0xff
  header.writeBigUInt64BE(2n ** 31n, 2)
  socket.write(header)
  const received: Buffer[] = []
  socket.on('data', (data: Buffer) => received.push(data))
  await once(socket, 'close')
  assert.ok((await heldBytes()) - before < 16 * 1024 * 1024)
  const bytes = Buffer.concat(received)
  assert.equal(bytes.readUInt16BE(bytes.length - 2), 1009, 'closed as "message too big"')
  await connectTestClient(hub.url)
})

test('nonsense, text, and a message over the limit end the connection with a reason', async (context) => {
  const hub = await start(context)
  // 0xff begins no data item. Bytes all at random may claim a huge array now and then, which is refused for its size instead.
  const noise = Uint8Array.of(0xff, ...random(99))
  for (const nonsense of [noise, new Uint8Array(0), Uint8Array.of(0x83, 9, 1, 0x80), 'text']) {
    const client = await connectTestClient(hub.url)
    client.socket.send(nonsense)
    assert.deepEqual((await client.next('goodbye')).why.refused, 'bad-encoding')
    await client.closed
  }
  const client = await connectTestClient(hub.url)
  client.socket.send(new Uint8Array(frameBytesMax + 1))
  assert.equal(await client.closed, 1009)
})

test('a slow reader costs the hub no memory, and gets everything once it reads', {
  timeout: 20_000,
}, async (context) => {
  const hub = await start(context)
  const [writer, slow] = [await connectTestClient(hub.url), await connectTestClient(hub.url)]
  const log = createTestLog()
  await openLog(writer, log)
  await openLog(slow, log, 'read')
  await slow.ask({ type: 'pull', pulls: [pullItem(log, { follow: true })] })
  slow.socket.pause()
  const count = 150
  const before = await heldBytes()
  let most = 0
  for (let at = 0; at < count; at += 1) {
    await putEntries(writer, log, [random(500_000)])
    if (at % 30 === 29) most = Math.max(most, (await heldBytes()) - before)
  }
  assert.ok(most < 20 * 1024 * 1024, `75 MB were put, ${most} bytes were held`)
  slow.socket.resume()
  const numbers: number[] = []
  while (numbers.length < count) numbers.push(...(await slow.next('entries')).entries.map(({ n }) => n))
  assert.deepEqual(
    numbers,
    Array.from({ length: count }, (_, at) => at + 1),
  )
})

test('a client that asks and never takes the answers is not read any further', { timeout: 20_000 }, async (context) => {
  const hub = await start(context)
  const client = await connectTestClient(hub.url)
  const log = createTestLog()
  await openLog(client, log)
  await putEntries(client, log, [random(500_000)])
  client.socket.pause()
  const before = await heldBytes()
  for (let request = 1; request < 400; request += 1) {
    client.socket.send(clientMessageToFrame({ type: 'pull', request: request + 100, pulls: [pullItem(log)] }))
  }
  const other = await connectTestClient(hub.url)
  await openLog(other, log)
  await other.ask({ type: 'pull', pulls: [] })
  assert.ok((await heldBytes()) - before < 60 * 1024 * 1024)
})

test('health answers, and tells sums only where the operator wants it', async (context) => {
  const [quiet, open] = [await start(context), await start(context, { publishTotals: true })]
  const get = async (port: number, path = '/health'): Promise<unknown> =>
    (await fetch(`http://127.0.0.1:${port}${path}`)).json() as Promise<unknown>
  assert.deepEqual(await get(quiet.port), { status: 'ok' })
  assert.deepEqual(await get(open.port), { status: 'ok', logs: 0, entries: 0, bytes: 0 })
  assert.deepEqual(await get(quiet.port, '/'), { error: 'not found' })
})

test('a closing hub says goodbye, after it has answered what it had', async () => {
  const hub = await startHub({ storage: ':memory:' })
  const client = await connectTestClient(hub.url)
  const log = createTestLog()
  await openLog(client, log)
  const put = putEntries(client, log, [random(300)])
  await new Promise(setImmediate)
  await hub.close()
  assert.equal((await client.next('goodbye')).why.refused, 'closing')
  await Promise.race([put, client.closed])
})
