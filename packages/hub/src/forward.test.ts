import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { toBase64Url } from '@kith/core/bytes'
import { channelPrologue, createFrameOpener, sealFrame, startHandshake } from '@kith/core/crypto/channel'
import { type Isolation, carried, connectHub, type HubConnection, type HubEntries } from '@kith/core/sync'
import {
  type ClientMessage,
  clientMessageToFrame,
  frameToHubMessage,
  type HubMessage,
  proofBytes,
} from '@kith/core/wire'
import { createDice, createSeededCrypto } from '@kith/testing/simulation'
import { WebSocket, WebSocketServer } from 'ws'
import { createPublicLookup, isPublicAddress } from './forward/address.ts'
import { checkForward, toTarget } from './forward/options.ts'
import { type Hub, type HubOptions, startHub } from './hub.ts'
import { nodeClock } from './node-clock.ts'
import { nodeChannelling, random } from './node-crypto.ts'
import {
  connectTestClient,
  createTestLog,
  openLog,
  type TestClient,
  type TestResult,
  testSigning,
} from './testing/client.ts'
import { createTestClock } from './testing/clock.ts'
import { createMalformer } from './testing/malform.ts'
import { testNetwork } from './testing/network.ts'
import { type Meddle, startTap, type Tap } from './testing/tap.ts'

type Context = Pick<TestContext, 'after'>

async function start(context: Context, options: Partial<HubOptions> = {}): Promise<Hub> {
  const hub = await startHub({ storage: ':memory:', ...options })
  context.after(() => hub.close())
  return hub
}

const forwardTo = (...hubs: string[]): Pick<HubOptions, 'forward'> => ({ forward: { isPublic: false, hubs } })

async function tap(context: Context, target: string, meddle: { up?: Meddle; down?: Meddle } = {}): Promise<Tap> {
  const made = await startTap(target, meddle)
  context.after(() => made.close())
  return made
}

async function dial(context: Context, url: string): Promise<TestClient> {
  const client = await connectTestClient(url)
  context.after(() => client.close())
  return client
}

const crypto = createSeededCrypto('forward')

/** A client of `url`, whose connections go through `through`. */
async function connectThrough(
  context: Context,
  through: string,
  url: string,
  key: Uint8Array | undefined,
  events: Partial<Parameters<typeof connectHub>[0]['events']> = {},
): Promise<HubConnection & { readonly ended: Promise<Error> }> {
  const isolation: Isolation = {
    through: [through],
    ...(key ? { hubKeys: { [url]: toBase64Url(key) } } : {}),
  }
  const platform = await carried({ network: testNetwork, crypto }, isolation)
  const ended = Promise.withResolvers<Error>()
  const connection = connectHub({
    url,
    ...platform,
    clock: nodeClock,
    events: { opened() {}, entries() {}, signal() {}, closed: ended.resolve, ...events },
  })
  context.after(() => connection.close())
  return { ...connection, ended: ended.promise }
}

/** A channel with a hub, frame by frame. */
async function openChannel(context: Context, hub: Hub) {
  const socket = new WebSocket(hub.url, { perMessageDeflate: false })
  context.after(() => socket.terminate())
  const inbox: Uint8Array[] = []
  let taker: ((message: Uint8Array) => void) | undefined
  socket.on('message', (data: Buffer) => {
    const message = new Uint8Array(data)
    if (taker) taker(message)
    else inbox.push(message)
    taker = undefined
  })
  const take = (): Promise<Uint8Array> =>
    new Promise((resolve) => {
      const message = inbox.shift()
      if (message) resolve(message)
      else taker = resolve
    })
  frameToHubMessage(await take())
  const handshake = startHandshake(nodeChannelling, hub.key, channelPrologue('wrap'))
  socket.send(clientMessageToFrame({ type: 'channel', request: 1, purpose: 'wrap', handshake: handshake.message }))
  const answer = frameToHubMessage(await take())
  assert.ok(answer.type === 'channelled' && answer.results[0] && 'handshake' in answer.results[0])
  const keys = handshake.finish(answer.results[0].handshake)
  const open = createFrameOpener(keys.open)
  const next = async (): Promise<HubMessage> => {
    for (;;) {
      const frame = open(await take())
      if (frame) return frameToHubMessage(frame)
    }
  }
  const hello = await next()
  assert.ok(hello.type === 'hello')
  assert.deepEqual([hello.nonce, hello.hubKey], [keys.hash, hub.key])
  const say = (frame: Uint8Array): Promise<HubMessage> => {
    for (const piece of sealFrame(keys.seal, frame)) socket.send(piece)
    return next()
  }
  return {
    hello,
    socket,
    say,
    async ask(message: ClientMessage) {
      const said = await say(clientMessageToFrame(message))
      assert.ok('results' in said)
      return said
    },
  }
}

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
  for (const [ask, expected] of [
    [one.ask, undefined],
    [other.ask, 'refused'],
    [direct.ask, 'refused'],
  ] as const) {
    const answer = await ask(message)
    assert.equal((answer.results[0] as TestResult).refused, expected)
  }
})

