import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { knockBytesMax } from '@kith/core/limits'
import { type Policy, policyToLogId } from '@kith/core/wire'
import { type HubOptions, startHub } from './hub.ts'
import { random } from './node-crypto.ts'
import { createTestClock } from './testing/clock.ts'
import {
  connectTestClient,
  createTestLog,
  openLog,
  pullAll,
  pullItem,
  putEntries,
  type TestClient,
  type TestLog,
  testSigning,
} from './testing/client.ts'
import { createTestStorage, type TestStorage } from './testing/storage.ts'

async function start(context: TestContext, limits: HubOptions['limits'] = {}, lasting?: TestStorage) {
  const clock = createTestClock()
  const storage = lasting ?? (await createTestStorage(context))
  const hub = await startHub({ storage, clock, limits, addressHeader: 'x-forwarded-for' })
  context.after(() => hub.close())
  const from = (address: string) => connectTestClient(hub.url, { 'x-forwarded-for': address })
  return { hub, clock, from }
}

function createBox(patch: Partial<Policy> = {}): TestLog {
  const log = createTestLog()
  const policy: Policy = { ...log.policy, write: 'open', admin: log.policy.read, kind: 'knock', ...patch }
  return { policy, id: policyToLogId(policy, testSigning), seeds: { ...log.seeds, admin: log.seeds.read } }
}

/** Writes without proving anything. */
async function knock(client: TestClient, box: TestLog, ...entries: Uint8Array[]) {
  await client.ask({ type: 'open', resumption: undefined, logs: [{ policy: box.policy, proofs: [] }] })
  return putEntries(client, box, entries)
}

async function read(client: TestClient, box: TestLog): Promise<string[]> {
  await openLog(client, box, 'read')
  return (await pullAll(client, pullItem(box))).map(({ bytes }) => Buffer.from(bytes).toString('hex'))
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test('anybody may knock without proving anything, and only the owner reads', async (context) => {
  const { from } = await start(context)
  const [owner, stranger, box, entry] = [await from('192.0.2.1'), await from('203.0.113.4'), createBox(), random(2048)]
  assert.deepEqual((await knock(stranger, box, entry)).numbers, [1])
  const { results } = await stranger.ask({ type: 'pull', pulls: [pullItem(box)] })
  assert.equal(results[0]!.refused, 'refused')
  assert.deepEqual(await read(owner, box), [hex(entry)])
})

test('a knock holds at most 2 KiB, on the tail alone', async (context) => {
  const { from } = await start(context)
  const [client, box] = [await from('203.0.113.4'), createBox()]
  assert.equal((await knock(client, box, random(knockBytesMax + 1))).refused, 'too-large')
  assert.deepEqual((await knock(client, box, random(knockBytesMax))).numbers, [1])
  for (const lane of [0, 1, 3] as const)
    assert.equal((await putEntries(client, box, [random(9)], lane)).refused, 'refused')
})

test('one neighbourhood knocks on one box a few times an hour; another, and another box, are not concerned', async (context) => {
  const { clock, from } = await start(context)
  const [client, box, other] = [await from('203.0.113.4'), createBox(), createBox()]
  for (let at = 0; at < 5; at += 1) assert.ok((await knock(client, box, random(300))).numbers)
  const refused = await knock(await from('203.0.113.99'), box, random(300))
  assert.deepEqual([refused.refused, refused.waitMs], ['slow-down', 360_000])
  assert.ok((await knock(client, other, random(300))).numbers)
  assert.ok((await knock(await from('198.51.100.1'), box, random(300))).numbers)
  clock.advance(360_000)
  assert.ok((await knock(client, box, random(300))).numbers)
  assert.equal((await knock(client, box, random(300))).refused, 'slow-down')
})

test('in a full box the oldest of the heaviest sender goes first; a quiet one keeps its knock', async (context) => {
  const { from, hub } = await start(context, { knockEntriesMax: 4, knocks: { burst: 100, perSecond: 1 } })
  const [owner, box] = [await from('192.0.2.1'), createBox()]
  const [quiet, loud] = [await from('198.51.100.1'), await from('203.0.113.4')]
  const honest = random(300)
  const flood = Array.from({ length: 9 }, () => random(300))
  await knock(loud, box, flood[0]!, flood[1]!)
  await knock(quiet, box, honest)
  for (const entry of flood.slice(2)) await knock(loud, box, entry)
  assert.deepEqual(await read(owner, box), [honest, ...flood.slice(6)].map(hex))
  assert.deepEqual((await hub.totals()).entries, 4)
  const late = random(300)
  await knock(await from('198.51.100.77'), box, late)
  assert.deepEqual((await read(owner, box)).at(-1), hex(late), 'a flood keeps nobody out')
  assert.ok((await read(owner, box)).includes(hex(honest)))
})

test('after a start what was there before counts as one sender', async (context) => {
  const storage = await createTestStorage(context, true)
  const limits = { knockEntriesMax: 3, knocks: { burst: 100, perSecond: 1 } }
  const box = createBox()
  const old = [random(300), random(300), random(300)]
  const first = await startHub({ storage, limits })
  await knock(await connectTestClient(first.url), box, ...old)
  await first.close()
  const { from } = await start(context, limits, storage)
  const [owner, fresh] = [await from('192.0.2.1'), random(300)]
  await knock(await from('203.0.113.4'), box, fresh)
  assert.deepEqual(await read(owner, box), [old[1]!, old[2]!, fresh].map(hex))
})

test('mailboxes have keys: what everybody could write to or read is refused', async (context) => {
  const { from } = await start(context)
  const client = await from('203.0.113.4')
  const key = createTestLog().policy.write
  const bad: Partial<Policy>[] = [
    { kind: 'mailbox', write: 'open' },
    { kind: 'mailbox', write: key, read: 'open' },
    { kind: 'knock', write: key },
    { kind: 'knock', read: 'open' },
  ]
  for (const patch of bad) {
    const { policy } = createBox(patch)
    const { results } = await client.ask({ type: 'open', resumption: undefined, logs: [{ policy, proofs: [] }] })
    assert.equal(results[0]!.refused, 'bad-policy')
  }
})

test('one contact fills its own mailbox only', async (context) => {
  const { from } = await start(context, { mailboxEntriesMax: 2, mailboxBytesMax: 1000 })
  const [client, space, keyed] = [await from('203.0.113.4'), createTestLog(), createTestLog()]
  const policy: Policy = { ...keyed.policy, kind: 'mailbox' }
  const own: TestLog = { ...keyed, policy, id: policyToLogId(policy, testSigning) }
  await openLog(client, own)
  assert.equal((await putEntries(client, own, [random(600), random(600)])).refused, 'quota-full')
  assert.ok((await putEntries(client, own, [random(300), random(300)])).numbers)
  assert.equal((await putEntries(client, own, [random(10)])).refused, 'quota-full')
  await openLog(client, space)
  assert.ok((await putEntries(client, space, [random(900), random(900), random(900)])).numbers)
})
