import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { encodeCbor, type KithError } from '../bytes/index.ts'
import { entryBytesMax, frameBytesMax, hubSilenceMsMax, putWindowBytes } from '../limits/index.ts'
import type { ConnectionEvents, Signing } from '../ports/index.ts'
import {
  type ClientMessage,
  createResumeState,
  frameToClientMessage,
  type HubMessage,
  hubMessageToFrame,
  type Policy,
  policyToLogId,
  protocolVersion,
} from '../wire/index.ts'
import { connectHub, type HubEntries } from './hub-connection.ts'

const random = (length: number) => new Uint8Array(randomBytes(length))
const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest())

/** Signatures that a scripted hub never checks. */
const crypto: Signing = {
  sha256,
  hmacSha256: (_key, bytes) => sha256(bytes),
  ed25519Verify: () => true,
  ed25519PublicKey: sha256,
  ed25519Sign: (message) => new Uint8Array([...sha256(message), ...sha256(message)]),
}

const key = sha256(new Uint8Array(1))
const policy: Policy = { write: key, read: key, admin: 'none', kind: 'space' }
const log = policyToLogId(policy, crypto)
const wish = { policy, rights: [{ right: 'read' as const, seed: random(32) }] }
const generation = random(16)

const hello: HubMessage = {
  type: 'hello',
  version: protocolVersion,
  hubKey: random(32),
  nonce: random(32),
  timeMs: 1_790_000_000_000,
  limits: {
    frameBytesMax,
    entryBytesMax,
    logsPerOpenMax: 512,
    logsPerConnectionMax: 100,
    logBytesMax: 1,
    logEntriesMax: 1,
  },
}

/** A hub that says what the test tells it, on a network and a clock of the test's. */
function start(options: { hubKey?: Uint8Array; resume?: ReturnType<typeof createResumeState> } = {}) {
  let events!: ConnectionEvents
  let elapsed = 0
  let buffered = 0
  const timers = new Set<{ at: number; run: () => void }>()
  const sent: ClientMessage[] = []
  const entries: HubEntries[] = []
  const signals: Uint8Array[] = []
  const lies: string[] = []
  const closed: KithError[] = []
  const connection = connectHub({
    url: 'wss://hub.example',
    ...options,
    network: {
      connect(_url, given) {
        events = given
        return {
          send: (frame) => void sent.push(frameToClientMessage(frame)),
          bufferedBytes: () => buffered,
          close() {},
        }
      },
    },
    clock: {
      now: () => elapsed,
      monotonic: () => elapsed,
      after(delayMs, run) {
        const timer = { at: elapsed + delayMs, run }
        timers.add(timer)
        return () => timers.delete(timer)
      },
      soon: () => () => {},
    },
    crypto,
    events: {
      opened() {},
      entries: (event) => entries.push(event),
      signal: ({ bytes }) => signals.push(bytes),
      lied: ({ code }) => lies.push(code),
      closed: (reason) => closed.push(reason),
    },
  })
  const say = (message: HubMessage) => events.received(hubMessageToFrame(message))
  return {
    connection,
    sent,
    entries,
    signals,
    lies,
    closed,
    say,
    sayBytes: (bytes: Uint8Array) => events.received(bytes),
    hangUp: () => events.closed('the line is cut'),
    setBuffered: (bytes: number) => {
      buffered = bytes
    },
    advance(ms: number) {
      elapsed += ms
      for (const timer of Array.from(timers)) if (timer.at <= elapsed && timers.delete(timer)) timer.run()
    },
    /** Answers the next request in order. */
    async answer(results: readonly object[], more: object = {}) {
      while (sent.length === 0) await new Promise(setImmediate)
      const { request, type } = sent.shift()!
      const plain = {
        open: 'opened',
        resume: 'resumed',
        put: 'stored',
        pull: 'pulling',
        signal: 'done',
        trim: 'done',
      } as const
      const asMember = { terms: 'told', join: 'done', issue: 'issued', pay: 'done' } as const
      const types = { ...plain, ...asMember, channel: 'channelled', carry: 'done' } as const
      say({ type: types[type], request, results, ...more } as HubMessage)
    },
  }
}

const granted = { generation, rights: 1 }

async function startOpen() {
  const hub = start()
  hub.say(hello)
  const opened = hub.connection.open([wish])
  await hub.answer([granted])
  await opened
  return hub
}

const numbered = (bytes: Uint8Array, n = 1) => ({ n, id: sha256(bytes), bytes })
const entriesOf = (...entries: ReturnType<typeof numbered>[]): HubMessage => ({
  type: 'entries',
  request: 0,
  log,
  lane: 2,
  generation,
  state: 'caught-up',
  entries,
})

