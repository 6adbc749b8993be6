import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { isSolution, searchWork, type WorkChallenge } from '@kith/core/wire'
import { type Hub, type HubOptions, startHub } from './hub.ts'
import { random } from './node-crypto.ts'
import {
  connectTestClient,
  createTestLog,
  openLog,
  putEntries,
  type TestClient,
  testSigning,
} from './testing/client.ts'
import { dayMs } from './store/days.ts'
import { createTestClock } from './testing/clock.ts'
import { askTerms, blindTokens, fetchTokens, issue, join, payTokens } from './testing/member.ts'
import { createTestStorage } from './testing/storage.ts'

const mebibyte = 1024 * 1024

async function start(context: TestContext, options: Partial<HubOptions>): Promise<Hub> {
  const hub = await startHub({ storage: await createTestStorage(context), ...options })
  context.after(() => hub.close())
  return hub
}

/** A member's seed, and a connection that has shown it. */
async function enter(hub: Hub): Promise<{ client: TestClient; seed: Uint8Array }> {
  const client = await connectTestClient(hub.url)
  const seed = random(32)
  assert.equal(await join(client, (await hub.members.invite()).secret, seed), 'joined')
  return { client, seed }
}

const putOne = async (client: TestClient, log: ReturnType<typeof createTestLog>, bytes = 100) =>
  (await putEntries(client, log, [random(bytes)])).refused ?? 'stored'

test('a hub for invited members takes a new log for a token; who shares the log then needs none', async (context) => {
  const hub = await start(context, { access: { access: 'invited', tokensPerPeriod: 2 } })
  const { client, seed } = await enter(hub)
  const { terms } = await askTerms(client)
  assert.deepEqual([terms.access, terms.tokensPerPeriod, terms.keys.length], ['invited', 2, 1])
  const [token] = await fetchTokens(client, seed, 1)
  // The log is only ever seen on another connection.
  const writer = await connectTestClient(hub.url)
  const log = createTestLog()
  await openLog(writer, log)
  assert.equal(await putOne(writer, log), 'token-needed')
  assert.equal((await hub.totals()).logs, 0)
  assert.equal(await payTokens(writer, log, [token!]), 'paid')
  assert.equal(await putOne(writer, log, 500_000), 'stored')
  const guest = await connectTestClient(hub.url)
  await openLog(guest, log)
  assert.equal(await putOne(guest, log, 500_000), 'stored')
})

test('a metered hub gives a log the room that tokens have bought; what is there already can always be put again', async (context) => {
  const hub = await start(context, { access: { access: 'metered', roomBytes: mebibyte, tokensPerPeriod: 3 } })
  const { client, seed } = await enter(hub)
  const [first, second] = await fetchTokens(client, seed, 2)
  const log = createTestLog()
  await openLog(client, log)
  assert.equal(await payTokens(client, log, [first!]), 'paid')
  const entry = random(900_000)
  assert.ok((await putEntries(client, log, [entry])).numbers)
  assert.equal(await putOne(client, log, 200_000), 'token-needed')
  assert.deepEqual((await putEntries(client, log, [entry])).numbers, [1])
  assert.equal(await payTokens(client, log, [second!]), 'paid')
  assert.equal(await putOne(client, log, 200_000), 'stored')
})

test('an invite makes one member, in its time, until it is taken back; the same key may ask again', async (context) => {
  const clock = createTestClock()
  const hub = await start(context, { access: { access: 'invited', inviteDays: 2, tokensPerPeriod: 4 }, clock })
  const client = await connectTestClient(hub.url)
  const { n, secret } = await hub.members.invite()
  const seed = random(32)
  assert.equal(await join(client, secret, seed), 'joined')
  assert.equal(await join(client, secret, seed), 'joined', 'its answer may have been lost')
  assert.equal(await join(client, secret, random(32)), 'refused')
  const late = await hub.members.invite()
  assert.equal(await join(client, `${'A'.repeat(43)}${secret.slice(43, -4)}AAAA`, random(32)), 'refused')
  assert.deepEqual(
    (await hub.members.list()).map(({ n: number, isJoined }) => [number, isJoined]),
    [
      [n, true],
      [late.n, false],
    ],
  )
  clock.advance(2 * dayMs + 1)
  assert.equal(await join(client, late.secret, random(32)), 'refused')
  assert.equal((await fetchTokens(client, seed, 1)).length, 1)
  assert.ok(await hub.members.remove(n))
  assert.ok(!(await hub.members.remove(n)))
  const { terms } = await askTerms(client)
  const { requests } = await blindTokens(client, terms.keys[0]!.modulus, 1)
  assert.equal((await issue(client, seed, requests))[0]!.refused, 'refused')
})

test('a member gets so many tokens a period, and the same request again for nothing; the next period gives new ones', async (context) => {
  const clock = createTestClock()
  const hub = await start(context, { access: { access: 'metered', tokensPerPeriod: 3, periodDays: 10 }, clock })
  const { client, seed } = await enter(hub)
  const { terms } = await askTerms(client)
  const two = await blindTokens(client, terms.keys[0]!.modulus, 2)
  const issued = await issue(client, seed, two.requests)
  assert.deepEqual(await issue(client, seed, two.requests), issued, 'the answer may have been lost')
  const more = await blindTokens(client, terms.keys[0]!.modulus, 2)
  assert.deepEqual(
    (await issue(client, seed, more.requests)).map(({ refused }) => refused),
    ['tokens-used-up', 'tokens-used-up'],
  )
  assert.equal((await fetchTokens(client, seed, 1)).length, 1)
  const stranger = await issue(client, random(32), more.requests)
  assert.deepEqual(
    stranger.map(({ refused }) => refused),
    ['refused', 'refused'],
  )
  clock.advance(10 * dayMs + 1)
  assert.equal((await fetchTokens(client, seed, 3)).length, 3)
  assert.equal((await askTerms(client)).terms.keys.length, 2, 'the old key is good for one more period')
})

