import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { channelPrologue, startHandshake } from '@kith/core/crypto/channel'
import { WebSocketServer } from 'ws'
import { createPublicLookup, isPublicAddress } from './forward/address.ts'
import { checkForward, toTarget } from './forward/options.ts'
import type { Hub } from './hub.ts'
import { nodeChannelling, random } from './node-crypto.ts'
import { type Context, connectThrough, dial, forwardTo, start } from './testing/carried.ts'
import { connectTestClient, createTestLog, openLog } from './testing/client.ts'
import { createTestClock } from './testing/clock.ts'

const log = createTestLog()

/** Until all connections have ended: within a moment of the last word on them. */
async function untilNobody(hub: Hub): Promise<void> {
  const end = Date.now() + 20_000
  while ((await hub.totals()).connections > 0) {
    assert.ok(Date.now() < end, 'a connection stays')
    await new Promise(setImmediate)
  }
}

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
  await untilNobody(carrier)
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
  await untilNobody(carrier)
})
