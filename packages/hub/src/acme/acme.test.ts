/** A hub gets its certificate from a real authority (pebble), which comes to look whether the name leads to it. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { clientMessageToFrame, frameToHubMessage } from '@kith/core/wire'
import { WebSocket } from 'ws'
import { type Hub, startHub } from '../hub.ts'
import type { HubLogEvent } from '../log.ts'
import { createTestLog } from '../testing/client.ts'
import { createTestClock } from '../testing/clock.ts'
import { startAuthority, type TestAuthority } from '../testing/pebble.ts'
import { freePort } from '../testing/servers.ts'
import { readAcmeState, readCertificate } from './files.ts'
import type { AcmeOptions } from './options.ts'

const name = 'hub.example.org'
const folder = mkdtempSync(join(tmpdir(), 'kith-acme-'))
const hourMs = 3_600_000
let port = 0
let authority: TestAuthority
let root = ''

before(async () => {
  port = await freePort()
  authority = await startAuthority(port)
  root = await authority.root()
})

after(async () => {
  await authority.stop()
  rmSync(folder, { recursive: true, force: true })
})

type Started = {
  readonly hub: Hub
  readonly options: AcmeOptions
  readonly clock: ReturnType<typeof createTestClock>
  /** The next event about the certificate. */
  readonly next: () => Promise<HubLogEvent>
}

async function start(context: TestContext, more: Partial<AcmeOptions> = {}, on = port): Promise<Started> {
  const options: AcmeOptions = {
    name,
    folder: mkdtempSync(join(folder, 'hub-')),
    agreesToTerms: true,
    directory: authority.directory,
    directoryRoots: authority.directoryRoots,
    ...more,
  }
  const clock = createTestClock(Date.now())
  const [events, takers]: [HubLogEvent[], ((event: HubLogEvent) => void)[]] = [[], []]
  const log = (event: HubLogEvent): void => {
    if (!event.event.startsWith('certificate')) return
    const take = takers.shift()
    if (take === undefined) events.push(event)
    else take(event)
  }
  const hub = await startHub({ storage: ':memory:', port: on, acme: options, clock, log })
  context.after(() => hub.close())
  const next = () => {
    const came = events.shift()
    return came === undefined ? new Promise<HubLogEvent>((resolve) => takers.push(resolve)) : Promise.resolve(came)
  }
  return { hub, options, clock, next }
}

/** As a client does who trusts the authority's root alone. */
function shake(on = port): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: on, host: '127.0.0.1', servername: name, ca: root }, () => resolve(socket))
    socket.on('error', reject)
  })
}

async function serialNow(): Promise<string> {
  const socket = await shake()
  const { serialNumber } = socket.getPeerCertificate()
  socket.destroy()
  return serialNumber
}

/** A client that has a log open: the hub ends those that have none. */
async function greet(): Promise<WebSocket> {
  const options = { ca: root, servername: name }
  const socket = new WebSocket(`wss://127.0.0.1:${port}`, [], options)
  await once(socket, 'message')
  const { policy } = createTestLog('knock')
  socket.send(clientMessageToFrame({ type: 'open', request: 1, resumption: undefined, logs: [{ policy, proofs: [] }] }))
  const [opened] = (await once(socket, 'message')) as [Buffer]
  assert.equal(frameToHubMessage(opened).type, 'opened')
  return socket
}

const failureOf = (event: HubLogEvent): string => {
  assert.equal(event.event, 'certificate-failed')
  return event.message
}

test('a hub gets a certificate, serves with it, keeps it for its user alone, and asks for none at the next start', async (context) => {
  const { hub, options, next } = await start(context)
  const got = await next()
  assert.equal(got.event, 'certificate-obtained', JSON.stringify(got))
  const socket = await greet()
  socket.terminate()
  const serial = await serialNow()
  for (const file of readdirSync(options.folder))
    assert.equal(statSync(join(options.folder, file)).mode & 0o777, 0o600, file)
  assert.equal(statSync(options.folder).mode & 0o777, 0o700)
  assert.deepEqual(readdirSync(options.folder).sort(), ['account.json', 'certificate.pem', 'state.json'])
  assert.doesNotMatch(JSON.stringify(got), /PRIVATE/)
  await hub.close()

  const again = await start(context, { folder: options.folder })
  assert.equal(await serialNow(), serial)
  again.clock.advance(30_000)
  assert.equal(await serialNow(), serial)
})

test('a certificate is renewed before a third of its time is left; connections that are open stay open', async (context) => {
  const { options, clock, next } = await start(context)
  assert.match(JSON.stringify(await next()), /certificate-obtained/)
  const first = await serialNow()
  const socket = await greet()
  const { fromMs, untilMs } = readCertificate(options.folder)!
  clock.advance((untilMs - fromMs) * 0.55)
  assert.equal(await serialNow(), first, 'it is too early')
  clock.advance((untilMs - fromMs) * 0.1)
  assert.match(JSON.stringify(await next()), /certificate-obtained/)
  assert.notEqual(await serialNow(), first)
  socket.ping()
  await once(socket, 'pong')
  socket.terminate()
})