test('malformed frames within a channel are answered there, and end it with a reason', async (context) => {
  const hub = await start(context)
  const seed = String(process.env['KITH_SEED'] ?? Date.now() >>> 0)
  context.diagnostic(`KITH_SEED=${seed} npm test packages/hub/src/forward.test.ts`)
  const none = { logs: [], policies: [[0, 1, 0, 0]], entryIds: [], tickets: [], handshakes: [] }
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

async function askToCarry(context: Context, carrier: Hub, url: string, hubKey: Uint8Array): Promise<string> {
  const client = await dial(context, carrier.url)
  const [result] = (await client.ask({ type: 'carry', url, hubKey })).results
  client.close()
  return result?.refused ?? 'carried'
}

test('a hub carries to nobody unless its operator says so', async (context) => {
  const target = await start(context)
  const carrier = await start(context)
  assert.equal(await askToCarry(context, carrier, target.url, target.key), 'not-carried')
  const connection = await connectThrough(context, carrier.url, target.url, target.key)
  const reason = (await connection.ended) as { code?: string; details?: { why?: string } }
  assert.deepEqual([reason.code, reason.details?.why], ['hub-refused', 'not-carried'])
})

test('a hub is no proxy: what is not the hub of that key gets no byte of a client', async (context) => {
  const asked: string[] = []
  const web = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.end('hello')
  })
  web.listen(0, '127.0.0.1')
  await once(web, 'listening')
  context.after(() => web.close())
  const said: Uint8Array[] = []
  const speaker = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(speaker, 'listening')
  context.after(() => speaker.close())
  speaker.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => said.push(new Uint8Array(data)))
    socket.send(new Uint8Array(100))
  })
  const target = await start(context)
  const other = await start(context)
  // Says the hello of the hub that is meant, and cannot answer for its key.
  const { hello, frames, close } = await connectTestClient(target.url)
  close()
  assert.equal(hello.hubKey.length, 32)
  const poser = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(poser, 'listening')
  context.after(() => poser.close())
  const posed: Uint8Array[] = []
  poser.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => {
      posed.push(new Uint8Array(data))
      socket.send(Uint8Array.from([0x83, 20, 1, 0x81, 0x82, 0, 0x58, 48, ...random(48)]))
    })
    socket.send(frames[0] as Uint8Array)
  })
  const port = (server: { address: () => AddressInfo | string | null }): number =>
    (server.address() as AddressInfo).port
  const urls = [web, speaker, poser].map((server) => `ws://127.0.0.1:${port(server)}`)
  const gone = await start(context)
  await gone.close()
  const carrier = await start(context, forwardTo(...urls, gone.url, other.url, target.url))
  for (const url of [...urls, gone.url, other.url])
    assert.equal(await askToCarry(context, carrier, url, target.key), 'not-reached', url)
  // The carrier's own request, in which nothing is the client's.
  assert.deepEqual(asked, ['GET /'])
  assert.deepEqual(said, [])
  // The proof that it was asked for, which holds nothing of the client's.
  assert.equal(posed.length, 1)
  assert.equal(posed[0]?.[1], 19)
  assert.equal((await carrier.totals()).connections, 0)
  assert.equal(await askToCarry(context, carrier, target.url, target.key), 'carried')
  // To itself it carries nobody: it would see both ends.
  assert.equal(await askToCarry(context, carrier, target.url, carrier.key), 'not-carried')
})

