import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { test, type TestContext } from 'node:test'
import { concatBytes } from '@kith/core/bytes'
import { type Hub, startHub } from './hub.ts'
import { random } from './node-crypto.ts'
import {
  connectTestClient,
  createTestLog,
  openLog,
  putEntries,
  type TestClient,
  type TestLog,
} from './testing/client.ts'
import { askTerms, blindTokens, fetchTokens, join, payTokens } from './testing/member.ts'

const metered = { access: 'metered', roomBytes: 1024 * 1024, tokensPerPeriod: 200 } as const

async function start(context: TestContext): Promise<Hub> {
  const hub = await startHub({ storage: ':memory:', access: metered, addressHeader: 'x-forwarded-for' })
  context.after(() => hub.close())
  return hub
}

async function enter(url: string, secret: string): Promise<{ client: TestClient; seed: Uint8Array }> {
  const client = await connectTestClient(url)
  const seed = random(32)
  assert.equal(await join(client, secret, seed), 'joined')
  return { client, seed }
}

async function openFresh(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ client: TestClient; log: TestLog }> {
  const client = await connectTestClient(url, headers)
  const log = createTestLog()
  await openLog(client, log)
  return { client, log }
}

const isStored = async (client: TestClient, log: TestLog) => (await putEntries(client, log, [random(100)])).refused

test('forged tokens buy nothing: bent anywhere, of another hub, made up, or signed blind for something else', async (context) => {
  const hub = await start(context)
  const other = await start(context)
  const { client, seed } = await enter(hub.url, (await hub.members.invite()).secret)
  const [good, spare] = await fetchTokens(client, seed, 2)
  const { client: payer, log } = await openFresh(hub.url)
  for (const at of [0, 1, 2, 33, 34, 66, 97, 98, 200, 353]) {
    const bent = good!.slice()
    bent[at]! ^= 1
    assert.equal(await payTokens(payer, log, [bent]), 'token-invalid', `bent at ${at}`)
  }
  assert.equal(await payTokens(payer, log, [random(354)]), 'token-invalid')
  const stranger = await enter(other.url, (await other.members.invite()).secret)
  const foreign = await fetchTokens(stranger.client, stranger.seed, 1)
  assert.equal(await payTokens(payer, log, foreign), 'token-invalid')
  // One bad among good ones: none is taken.
  assert.equal(await payTokens(payer, log, [good!, random(354)]), 'token-invalid')
  assert.equal(await isStored(payer, log), 'token-needed')
  assert.equal(await payTokens(payer, log, [good!]), 'paid')
  // The same nonce under the same key is the same token, whatever else is in it.
  assert.equal(await payTokens(payer, log, [good!]), 'token-spent')
  assert.equal(await payTokens(payer, log, [spare!, spare!]), 'token-spent')
  assert.equal(await isStored(payer, log), undefined)
})

test('a token that many connections spend at once buys for one of them', async (context) => {
  const hub = await start(context)
  const { client, seed } = await enter(hub.url, (await hub.members.invite()).secret)
  const [token] = await fetchTokens(client, seed, 1)
  const payers = await Promise.all(Array.from({ length: 12 }, () => openFresh(hub.url)))
  const answers = await Promise.all(payers.map(({ client: payer, log }) => payTokens(payer, log, [token!])))
  assert.equal(answers.filter((answer) => answer === 'paid').length, 1)
  assert.equal(answers.filter((answer) => answer === 'token-spent').length, 11)
  const stored = await Promise.all(payers.map(({ client: payer, log }) => isStored(payer, log)))
  assert.deepEqual(
    stored.map((refused) => refused === undefined),
    answers.map((answer) => answer === 'paid'),
  )
})

type Child = { url: string; secret: string; kill: () => Promise<void> }

