import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { channelPrologue, startHandshake } from '@kith/core/crypto/channel'
import type { HubEntries } from '@kith/core/sync'
import { proofBytes } from '@kith/core/wire'
import { createDice } from '@kith/testing/simulation'
import { nodeChannelling, random } from './node-crypto.ts'
import { connectThrough, dial, forwardTo, openChannel, start, tap } from './testing/carried.ts'
import { createTestLog, openLog, type TestResult, testSigning } from './testing/client.ts'
import { createMalformer } from './testing/malform.ts'
import type { Meddle } from './testing/tap.ts'

const has = (messages: readonly Uint8Array[], bytes: Uint8Array): boolean =>
  messages.some((message) => Buffer.from(message).includes(Buffer.from(bytes)))

test('what is put through a carrier is at the other hub and read there; the carrier sees neither log nor entry, nor their sizes', async (context) => {
  const target = await start(context)
  const far = await tap(context, target.url)
  const carrier = await start(context, forwardTo(far.url))
  const near = await tap(context, carrier.url)
  const log = createTestLog()
  const wish = {
    policy: log.policy,
    rights: [
      { right: 'read' as const, seed: log.seeds.read },
      { right: 'write' as const, seed: log.seeds.write },
    ],
  }
  const came = Promise.withResolvers<HubEntries>()
  const writer = await connectThrough(context, near.url, far.url, target.key)
  const reader = await connectThrough(context, near.url, far.url, target.key, {
    entries: (event) => event.entries.length > 0 && came.resolve(event),
  })
  const opened = [...(await writer.open([wish])), ...(await reader.open([wish]))]
  for (const one of opened) assert.ok('rights' in one && one.rights.length === 2)
  await reader.pull([{ log: log.id, lane: 2, follow: true }])
  const entries = [new Uint8Array(random(300)), new Uint8Array(random(1_000_000))]
  await writer.put(log.id, 2, entries)
  const got = [...(await came.promise).entries]
  assert.deepEqual(got[0]?.bytes, entries[0])

  // A direct connection to the other hub finds it there, and is what the taps would see otherwise.
  const open = await tap(context, target.url)
  const direct = await dial(context, open.url)
  await openLog(direct, log)
  assert.ok(has(open.up, log.policy.read as Uint8Array))
  for (const seen of [near.up, near.down, far.up, far.down])
    for (const secret of [log.id, log.policy.read as Uint8Array, ...entries.map((entry) => entry.subarray(0, 32))])
      assert.ok(!has(seen, secret))
  // Pieces of a few sizes, and the handshakes.
  const sizes = new Set([...near.up, ...near.down].map(({ length }) => length).filter((length) => length > 200))
  assert.ok(sizes.size <= 8, [...sizes].join())
  assert.equal((await carrier.totals()).logs, 0)
  assert.equal((await target.totals()).entries, 2)
})

const log = createTestLog()
const readAndWrite = {
  policy: log.policy,
  rights: [{ right: 'write' as const, seed: log.seeds.write }],
}

/** Pieces come from the fourth message on: hello, answer, handshake before them. */
const tampering: Readonly<Record<string, Meddle>> = {
  alters: (message, n) => [n >= 3 ? message.with(20, (message[20] as number) ^ 1) : message],
  drops: (message, n) => (n === 4 ? [] : [message]),
  repeats: (message, n) => (n >= 3 ? [message, message] : [message]),
  'cuts off': (message, n) => [n >= 3 ? message.subarray(0, -1) : message],
  'adds its own': (message, n) => (n >= 3 ? [new Uint8Array(300), message] : [message]),
  'alters the handshake': (message, n) => [n === 2 ? message.with(30, (message[30] as number) ^ 1) : message],
  'answers itself': (message, n) => [n === 2 ? new Uint8Array(60) : message],
}

for (const [what, down] of Object.entries(tampering))
  test(`a carrier that ${what} is noticed, and nothing of it is accepted`, async (context) => {
    const target = await start(context)
    const carrier = await start(context, forwardTo(target.url))
    const near = await tap(context, carrier.url, { down })
    let accepted = 0
    const connection = await connectThrough(context, near.url, target.url, target.key, {
      entries: ({ entries }) => (accepted += entries.length),
    })
    const asked = [connection.terms(), connection.open([readAndWrite]), connection.terms()]
    assert.equal(((await connection.ended) as { code?: string }).code, 'channel-broken')
    await Promise.allSettled(asked)
    assert.equal(accepted, 0)
  })