test('to the public it carries on wss:// and the standard port of a name alone', () => {
  const all = { isPublic: true, hubs: [] }
  for (const url of ['wss://hub.example.org', 'wss://hub.example.org/', 'wss://HUB.example.org:443/'])
    assert.equal(toTarget(url, all)?.isListed, false, url)
  for (const url of [
    'ws://hub.example.org',
    'https://hub.example.org',
    'wss://hub.example.org:8443',
    'wss://hub.example.org/admin',
    'wss://hub.example.org/?q=1',
    'wss://user@hub.example.org',
    'wss://hub.example.org/#x',
    'wss://127.0.0.1',
    'wss://0x7f.1',
    'wss://2130706433',
    'wss://[::1]',
    'wss://[::ffff:127.0.0.1]',
    'file:///etc/passwd',
    '',
  ])
    assert.equal(toTarget(url, all), undefined, url)
  const some = { isPublic: false, hubs: ['ws://10.0.0.2:8790/hub'] }
  assert.equal(toTarget('ws://10.0.0.2:8790/hub', some)?.isListed, true)
  for (const url of [
    'ws://10.0.0.2:8790',
    'ws://10.0.0.2:8790/hub2',
    'ws://10.0.0.3:8790/hub',
    'wss://hub.example.org',
  ])
    assert.equal(toTarget(url, some), undefined, url)
  for (const hub of [
    'hub.example.org',
    'https://hub.example.org',
    'wss://a@b',
    'wss://a/?x',
    `wss://${'a'.repeat(300)}`,
  ])
    assert.throws(() => checkForward({ isPublic: false, hubs: [hub] }), { code: 'bad-value' }, hub)
})

test('addresses of networks that are somebody’s own are not public', () => {
  for (const address of ['8.8.8.8', '1.1.1.1', '193.0.6.139', '2a00:1450:4001:80b::200e', '2620:fe::fe'])
    assert.ok(isPublicAddress(address), address)
  for (const address of [
    '127.0.0.1',
    '127.9.9.9',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '192.0.2.1',
    '198.18.0.1',
    '::',
    '::1',
    '::ffff:10.0.0.1',
    '::ffff:8.8.8.8',
    '::7f00:1',
    'fe80::1',
    'fe80::1%eth0',
    'fc00::1',
    'fd12:3456::1',
    'ff02::1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::1',
    '2001:0:1::1',
    '2001:db8::1',
    'localhost',
    '',
  ])
    assert.ok(!isPublicAddress(address), address)
})

test('a name with one address that is not public is refused whole, and what was checked is what is connected to', async () => {
  const ask = (addresses: string[], all: boolean) =>
    new Promise((resolve) => {
      createPublicLookup(async () => addresses)('hub.example.org', { all }, (error, found) =>
        resolve(error === null ? found : 'refused'),
      )
    })
  assert.equal(await ask([], true), 'refused')
  assert.equal(await ask(['8.8.8.8', '127.0.0.1'], true), 'refused')
  assert.equal(await ask(['::1'], false), 'refused')
  assert.equal(await ask(['8.8.8.8'], false), '8.8.8.8')
  assert.deepEqual(await ask(['8.8.8.8', '2620:fe::fe'], true), [
    { address: '8.8.8.8', family: 4 },
    { address: '2620:fe::fe', family: 6 },
  ])
})

test('so many are carried together and no more, and a place comes free with each that ends', async (context) => {
  const target = await start(context)
  const carrier = await start(context, { ...forwardTo(target.url), limits: { carriedMax: 2 } })
  const carriedOne = async () => {
    const client = await dial(context, carrier.url)
    const [result] = (await client.ask({ type: 'carry', url: target.url, hubKey: target.key })).results
    return { client, refused: result?.refused }
  }
  const [first, second, third] = [await carriedOne(), await carriedOne(), await carriedOne()]
  assert.deepEqual([first.refused, second.refused, third.refused], [undefined, undefined, 'too-many-connections'])
  first.client.close()
  const deadline = Date.now() + 30_000
  let again = 'too-many-connections' as string | undefined
  while (again !== undefined && Date.now() < deadline) again = (await carriedOne()).refused
  assert.equal(again, undefined)
})