test('tokens end with the period after theirs, and what was spent under an old key is forgotten with it', async (context) => {
  const clock = createTestClock()
  const hub = await start(context, { access: { access: 'metered', tokensPerPeriod: 4, periodDays: 10 }, clock })
  const { client, seed } = await enter(hub)
  const [first, second, third] = await fetchTokens(client, seed, 3)
  const log = createTestLog()
  await openLog(client, log)
  assert.equal(await payTokens(client, log, [first!]), 'paid')
  clock.advance(15 * dayMs)
  await hub.tidy()
  assert.equal(await payTokens(client, log, [first!]), 'token-spent')
  assert.equal(await payTokens(client, log, [second!]), 'paid')
  clock.advance(5 * dayMs + 1)
  await hub.tidy()
  assert.equal(await payTokens(client, log, [third!]), 'token-invalid')
  assert.equal(await payTokens(client, log, [first!]), 'token-invalid')
})

/** A solution of one challenge is by chance one of another's in 1 of 65,536. */
const strangersBits = 16

test('letter boxes of a members’ hub take strangers’ work instead of tokens, each solution for one log, for a while', async (context) => {
  const clock = createTestClock()
  const hub = await start(context, { access: { access: 'invited', workBits: strangersBits }, clock })
  const stranger = await connectTestClient(hub.url)
  const box = createTestLog('mailbox')
  const other = createTestLog('mailbox')
  for (const log of [box, other]) await openLog(stranger, log)
  assert.equal(await putOne(stranger, box), 'work-needed')
  const { results } = await askTerms(stranger, [box.id, random(32)])
  assert.equal(results[1]!.refused, 'refused')
  const challenge = results[0] as unknown as WorkChallenge
  assert.equal(challenge.bits, strangersBits)
  const found = searchWork(testSigning, challenge, 0, 3_000_000)
  assert.ok('nonce' in found && isSolution(testSigning, challenge, found.nonce))
  const work = { bits: challenge.bits, expiresMs: challenge.expiresMs, nonce: found.nonce }
  const pay = async (log: typeof box, given: typeof work) =>
    (await stranger.ask({ type: 'pay', pays: [{ log: log.id, tokens: [], works: [given] }] })).results[0]!.refused
  assert.equal(await pay(other, work), 'work-needed')
  assert.equal(await pay(box, { ...work, expiresMs: work.expiresMs + 1 }), 'work-needed')
  for (let bits = 1; bits < strangersBits; bits += 1) assert.equal(await pay(box, { ...work, bits }), 'work-needed')
  assert.equal(await pay(box, { ...work, bits: 255 }), 'work-needed')
  assert.equal(await pay(box, work), undefined)
  assert.equal(await putOne(stranger, box), 'stored')
  assert.equal(await putOne(stranger, box), 'stored', 'a log that is there costs nothing')
  assert.equal(await putOne(stranger, other), 'work-needed')
  clock.advance(11 * 60_000)
  assert.equal(await pay(box, work), 'work-needed')
})

test('an open hub asks a crowded neighbourhood for work, the more the more crowded, and nobody else', async (context) => {
  const hub = await start(context, {
    addressHeader: 'x-forwarded-for',
    access: { workBits: 6 },
    limits: {
      perPrefix: {
        requests: { burst: 1e6, perSecond: 1e6 },
        entries: { burst: 1e6, perSecond: 1e6 },
        putBytes: { burst: 1e9, perSecond: 1e9 },
        newLogs: { burst: 10, perSecond: 1e-9 },
        proofs: { burst: 1e6, perSecond: 1e6 },
        signals: { burst: 1e6, perSecond: 1e6 },
        carries: { burst: 1e6, perSecond: 1e6 },
        carriedBytes: { burst: 1e9, perSecond: 1e9 },
      },
    },
  })
  const from = (address: string) => connectTestClient(hub.url, { 'x-forwarded-for': address })
  const crowd = await from('203.0.113.1')
  const answers: string[] = []
  const bits: number[] = []
  for (let count = 0; count < 40; count += 1) {
    const log = createTestLog()
    await openLog(crowd, log)
    const answer = await putOne(crowd, log)
    answers.push(answer)
    if (answer !== 'work-needed') continue
    const challenge = (await askTerms(crowd, [log.id])).results[0] as unknown as WorkChallenge
    bits.push(challenge.bits)
    const found = searchWork(testSigning, challenge, 0, 1_000_000)
    assert.ok('nonce' in found)
    const work = { bits: challenge.bits, expiresMs: challenge.expiresMs, nonce: found.nonce }
    await crowd.ask({ type: 'pay', pays: [{ log: log.id, tokens: [], works: [work] }] })
    assert.equal(await putOne(crowd, log), 'stored')
  }
  assert.deepEqual(new Set(answers.slice(0, 5)), new Set(['stored']))
  assert.deepEqual(new Set(answers.slice(6)), new Set(['work-needed']))
  assert.ok(bits.at(-1)! > bits[0]!, bits.join())
  const elsewhere = await from('198.51.100.1')
  const log = createTestLog()
  await openLog(elsewhere, log)
  assert.equal(await putOne(elsewhere, log), 'stored')
})

test('nonsense in the settings is refused before anything is made', async () => {
  for (const access of [{ tokensPerPeriod: 0 }, { tokensPerPeriod: 5000 }, { workBits: 30 }, { periodDays: 0.5 }])
    await assert.rejects(startHub({ storage: ':memory:', access }), { code: 'bad-value' })
})
