import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { ticketLifetimeMs } from '@kith/core/limits'
import type { LaneCursor, ResumeItem } from '@kith/core/wire'
import { type HubOptions, startHub } from './hub.ts'
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
  readPulled,
  showResumption,
  type TestClient,
  type TestLog,
  ticketLog,
  toResume,
} from './testing/client.ts'
import { createTestStorage } from './testing/storage.ts'

async function start(context: TestContext, options: Partial<HubOptions> = {}) {
  const hub = await startHub({ storage: await createTestStorage(context), ...options })
  context.after(() => hub.close())
  return hub
}

/** Whether this client may read the log, and write to it. */
async function rightsOf(client: TestClient, log: TestLog): Promise<boolean[]> {
  const [pulled] = (await client.ask({ type: 'pull', pulls: [pullItem(log)] })).results
  // What comes later must not be taken for what the test waits for.
  if (pulled!.news) await readPulled(client)
  const put = await putEntries(client, log, [])
  return [pulled!.refused === undefined, put.refused === undefined]
}

test('a ticket re-opens its logs with the rights that were proven, for its key, its list and one day', async (context) => {
  const clock = createTestClock()
  const hub = await start(context, { clock })
  const [logs, other, seed] = [[createTestLog(), createTestLog()], createTestLog(), random(32)]
  const first = await connectTestClient(hub.url)
  const items = logs.map((log, at) => ({
    policy: log.policy,
    proofs: [prove(first, log, 'read'), ...(at === 0 ? [prove(first, log, 'write')] : [])],
  }))
  const { ticket } = await first.ask({ type: 'open', resumption: showResumption(first, seed), logs: items })
  assert.ok(ticket)
  const list = [ticketLog(logs[0]!, ['read', 'write']), ticketLog(logs[1]!, ['read'])].map(
    (log): ResumeItem => ({ ...log, cursors: [] }),
  )
  const again = await connectTestClient(hub.url)
  const attempts: Record<string, Parameters<typeof toResume>> = {
    'with a changed expiry': [again, seed, ticket.with(3, 255), list],
    'with another MAC': [again, seed, ticket.with(39, ticket[39]! ^ 1), list],
    'with more rights': [again, seed, ticket, [list[0]!, { ...list[1]!, rights: 3 }]],
    'of another kind': [again, seed, ticket, [list[0]!, { ...list[1]!, kind: 'mailbox' }]],
    'for another log': [again, seed, ticket, [list[0]!, { ...list[1]!, log: other.id }]],
    'for a log more': [again, seed, ticket, [...list, { ...ticketLog(other), cursors: [] }]],
    'without one of its logs': [again, seed, ticket, list.slice(0, 1)],
    'in another order': [again, seed, ticket, list.toReversed()],
    'by another key': [again, random(32), ticket, list],
  }
  for (const [what, attempt] of Object.entries(attempts)) {
    const { results } = await again.ask(toResume(...attempt))
    assert.deepEqual(results, [{ refused: 'refused', waitMs: 0 }], what)
  }
  for (const log of logs) assert.deepEqual(await rightsOf(again, log), [false, false])
  assert.deepEqual((await again.ask(toResume(again, seed, ticket, list))).results[0]!.others, [])
  assert.deepEqual(await rightsOf(again, logs[0]!), [true, true])
  assert.deepEqual(await rightsOf(again, logs[1]!), [true, false])
  clock.advance(ticketLifetimeMs)
  const late = await connectTestClient(hub.url)
  assert.equal((await late.ask(toResume(late, seed, ticket, list))).results[0]!.refused, 'refused')
})

test('a ticket without a signature of its key for this connection is refused', async (context) => {
  const hub = await start(context)
  const [log, seed] = [createTestLog(), random(32)]
  const first = await connectTestClient(hub.url)
  const ticket = await openForTicket(first, [log], seed)
  const thief = await connectTestClient(hub.url)
  const message = toResume(thief, seed, ticket, [log])
  const stolen = { ...message, resumption: showResumption(first, seed) }
  assert.equal((await thief.ask(stolen)).results[0]!.refused, 'refused')
  assert.deepEqual(await rightsOf(thief, log), [false, false])
  assert.deepEqual((await thief.ask(message)).results[0]!.others, [], 'it is the signature that was wrong')
})

test('only what was proven by a signature just then has a ticket', async (context) => {
  const hub = await start(context)
  const [log, seed] = [createTestLog(), random(32)]
  const client = await connectTestClient(hub.url)
  const box = createTestLog('knock')
  const open = (...logs: TestLog[]) =>
    logs.map((one) => ({ policy: one.policy, proofs: one === box ? [] : [prove(client, one, 'read')] }))
  const wrong = { policy: log.policy, proofs: [{ right: 'read' as const, signature: random(64) }] }
  const resumption = showResumption(client, seed)
  assert.equal((await client.ask({ type: 'open', resumption: undefined, logs: open(log) })).ticket, undefined)
  assert.equal((await client.ask({ type: 'open', resumption, logs: [wrong] })).ticket, undefined)
  assert.equal((await client.ask({ type: 'open', resumption, logs: open(box) })).ticket, undefined, 'open to everybody')
  const { ticket } = await client.ask({ type: 'open', resumption, logs: [...open(box, log), wrong] })
  const again = await connectTestClient(hub.url)
  const list: ResumeItem[] = [{ ...ticketLog(log, ['read']), cursors: [] }]
  assert.deepEqual((await again.ask(toResume(again, seed, ticket!, list))).results[0]!.others, [])
  assert.equal((await again.ask(toResume(again, seed, ticket!, list))).ticket, undefined)
})