test('whoever connects while the authority looks gets the hub’s own certificate', async (context) => {
  const { options, clock, next } = await start(context)
  assert.match(JSON.stringify(await next()), /certificate-obtained/)
  const { fromMs, untilMs } = readCertificate(options.folder)!
  const first = await serialNow()
  clock.advance((untilMs - fromMs) * 0.7)
  const renewed = next()
  const order = { isOver: false }
  void renewed.then(() => (order.isOver = true))
  const serials: string[] = []
  while (!order.isOver) serials.push(await serialNow())
  assert.equal((await renewed).event, 'certificate-obtained')
  // Each handshake was with a certificate of the root: the old one, or in the end the new one.
  assert.equal(serials[0], first)
  assert.ok(new Set(serials).size <= 2)
})

test('a name that leads nowhere is told as that; nothing is asked again before its time, not even after a restart', async (context) => {
  await authority.setNames(false)
  context.after(() => authority.setNames(true))
  const { hub, options, clock, next } = await start(context)
  assert.match(failureOf(await next()), /No certificate for hub\.example\.org: .*Could not resolve/)
  const state = readAcmeState(options.folder)
  assert.equal(state.failures, 1)
  assert.match(state.problem ?? '', /hub\.example\.org/)
  assert.ok(state.retryAtMs > clock.now() && state.retryAtMs <= clock.now() + hourMs)
  await hub.close()
  await authority.setNames(true)

  const again = await start(context, { folder: options.folder })
  assert.deepEqual(readAcmeState(options.folder), state, 'a start does not try again')
  again.clock.advance(11 * 60_000)
  assert.equal((await again.next()).event, 'certificate-obtained')
  assert.equal(readAcmeState(options.folder).failures, 0)
})

test('a port that is closed, and one where another answers, are told apart', async (context) => {
  // The hub is elsewhere; nothing is where the authority looks.
  const elsewhere = await freePort()
  const closed = await start(context, {}, elsewhere)
  assert.match(failureOf(await closed.next()), new RegExp(`port 443 to port ${elsewhere} here.*Failed to connect`))
  // A hub with a certificate of its own is there, and knows nothing of the challenge.
  const other = await start(context)
  assert.equal((await other.next()).event, 'certificate-obtained')
  const wrong = await start(context, {}, await freePort())
  assert.match(failureOf(await wrong.next()), /did not find this hub: nothing answers there, or somebody else does/)
})

test('an authority that does not answer, or that this machine does not trust, is told as that', async (context) => {
  const nobody = await start(context, { directory: 'https://127.0.0.1:9/dir' })
  assert.match(failureOf(await nobody.next()), /authority at https:\/\/127\.0\.0\.1:9\/dir cannot be used/)
  const untrusted = await start(context, { directoryRoots: undefined }, await freePort())
  assert.match(failureOf(await untrusted.next()), /cannot be used \(self.signed certificate/)
})

test('a hub that is killed while it asks has counted that, and does not ask at once when it is back', async (context) => {
  // An authority that takes the connection and says nothing.
  const sockets: Socket[] = []
  const silent = createServer((socket) => sockets.push(socket))
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  context.after(() => {
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
  const directory = `https://127.0.0.1:${(silent.address() as AddressInfo).port}/dir`
  const asking = await start(context, { directory })
  await once(silent, 'connection')
  const { failures, retryAtMs } = readAcmeState(asking.options.folder)
  assert.ok(failures === 1 && retryAtMs > asking.clock.now())
  // What was on disk at that moment, as after a kill.
  const again = await start(context, { directory, folder: asking.options.folder }, await freePort())
  again.clock.advance(30_000)
  assert.equal(readAcmeState(again.options.folder).failures, 1)
  again.clock.advance(11 * 60_000)
  assert.equal(readAcmeState(again.options.folder).failures, 2)
})

test('waits grow, and what cannot be meant is refused before anything is asked', async (context) => {
  const { options, clock, next } = await start(context, { directory: 'https://127.0.0.1:9/dir' })
  const waits: number[] = []
  for (let tries = 0; tries < 6; tries += 1) {
    await next()
    waits.push(readAcmeState(options.folder).retryAtMs - clock.now())
    clock.advance(waits.at(-1)! + 30_000)
  }
  assert.deepEqual(
    waits.map((ms) => ms / hourMs),
    [1 / 6, 1, 6, 12, 12, 12],
  )

  const wrong: Partial<AcmeOptions>[] = [
    { name: 'localhost' },
    { name: '192.0.2.1' },
    { name: 'hub.example.org/path' },
    { directory: 'http://authority.example' },
    { agreesToTerms: false },
  ]
  for (const one of wrong) {
    const acme = { ...options, ...one, folder: join(folder, 'never') }
    await assert.rejects(startHub({ storage: ':memory:', acme }), { code: 'bad-value' }, JSON.stringify(one))
  }
  assert.equal(existsSync(join(folder, 'never')), false)
})

test('a certificate for another name, of another authority or that is damaged is replaced', async (context) => {
  const { hub, options, next } = await start(context)
  await next()
  await hub.close()
  const renamed = await start(context, { folder: options.folder, name: 'other.example.org' })
  assert.equal((await renamed.next()).event, 'certificate-obtained')
  const pem = readFileSync(join(options.folder, 'certificate.pem'), 'utf8')
  assert.equal(new X509Certificate(pem).checkHost('other.example.org'), 'other.example.org')
  await renamed.hub.close()
  writeFileSync(join(options.folder, 'certificate.pem'), 'half a file')
  const mended = await start(context, { folder: options.folder, name: 'other.example.org' })
  assert.equal((await mended.next()).event, 'certificate-obtained')
})