test('plain ws:// is refused off this machine, whatever the host pretends to be', () => {
  const connect = (url: string) =>
    connectHub({ url, network: undefined as never, clock: undefined as never, crypto, events: undefined as never })
  for (const url of ['ws://hub.example', 'ws://127.0.0.1.example:80', 'ws://localhost.example', 'ws://10.0.0.1']) {
    assert.throws(() => connect(url), { code: 'insecure-url' }, url)
  }
  for (const url of [
    'ws://127.0.0.1@hub.example',
    'http://hub.example',
    'wss://',
    'hub',
    'ws://127.0.0.1\\@hub.example',
  ]) {
    assert.throws(() => connect(url), { code: 'bad-link' }, url)
  }
  for (const url of ['ws://localhost:1', 'ws://127.0.0.1:1/', 'ws://[::1]:1/x', 'wss://hub.example/x?y']) {
    assert.throws(() => connect(url), TypeError, 'passes on to the network, which is not there')
  }
})

test('an entry whose bytes are not those of its id is refused, and the connection goes on', async () => {
  const hub = await startOpen()
  const [good, bad] = [random(300), random(300)]
  hub.say(
    entriesOf(
      numbered(good, 1),
      { ...numbered(bad, 2), bytes: random(300) },
      { ...numbered(bad, 3), bytes: new Uint8Array(0) },
    ),
  )
  assert.deepEqual(
    hub.entries[0]!.entries.map(({ n }) => n),
    [1],
  )
  assert.deepEqual(hub.lies, ['hub-lied', 'hub-lied'])
  hub.say(entriesOf(numbered(bad, 4)))
  assert.deepEqual(
    hub.entries[1]!.entries.map(({ n }) => n),
    [4],
  )
  assert.deepEqual(hub.closed, [])
})

test('entries and signals of a log that was never opened are not handed over', async () => {
  const hub = await startOpen()
  hub.say({ ...entriesOf(numbered(random(10))), log: random(32) } as HubMessage)
  hub.say({ type: 'heard', log: random(32), from: random(16), bytes: random(3) })
  hub.say({ type: 'heard', log, from: random(16), bytes: Uint8Array.of(1) })
  assert.deepEqual([hub.entries.length, hub.signals.length], [0, 1])
})

test('a hub that speaks nonsense, another version, or answers what was not asked is left with a typed error', async () => {
  const cases: [string, (hub: ReturnType<typeof start>) => void][] = [
    ['protocol-version', (hub) => hub.sayBytes(encodeCbor([0, protocolVersion + 1, 'later']))],
    ['bad-encoding', (hub) => hub.sayBytes(random(50).fill(0xff, 0, 1))],
    ['bad-encoding', (hub) => hub.say(entriesOf())],
    ['too-large', (hub) => hub.sayBytes(new Uint8Array(frameBytesMax + 1))],
    ['hub-refused', (hub) => hub.say({ type: 'goodbye', why: { refused: 'closing', waitMs: 0 } })],
    ['hub-unreachable', (hub) => hub.hangUp()],
    ['hub-unreachable', (hub) => hub.advance(10_000)],
    ['bad-encoding', (hub) => [hello, hello].forEach(hub.say)],
    ['bad-encoding', (hub) => [hello, { type: 'done', request: 7, results: [] } as HubMessage].forEach(hub.say)],
    ['closed', (hub) => hub.connection.close()],
  ]
  for (const [code, say] of cases) {
    const hub = start()
    const opening = hub.connection.open([wish])
    say(hub)
    hub.hangUp()
    hub.say(hello)
    assert.deepEqual(
      hub.closed.map((error) => error.code),
      [code],
    )
    await assert.rejects(opening, { code })
    await assert.rejects(hub.connection.pull([]), { code })
  }
})

test('another hub than the one meant is left', () => {
  const hub = start({ hubKey: random(32) })
  hub.say(hello)
  assert.equal(hub.closed[0]!.code, 'hub-lied')
})

test('an answer with more or fewer results than asked for ends the connection', async () => {
  const hub = start()
  hub.say(hello)
  const opening = hub.connection.open([wish])
  await hub.answer([granted, granted])
  await assert.rejects(opening, { code: 'bad-encoding' })
})

test('a refusal is the result of its item, with the reason and the time to wait', async () => {
  const hub = await startOpen()
  const put = hub.connection.put(log, 2, [random(300)])
  await hub.answer([{ refused: 'slow-down', waitMs: 500 }])
  await assert.rejects(put, { code: 'hub-refused', details: { why: 'slow-down', waitMs: 500 } })
  const pull = hub.connection.pull([
    { log, lane: 0 },
    { log, lane: 1 },
  ])
  await hub.answer([
    { refused: 'refused', waitMs: 0 },
    { generation, news: false },
  ])
  const [refused, accepted] = await pull
  assert.equal((refused as KithError).details['why'], 'refused')
  assert.deepEqual(accepted, { request: 3, generation, news: false })
  assert.deepEqual(
    hub.entries.map(({ lane, caughtUp, entries }) => [lane, caughtUp, entries.length]),
    [[1, true, 0]],
  )
})