test('a carrier that alters or repeats what the client says gets nothing done in its name', async (context) => {
  for (const meddle of [
    (message: Uint8Array, n: number) => [n >= 2 ? message.with(40, (message[40] as number) ^ 1) : message],
    (message: Uint8Array, n: number) => (n >= 3 ? [message, message] : [message]),
  ]) {
    const target = await start(context)
    const carrier = await start(context, forwardTo(target.url))
    const near = await tap(context, carrier.url, { up: meddle })
    const connection = await connectThrough(context, near.url, target.url, target.key)
    const put = connection
      .open([readAndWrite])
      .then(() => connection.put(log.id, 2, [new Uint8Array(random(50))]))
      .catch(() => {})
    await connection.ended
    await put
    assert.ok((await target.totals()).entries <= 1)
  }
})

test('a carrier that poses as the hub has not its key', async (context) => {
  // The carrier answers the handshake by its own key, as if it were the hub.
  const target = await start(context)
  const carrier = await start(context, forwardTo(target.url))
  const other = await start(context)
  const posing = await tap(context, carrier.url, {
    down: (message, n) => {
      if (n !== 2) return [message]
      const answer = startHandshake(nodeChannelling, other.key, channelPrologue('wrap')).message
      return [Uint8Array.from([0x83, 20, 1, 0x81, 0x82, 0, 0x58, 48, ...answer])]
    },
  })
  const connection = await connectThrough(context, posing.url, target.url, target.key)
  assert.equal(((await connection.ended) as { code?: string }).code, 'channel-broken')
})

test('a proof of one channel opens nothing on another, nor on a connection without', async (context) => {
  const hub = await start(context)
  const [one, other] = [await openChannel(context, hub), await openChannel(context, hub)]
  const direct = await dial(context, hub.url)
  const signature = testSigning.ed25519Sign(proofBytes(one.hello, log.id, 'read'), log.seeds.read)
  const message = {
    type: 'open' as const,
    request: 1,
    resumption: undefined,
    logs: [{ policy: log.policy, proofs: [{ right: 'read' as const, signature }] }],
  }
  for (const [connection, expected] of [
    [one, undefined],
    [other, 'refused'],
    [direct, 'refused'],
  ] as const) {
    const answer = await connection.ask(message)
    assert.equal((answer.results[0] as TestResult).refused, expected)
  }
})

test('malformed frames within a channel are answered there, and end it with a reason', async (context) => {
  const hub = await start(context)
  const seed = String(process.env['KITH_SEED'] ?? Date.now() >>> 0)
  context.diagnostic(`KITH_SEED=${seed} npm test packages/hub/src/channel.test.ts`)
  const none = { logs: [], policies: [[0, 1, 0, 0]], entryIds: [], resume: undefined, handshakes: [] }
  const malformer = createMalformer(createDice(seed), () => none)
  const seen = { answered: 0, ended: 0 }
  let channel = await openChannel(context, hub)
  for (let n = 0; n < 500; n += 1) {
    const message = await channel.say(malformer.frame())
    if (message.type === 'goodbye') {
      assert.match(message.why.refused, /bad-encoding|too-large/)
      seen.ended += 1
      channel = await openChannel(context, hub)
    } else {
      assert.ok('results' in message)
      seen.answered += 1
    }
  }
  assert.ok(seen.answered > 20 && seen.ended > 20, JSON.stringify(seen))
})

test('pieces that are no pieces end the channel; others are served', async (context) => {
  const hub = await start(context)
  for (const piece of [new Uint8Array(0), new Uint8Array(15), random(16), random(272), random(65_535)]) {
    const channel = await openChannel(context, hub)
    channel.socket.send(piece)
    await once(channel.socket, 'close')
  }
  assert.ok('results' in (await (await openChannel(context, hub)).ask({ type: 'terms', request: 1, logs: [] })))
})
