import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ticketLifetimeMs } from '@kith/core/limits'
import { resumeBytes } from '@kith/core/wire'
import { startHub } from './hub.ts'
import { random } from './node-crypto.ts'
import { createTestClock } from './testing/clock.ts'
import {
  connectTestClient,
  createTestLog,
  prove,
  type TestClient,
  type TestLog,
  testSigning,
} from './testing/client.ts'
import { createTestStorage } from './testing/storage.ts'

function showResumption(client: TestClient, seed: Uint8Array) {
  const publicKey = testSigning.ed25519PublicKey(seed)
  return { publicKey, signature: testSigning.ed25519Sign(resumeBytes(client.hello, publicKey), seed) }
}

async function firstTicket(client: TestClient, log: TestLog, seed: Uint8Array): Promise<Uint8Array> {
  const logs = [{ policy: log.policy, proofs: [prove(client, log, 'read'), prove(client, log, 'write')] }]
  const answer = await client.ask({ type: 'open', resumption: showResumption(client, seed), logs })
  return answer.results[0]!.ticket!
}

async function resume(client: TestClient, log: TestLog, seed: Uint8Array, ticket: Uint8Array) {
  const logs = [{ policy: log.policy, proofs: [{ ticket }] }]
  return (await client.ask({ type: 'open', resumption: showResumption(client, seed), logs })).results[0]!
}

test('a ticket re-opens a log with the rights that were proven, for its key, its log and one day', async (context) => {
  const clock = createTestClock()
  const hub = await startHub({ storage: await createTestStorage(context), clock })
  context.after(() => hub.close())
  const [log, other, seed] = [createTestLog(), createTestLog(), random(32)]
  const ticket = await firstTicket(await connectTestClient(hub.url), log, seed)
  const again = await connectTestClient(hub.url)
  const resumed = await resume(again, log, seed, ticket)
  assert.deepEqual([resumed.rights, resumed.ticket], [3, undefined], 'a ticket begets no ticket')
  const changed = ticket.slice()
  changed[0] = 7
  assert.equal((await resume(again, log, seed, changed)).refused, 'refused')
  assert.equal((await resume(again, other, seed, ticket)).refused, 'refused')
  assert.equal((await resume(again, log, random(32), ticket)).refused, 'refused')
  clock.advance(ticketLifetimeMs)
  assert.equal((await resume(await connectTestClient(hub.url), log, seed, ticket)).refused, 'refused')
})

test('a ticket without a signature of its key for this connection is refused', async (context) => {
  const hub = await startHub({ storage: await createTestStorage(context) })
  context.after(() => hub.close())
  const [log, seed] = [createTestLog(), random(32)]
  const first = await connectTestClient(hub.url)
  const ticket = await firstTicket(first, log, seed)
  const thief = await connectTestClient(hub.url)
  const logs = [{ policy: log.policy, proofs: [{ ticket }] }]
  for (const resumption of [undefined, showResumption(first, seed)]) {
    const { results } = await thief.ask({ type: 'open', resumption, logs })
    assert.equal(results[0]!.refused, 'refused')
  }
})