test('many entries go in frames of a quarter MiB, and only so many are under way; what they cover is said last', async () => {
  const hub = await startOpen()
  const entries = Array.from({ length: 60 }, () => random(200_000))
  const covers = [random(32)]
  let done = false
  const put = hub.connection.put(log, 1, entries, { covers }).then((stored) => {
    done = true
    return stored
  })
  await new Promise(setImmediate)
  const underWay = hub.sent.length
  assert.ok(underWay * 200_000 <= putWindowBytes && underWay > 10)
  for (let at = 0; at < 60; at += 1) {
    assert.equal(done, false)
    const message = hub.sent[0] as ClientMessage & { type: 'put' }
    assert.deepEqual(message.puts[0]!.covers, at === 59 ? covers : [])
    await hub.answer([{ generation, numbers: [at + 1] }])
    await new Promise(setImmediate)
  }
  assert.deepEqual(
    (await put).numbers,
    Array.from({ length: 60 }, (_, at) => at + 1),
  )
  await assert.rejects(hub.connection.put(log, 2, [random(entryBytesMax + 1)]), { code: 'too-large' })
})

/** A connection whose hub gave a ticket for one log, good until 1_790_000_000_001, and the next one. */
async function startAgain(wishes = [wish]) {
  const resume = createResumeState(random(32))
  const first = start({ resume })
  first.say(hello)
  const opened = first.connection.open(wishes)
  const ticket = random(40)
  new DataView(ticket.buffer).setBigUint64(0, 1_790_000_000_001n)
  await first.answer(
    wishes.map(() => granted),
    { ticket },
  )
  await opened
  const second = start({ resume })
  second.say(hello)
  return { resume, ticket, second }
}

test('a ticket is used instead of signatures, and a refused one costs one more round', async () => {
  const { resume, ticket, second } = await startAgain()
  const again = second.connection.open([wish])
  await new Promise(setImmediate)
  const message = second.sent[0] as ClientMessage & { type: 'resume' }
  assert.deepEqual([message.type, message.ticket], ['resume', ticket])
  assert.deepEqual(message.logs, [{ log, kind: 'space', rights: 1, cursors: [] }])
  await second.answer([{ refused: 'refused', waitMs: 0 }])
  await new Promise(setImmediate)
  assert.ok('signature' in (second.sent[0] as ClientMessage & { type: 'open' }).logs[0]!.proofs[0]!)
  await second.answer([granted])
  assert.deepEqual(
    (await again).map((result) => 'rights' in result && [result.rights, result.standing]),
    [[['read'], 'unknown']],
  )
  assert.deepEqual(resume.tickets, [])
})

test('a hub that refuses a ticket for a while is not asked for the same by signatures', async () => {
  const { resume, second } = await startAgain()
  const again = second.connection.open([wish])
  await second.answer([{ refused: 'slow-down', waitMs: 500 }])
  const [result] = await again
  assert.equal((result as KithError).details['waitMs'], 500)
  assert.deepEqual([second.sent.length, resume.tickets.length], [0, 1])
})

test('how a log stands to what is known of it is what the hub said, and pushes of it are handed over', async () => {
  const others = Array.from({ length: 4 }, (_, at) => {
    const read = sha256(Uint8Array.of(at))
    return { policy: { ...policy, read }, rights: wish.rights }
  })
  const { second } = await startAgain(others)
  const known = { generation, lanes: [{ lane: 2 as const, n: 7, id: random(32) }] }
  const elsewhere = { ...known, generation: random(16) }
  const wishes = others.map((one, at) => ({ ...one, known: at === 3 ? elsewhere : known }))
  const again = second.connection.open(wishes)
  const why = { refused: 'other-generation', waitMs: 0 }
  await second.answer([
    {
      generation,
      others: [
        { at: 1, why: undefined },
        { at: 2, why },
      ],
    },
  ])
  assert.deepEqual(
    (await again).map((result) => 'standing' in result && result.standing),
    ['same', 'unknown', 'other', 'unknown'],
  )
  const first = policyToLogId(others[0]!.policy, crypto)
  second.say({ ...entriesOf(numbered(random(300), 8)), log: first } as HubMessage)
  assert.equal(second.entries.length, 1)
})

test('where the hub is of another generation nothing is taken to be followed', async () => {
  const { second } = await startAgain()
  const again = second.connection.open([{ ...wish, known: { generation, lanes: [{ lane: 2, n: 7, id: random(32) }] } }])
  await second.answer([{ generation: random(16), others: [] }])
  const [result] = await again
  assert.equal((result as { standing: string }).standing, 'unknown')
})

test('a hub that names a log that was not asked for is left', async () => {
  const { second } = await startAgain()
  const again = second.connection.open([wish])
  await second.answer([{ generation, others: [{ at: 1, why: undefined }] }])
  await assert.rejects(again, { code: 'bad-encoding' })
})

test('a hub that falls silent while an answer is due is given up; a slow line that still takes bytes is not', async () => {
  const hub = await startOpen()
  hub.advance(10 * hubSilenceMsMax)
  assert.equal(hub.closed.length, 0, 'nothing is due')
  hub.setBuffered(2000)
  const put = hub.connection.put(log, 2, [random(300)])
  await new Promise(setImmediate)
  hub.advance(hubSilenceMsMax)
  hub.setBuffered(1000)
  hub.advance(hubSilenceMsMax)
  assert.equal(hub.closed.length, 0)
  hub.advance(hubSilenceMsMax)
  assert.equal(hub.closed[0]?.code, 'hub-unreachable')
  await assert.rejects(put, { code: 'hub-unreachable' })
})
