import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { logsPerOpenMax } from '@kith/core/limits'
import { clientMessageToFrame, type OpenItem, type Policy, policyToLogId } from '@kith/core/wire'
import { type Hub, type HubOptions, startHub } from './hub.ts'
import { random } from './node-crypto.ts'
import { createTestClock } from './testing/clock.ts'
import {
  connectTestClient,
  createTestLog,
  cursorAt,
  openForTicket,
  openLog,
  prove,
  pullItem,
  putEntries,
  type TestClient,
  testSigning,
  ticketLog,
  toResume,
} from './testing/client.ts'

async function start(context: TestContext, options: Partial<HubOptions> = {}): Promise<Hub> {
  const hub = await startHub({ storage: ':memory:', ...options })
  context.after(() => hub.close())
  return hub
}

const from = (hub: Hub, address: string) => connectTestClient(hub.url, { 'x-forwarded-for': address })

/** A key that may be one: nobody has its other half. */
function randomKey(): Uint8Array {
  const key = random(32)
  key[31]! &= 0x3f
  return key
}

/** Logs that nobody has: with wrong proofs, or open to all and so without any. */
function randomLogs(count: number, withProof: boolean): OpenItem[] {
  return Array.from({ length: count }, () => ({
    policy: { write: randomKey(), read: withProof ? randomKey() : 'open', admin: 'none', kind: 'space' } as const,
    proofs: withProof ? [{ right: 'read', signature: random(64) } as const] : [],
  }))
}

const refusalsOf = (results: readonly { refused?: string }[]) => {
  const counts: Record<string, number> = {}
  for (const { refused = 'opened' } of results) counts[refused] = (counts[refused] ?? 0) + 1
  return counts
}

/** How long a member's writes take, one after another, until told to end: milliseconds, ascending. */
async function writeUntil(hub: Hub, end: Promise<unknown>): Promise<number[]> {
  const member = await connectTestClient(hub.url)
  const log = createTestLog()
  await openLog(member, log)
  const times: number[] = []
  const flood = { isOver: false }
  void end.finally(() => {
    flood.isOver = true
  })
  while (!flood.isOver) {
    const before = performance.now()
    assert.equal((await putEntries(member, log, [random(300)])).numbers.length, 1)
    times.push(performance.now() - before)
  }
  member.close()
  return times.sort((a, b) => a - b)
}

const tell = (context: TestContext, what: string, times: readonly number[]) =>
  context.diagnostic(
    `${what}: ${times.length} writes of a member, p50 ${times[times.length >> 1]?.toFixed(1)} ms, p99 ${times[Math.floor(times.length * 0.99)]?.toFixed(1)} ms`,
  )

test('sockets that ask nothing, or never end asking, are ended; those in the middle of upgrading too', async (context) => {
  const hub = await start(context, { limits: { requestMsMax: 200 } })
  const sockets: Socket[] = []
  for (const said of ['', 'GET / HTTP/1.1\r\n', 'GET /health HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nx']) {
    for (let count = 0; count < 20; count += 1) {
      const socket = connect(hub.port, '127.0.0.1')
      socket.on('error', () => {})
      socket.resume()
      socket.write(said)
      sockets.push(socket)
    }
  }
  await Promise.all(sockets.map((socket) => once(socket, 'close')))
})

test('a message that never ends, and answers that nobody takes, end their connection after two minutes; others stay', async (context) => {
  const clock = createTestClock()
  const hub = await start(context, { clock })
  const clients = await Promise.all([1, 2, 3, 4].map(() => connectTestClient(hub.url)))
  const [slow, deaf, idle, busy] = clients as [TestClient, TestClient, TestClient, TestClient]
  const log = createTestLog()
  for (const client of clients) await openLog(client, log)
  for (let count = 0; count < 16; count += 1) await putEntries(busy, log, [random(900_000)])
  // A binary frame of 100,000 bytes, of which a few come now and then.
  const raw = (slow.socket as unknown as { _socket: Socket })._socket
  raw.write(Buffer.concat([Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 1, 0x86, 0xa0]), random(500)]))
  deaf.socket.pause()
  for (let count = 0; count < 8; count += 1) {
    deaf.socket.send(clientMessageToFrame({ type: 'pull', request: 1000 + count, pulls: [pullItem(log)] }))
  }
  for (let look = 0; look < 12; look += 1) {
    if (raw.writable) raw.write(random(10))
    await busy.ask({ type: 'pull', pulls: [] })
    clock.advance(30_000)
  }
  await slow.closed
  deaf.socket.resume()
  await deaf.closed
  for (const client of [idle, busy]) await client.ask({ type: 'pull', pulls: [] })
})

test('a flood of wrong proofs is soon refused unchecked, all refusals are alike, and a member is served meanwhile', async (context) => {
  const hub = await start(context, { addressHeader: 'x-forwarded-for' })
  const attackers = await Promise.all(Array.from({ length: 10 }, (_, at) => from(hub, `203.0.113.${at}`)))
  const flood = Promise.all(
    attackers.map(async (attacker) => {
      const results = []
      for (let round = 0; round < 4; round += 1) {
        const logs = randomLogs(logsPerOpenMax, true)
        results.push(...(await attacker.ask({ type: 'open', resumption: undefined, logs })).results)
      }
      return results
    }),
  )
  const times = await writeUntil(hub, flood)
  const counts = refusalsOf((await flood).flat())
  context.diagnostic(`refused: ${JSON.stringify(counts)}`)
  tell(context, 'flood of wrong proofs', times)
  assert.equal(counts['opened'], undefined)
  // Of 20,480; one neighbourhood's bucket holds 16,384, and a wrong proof costs 16; it refills while the flood goes on.
  assert.ok((counts['refused'] ?? 0) < 3_000, JSON.stringify(counts))
  // Somebody from elsewhere is not concerned.
  assert.equal((await openLog(await from(hub, '198.51.100.7'), createTestLog())).rights, 7)
})