test('a neighbourhood has a bound of its own, and asking over and over is slowed down', async (context) => {
  const target = await start(context)
  const carrier = await start(context, {
    ...forwardTo(target.url),
    addressHeader: 'x-forwarded-for',
    limits: { carriedPerPrefixMax: 1 },
  })
  const from = async (address: string) => {
    const client = await connectTestClient(carrier.url, { 'x-forwarded-for': address })
    context.after(() => client.close())
    return (await client.ask({ type: 'carry', url: target.url, hubKey: target.key })).results[0]?.refused
  }
  assert.equal(await from('203.0.113.7'), undefined)
  assert.equal(await from('203.0.113.8'), 'too-many-connections')
  assert.equal(await from('198.51.100.8'), undefined)
  const insistent = await dial(context, carrier.url)
  const answers: (string | undefined)[] = []
  for (let n = 0; n < 20; n += 1)
    answers.push(
      (await insistent.ask({ type: 'carry', url: 'wss://hub.example.org', hubKey: target.key })).results[0]?.refused,
    )
  assert.equal(answers[0], 'not-carried')
  assert.equal(answers.at(-1), 'slow-down')
})

test('whoever is carried is not carried on, and says nothing outside of a channel', async (context) => {
  const third = await start(context)
  const target = await start(context, forwardTo(third.url))
  const carrier = await start(context, forwardTo(target.url))
  const client = await dial(context, carrier.url)
  assert.ok((await client.ask({ type: 'carry', url: target.url, hubKey: target.key })).results[0]?.done)
  const { why } = await (void client.ask({ type: 'carry', url: third.url, hubKey: third.key }), client.next('goodbye'))
  assert.equal(why.refused, 'refused')
  const plain = await dial(context, carrier.url)
  await plain.ask({ type: 'carry', url: target.url, hubKey: target.key })
  void openLog(plain, log)
  assert.equal((await plain.next('goodbye')).why.refused, 'refused')
})

test('a connection that has opened a log becomes neither carried nor a channel', async (context) => {
  const target = await start(context)
  const carrier = await start(context, forwardTo(target.url))
  const client = await dial(context, carrier.url)
  await openLog(client, log)
  const [carry] = (await client.ask({ type: 'carry', url: target.url, hubKey: target.key })).results
  assert.equal(carry?.refused, 'refused')
  const { message } = startHandshake(nodeChannelling, carrier.key, channelPrologue('wrap'))
  const [channel] = (await client.ask({ type: 'channel', purpose: 'wrap', handshake: message })).results
  assert.equal(channel?.refused, 'refused')
})

test('a hub shows its key once a connection, and to no handshake of another purpose', async (context) => {
  const hub = await start(context)
  const client = await dial(context, hub.url)
  const ask = async (purpose: 'prove' | 'wrap', by: 'prove' | 'wrap'): Promise<string | undefined> => {
    const { message } = startHandshake(nodeChannelling, hub.key, channelPrologue(by))
    return (await client.ask({ type: 'channel', purpose, handshake: message })).results[0]?.refused
  }
  assert.equal(await ask('prove', 'wrap'), 'refused')
  assert.equal(await ask('prove', 'prove'), undefined)
  assert.equal(await ask('prove', 'prove'), 'refused')
})

test('a pipe through which nothing goes ends, and so does that of a message which no channel has', async (context) => {
  const clock = createTestClock()
  const target = await start(context)
  const carrier = await start(context, { ...forwardTo(target.url), clock })
  const carriedClient = async () => {
    const client = await dial(context, carrier.url)
    assert.ok((await client.ask({ type: 'carry', url: target.url, hubKey: target.key })).results[0]?.done)
    return client
  }
  const idle = await carriedClient()
  for (let n = 0; n < 6; n += 1) clock.advance(30_000)
  await idle.closed
  const long = await carriedClient()
  long.socket.send(new Uint8Array(65_536))
  await long.closed
  const wordy = await carriedClient()
  wordy.socket.send('text')
  await wordy.closed
})

test('when the hub or the carrier goes, the client is told, and nothing is left', async (context) => {
  const target = await start(context)
  const carrier = await start(context, forwardTo(target.url))
  const first = await connectThrough(context, carrier.url, target.url, target.key)
  await first.terms()
  await target.close()
  assert.match(String(await first.ended), /shutting down|ended/)
  const other = await start(context)
  const second = await start(context, forwardTo(other.url))
  const connection = await connectThrough(context, second.url, other.url, other.key)
  await connection.terms()
  await second.close()
  assert.equal(((await connection.ended) as { code?: string }).code, 'hub-unreachable')
  assert.equal((await carrier.totals()).connections, 0)
})