async function startChild(context: TestContext, storage: string): Promise<Child> {
  const child = fork(new URL('./testing/hub-process.ts', import.meta.url), [storage, JSON.stringify(metered)])
  context.after(() => child.kill('SIGKILL'))
  const [{ url, secret }] = (await once(child, 'message')) as [{ url: string; secret: string }]
  const exited = once(child, 'exit')
  return {
    url,
    secret,
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

test('after kill -9, what was answered holds: spent stays spent with what it bought, members stay, keys stay; what was not, is whole or not at all', {
  timeout: 120_000,
}, async (context) => {
  const folder = mkdtempSync(joinPath(tmpdir(), 'kith-tokens-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  const storage = joinPath(folder, 'hub.db')
  const first = await startChild(context, storage)
  const { client, seed } = await enter(first.url, first.secret)
  const tokens = await fetchTokens(client, seed, 9)
  const { client: payer, log } = await openFresh(first.url)
  assert.equal(await payTokens(payer, log, [tokens[0]!]), 'paid')
  // Eight more are under way when the process dies.
  const others = await Promise.all(tokens.slice(1).map(async (token) => ({ token, ...(await openFresh(first.url)) })))
  const answered = new Set<Uint8Array>()
  for (const { client: one, log: theirs, token } of others)
    void payTokens(one, theirs, [token]).then((answer) => answer === 'paid' && answered.add(token))
  await first.kill()

  const second = await startChild(context, storage)
  const again = await connectTestClient(second.url)
  await openLog(again, log)
  assert.equal(await payTokens(again, log, [tokens[0]!]), 'token-spent')
  assert.equal(await isStored(again, log), undefined, 'what it bought is there')
  for (const { log: theirs, token } of others) {
    await openLog(again, theirs)
    const hasRoom = (await isStored(again, theirs)) === undefined
    if (answered.has(token)) assert.ok(hasRoom, 'it was answered')
    const fresh = await openFresh(second.url)
    assert.equal(await payTokens(fresh.client, fresh.log, [token]), hasRoom ? 'token-spent' : 'paid')
  }
  const member = await connectTestClient(second.url)
  assert.equal((await fetchTokens(member, seed, 1)).length, 1)
  await second.kill()
})

test('a flood of bad tokens is soon refused unchecked, and members are served meanwhile', async (context) => {
  const hub = await start(context)
  const { client, seed } = await enter(hub.url, (await hub.members.invite()).secret)
  const [token, more] = await fetchTokens(client, seed, 2)
  const { client: writer, log } = await openFresh(hub.url)
  assert.equal(await payTokens(writer, log, [token!]), 'paid')
  const attackers = await Promise.all(
    Array.from({ length: 8 }, (_, at) => openFresh(hub.url, { 'x-forwarded-for': `203.0.113.${at}` })),
  )
  // Right but for the signature, so that each costs a check.
  const bad = Array.from({ length: 16 }, () => concatBytes(more!.subarray(0, 98), random(256)))
  const flood = Promise.all(
    attackers.map(async ({ client: attacker, log: target }) => {
      const counts = new Map<string, number>()
      for (let round = 0; round < 80; round += 1) {
        const pays = bad.map((one) => ({ log: target.id, tokens: [one], works: [] }))
        const { results } = await attacker.ask({ type: 'pay', pays })
        for (const { refused = 'paid' } of results) counts.set(refused, (counts.get(refused) ?? 0) + 1)
      }
      return counts
    }),
  )
  const isOver = { value: false }
  void flood.finally(() => (isOver.value = true))
  const times: number[] = []
  do {
    const before = performance.now()
    assert.equal(await isStored(writer, log), undefined)
    times.push(performance.now() - before)
  } while (!isOver.value)
  times.sort((a, b) => a - b)
  context.diagnostic(
    `${times.length} writes of a member, p50 ${times[times.length >> 1]?.toFixed(1)} ms, p99 ${times[Math.floor(times.length * 0.99)]?.toFixed(1)} ms`,
  )
  const sum = (name: string) => [...counts].reduce((all, one) => all + (one.get(name) ?? 0), 0)
  const counts = await flood
  context.diagnostic(`refused: ${sum('token-invalid')} after a check, ${sum('slow-down')} without`)
  assert.equal(sum('paid'), 0)
  // Of 10,240; one neighbourhood's bucket holds 16,384, and a bad token costs 16; it refills while the flood goes on.
  assert.ok(sum('token-invalid') < 3_000)
  assert.equal(await payTokens(writer, log, [more!]), 'paid')
})

test('floods of invite codes and of strangers’ requests for tokens give nothing, and are soon refused unchecked', async (context) => {
  const hub = await start(context)
  const { secret } = await hub.members.invite()
  const attacker = await connectTestClient(hub.url, { 'x-forwarded-for': '203.0.113.9' })
  const { requests } = await blindTokens(attacker, (await askTerms(attacker)).terms.keys[0]!.modulus, 1)
  const answers = new Map<string, number>()
  const count = (answer: string) => answers.set(answer, (answers.get(answer) ?? 0) + 1)
  for (let at = 0; at < 1000; at += 1) {
    const code = Buffer.concat([Buffer.from(secret, 'base64url').subarray(0, 32), random(16)]).toString('base64url')
    count(await join(attacker, code, random(32)))
  }
  assert.equal(answers.get('joined'), undefined)
  assert.ok((answers.get('slow-down') ?? 0) > 300, JSON.stringify([...answers]))
  const refused = await attacker.ask({ type: 'issue', member: random(32), signature: random(64), requests })
  assert.ok(['slow-down', 'refused'].includes(refused.results[0]!.refused!))
  // From elsewhere, the invite is as good as before.
  await enter(hub.url, secret)
})

test('a hub keeps of members and tokens a hash, a key, numbers and nonces, and no token or code', async (context) => {
  const folder = mkdtempSync(joinPath(tmpdir(), 'kith-tokens-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  const storage = joinPath(folder, 'hub.db')
  const hub = await startHub({ storage, access: metered })
  const { secret } = await hub.members.invite()
  const { client, seed } = await enter(hub.url, secret)
  const tokens = await fetchTokens(client, seed, 2)
  const { client: payer, log } = await openFresh(hub.url)
  assert.equal(await payTokens(payer, log, [tokens[0]!]), 'paid')
  await hub.close()
  const kept = readFileSync(storage)
  const holds = (bytes: Uint8Array) => kept.includes(Buffer.from(bytes))
  assert.ok(holds(tokens[0]!.subarray(2, 34)), 'the nonce of what was spent')
  assert.ok(!holds(tokens[1]!.subarray(2, 34)), 'nothing of what was not')
  for (const token of tokens) assert.ok(!holds(token.subarray(98, 130)))
  assert.ok(!holds(Buffer.from(secret, 'base64url').subarray(32)))
})