test('an unknown log, a wrong proof and a foreign ticket are refused with the same bytes', async (context) => {
  const hub = await start(context)
  const client = await connectTestClient(hub.url)
  const [there, unknown] = [createTestLog(), createTestLog()]
  const owner = await connectTestClient(hub.url)
  await openLog(owner, there)
  await putEntries(owner, there, [random(300)])
  const answers: string[] = []
  const proofs = [
    { policy: there.policy, proofs: [prove(client, unknown, 'read')] },
    { policy: unknown.policy, proofs: [prove(client, there, 'read')] },
    { policy: there.policy, proofs: [] },
    { policy: unknown.policy, proofs: [] },
  ]
  for (const item of proofs) {
    client.socket.send(clientMessageToFrame({ type: 'open', request: 9_999, resumption: undefined, logs: [item] }))
    await client.ask({ type: 'pull', pulls: [] })
    answers.push(Buffer.from(client.frames.at(-2)!).toString('hex'))
  }
  assert.equal(new Set(answers).size, 1, answers.join('\n'))
  const tickets = []
  for (const log of [there, unknown])
    tickets.push((await client.ask(toResume(client, random(32), random(40), [log]))).results)
  assert.deepEqual(tickets, [[{ refused: 'refused', waitMs: 0 }], [{ refused: 'refused', waitMs: 0 }]])
})

test('random log ids cost memory up to a limit for each connection and neighbourhood, and no room on the disk', async (context) => {
  const limits = { logsPerConnectionMax: 2_048, openLogsPerPrefixMax: 5_000 }
  const hub = await start(context, { addressHeader: 'x-forwarded-for', limits })
  const attackers = await Promise.all(Array.from({ length: 4 }, (_, at) => from(hub, `203.0.113.${at}`)))
  const attack = async () => {
    const results = []
    for (const attacker of attackers) {
      for (let round = 0; round < 6; round += 1) {
        const logs = randomLogs(logsPerOpenMax, false)
        results.push(...(await attacker.ask({ type: 'open', resumption: undefined, logs })).results)
      }
    }
    return refusalsOf(results)
  }
  const attacking = attack()
  tell(context, 'random log ids', await writeUntil(hub, attacking))
  assert.deepEqual(await attacking, { opened: 5_000, 'quota-full': 4 * 6 * logsPerOpenMax - 5_000 })
  assert.equal((await hub.totals()).logs, 1, 'only the member’s')
  for (const attacker of attackers) attacker.close()
  await Promise.all(attackers.map(({ closed }) => closed))
  const again = await from(hub, '203.0.113.99')
  while (true) {
    const { results } = await again.ask({ type: 'open', resumption: undefined, logs: randomLogs(1, false) })
    if (results[0]!.refused === undefined) break
  }
})

test('new logs are rationed: who opens a log for each entry is told to slow down', async (context) => {
  const hub = await start(context)
  const client = await connectTestClient(hub.url)
  const logs = Array.from(
    { length: 2_100 },
    (): Policy => ({ write: 'open', read: randomKey(), admin: 'none', kind: 'space' }),
  )
  const stored: string[] = []
  for (let at = 0; at < logs.length; at += 300) {
    const some = logs.slice(at, at + 300)
    await client.ask({ type: 'open', resumption: undefined, logs: some.map((one) => ({ policy: one, proofs: [] })) })
    const puts = some.map((one) => ({
      log: policyToLogId(one, testSigning),
      lane: 2 as const,
      entries: [random(64)],
      covers: [],
    }))
    stored.push(...(await client.ask({ type: 'put', puts })).results.map(({ refused }) => refused ?? 'stored'))
  }
  assert.ok(stored.filter((one) => one === 'stored').length >= 2_000)
  assert.equal(stored.at(-1), 'slow-down')
})

test('a hub has 300 clients with 3 logs each back by their tickets, at once', {
  timeout: 60_000,
}, async (context) => {
  const logs = Array.from({ length: 3 }, () => createTestLog())
  const resumption = random(32)
  const clock = createTestClock()
  const hub = await start(context, { clock })
  const first = await connectTestClient(hub.url)
  const ticket = await openForTicket(first, logs, resumption)
  const { results } = await first.ask({ type: 'pull', pulls: logs.map((log) => pullItem(log)) })
  const before = performance.now()
  const clients = await Promise.all(
    Array.from({ length: 300 }, async () => {
      const client = await connectTestClient(hub.url)
      const followed = logs.map((log) => ({ ...ticketLog(log), cursors: [cursorAt(2, 0)] }))
      const resumed = await client.ask(toResume(client, resumption, ticket, followed, results[0]!.generation))
      assert.deepEqual(resumed.results[0]!.others, [])
      return client
    }),
  )
  context.diagnostic(`300 clients were back after ${Math.round(performance.now() - before)} ms`)
  const heard = Promise.all(clients.map((client) => client.next('entries')))
  await putEntries(first, logs[0]!, [random(300)])
  await heard
  const farewells = Promise.all(clients.map((client) => client.next('goodbye')))
  await hub.close()
  const waits = (await farewells).map(({ why }) => why.waitMs)
  assert.ok(new Set(waits).size > 100, 'they are told to come back one after another')
})