test('what has no news is followed from where the client stands, all else is named and only open', async (context) => {
  const hub = await start(context)
  const seed = random(32)
  const logs = Array.from({ length: 8 }, () => createTestLog())
  const writer = await connectTestClient(hub.url)
  const ticket = await openForTicket(writer, logs, seed)
  const entries = logs.map(() => random(300))
  let generation = random(16)
  for (const [at, log] of logs.entries()) generation = (await putEntries(writer, log, [entries[at]!])).generation
  await putEntries(writer, logs[1]!, [random(300)])
  await putEntries(writer, logs[2]!, [random(300)], 0)
  const stands: (readonly LaneCursor[] | undefined)[] = [
    [cursorAt(0, 0), cursorAt(1, 0), cursorAt(2, 1, entries[0])],
    [cursorAt(2, 1, entries[1])],
    [cursorAt(0, 0), cursorAt(2, 1, entries[2])],
    // Another entry is under that number, or none yet: the hub is an older copy of itself.
    [cursorAt(2, 1, random(300))],
    [cursorAt(2, 2, entries[4])],
    [cursorAt(0, 1, entries[5]), cursorAt(2, 1, entries[5])],
    [],
    undefined,
  ]
  const list = logs.map((log, at): ResumeItem => ({ ...ticketLog(log), cursors: stands[at] }))
  const client = await connectTestClient(hub.url)
  const { results } = await client.ask(toResume(client, seed, ticket, list, generation))
  const lost = { refused: 'other-generation', waitMs: 0 }
  assert.deepEqual(results[0], {
    generation,
    others: [
      { at: 1, why: undefined },
      { at: 2, why: undefined },
      { at: 3, why: lost },
      { at: 4, why: lost },
      { at: 5, why: lost },
    ],
  })
  for (const log of logs.slice(0, 7)) assert.deepEqual(await rightsOf(client, log), [true, true])
  assert.deepEqual(await rightsOf(client, logs[7]!), [false, false], 'named for the ticket’s sake alone')
  // All are written to; what comes by itself is of the one that is followed. An answer comes after what was pushed before it.
  assert.deepEqual(client.waiting(), [])
  for (const log of logs) for (const lane of [0, 1, 2] as const) await putEntries(writer, log, [random(300)], lane)
  await client.ask({ type: 'pull', pulls: [] })
  const pushed = client.waiting().map((message) => message.type === 'entries' && [message.log, message.lane])
  assert.deepEqual(
    pushed,
    [0, 1, 2].map((lane) => [logs[0]!.id, lane]),
  )
})

test('an entry that was dropped since proves nothing: the log is followed', async (context) => {
  const hub = await start(context)
  const seed = random(32)
  const log = createTestLog('location')
  const writer = await connectTestClient(hub.url)
  const ticket = await openForTicket(writer, [log], seed)
  const entries = Array.from({ length: 6 }, () => random(300))
  const { generation } = await putEntries(writer, log, entries)
  const client = await connectTestClient(hub.url)
  const resume = (cursors: LaneCursor[]) =>
    client.ask(toResume(client, seed, ticket, [{ ...ticketLog(log), cursors }], generation))
  assert.deepEqual((await resume([cursorAt(2, 6, entries[5])])).results[0]!.others, [])
  assert.deepEqual((await resume([cursorAt(2, 1, entries[0])])).results[0]!.others, [{ at: 0, why: undefined }])
})

test('where cursors are of another generation, or of none, logs are opened and nothing is followed', async (context) => {
  const hub = await start(context)
  const [log, seed] = [createTestLog(), random(32)]
  const writer = await connectTestClient(hub.url)
  const ticket = await openForTicket(writer, [log], seed)
  const { generation } = await openLog(writer, log)
  for (const named of [random(16), undefined]) {
    const client = await connectTestClient(hub.url)
    const list = [{ ...ticketLog(log), cursors: [cursorAt(2, 0)] }]
    const { results } = await client.ask(toResume(client, seed, ticket, list, named))
    assert.deepEqual(results[0], { generation, others: [] })
    await putEntries(writer, log, [random(300)])
    const pulled = await client.ask({ type: 'pull', pulls: [pullItem(log, { n: 0 })] })
    assert.equal(pulled.results[0]!.news, true)
    assert.ok((await client.next('entries')).request > 0, 'it was asked for')
  }
})

test('logs beyond what a connection may have open are named, and the others are open', async (context) => {
  const seed = random(32)
  const logs = Array.from({ length: 5 }, () => createTestLog())
  const storage = await createTestStorage(context)
  const limits = { logsPerConnectionMax: 5 }
  const hub = await startHub({ storage, limits })
  context.after(() => hub.close())
  const ticket = await openForTicket(await connectTestClient(hub.url), logs, seed)
  const client = await connectTestClient(hub.url)
  for (let count = 0; count < 3; count += 1) await openLog(client, createTestLog())
  const { results } = await client.ask(toResume(client, seed, ticket, logs))
  const why = { refused: 'quota-full', waitMs: 0 }
  assert.deepEqual(
    results[0]!.others,
    [2, 3, 4].map((at) => ({ at, why })),
  )
  assert.deepEqual(await rightsOf(client, logs[1]!), [true, true])
  assert.deepEqual(await rightsOf(client, logs[2]!), [false, false])
})
