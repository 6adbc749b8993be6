/** What a hub refuses looks and costs the same, whether it has the log, had it once, or never heard of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '@kith/core/bytes'
import {
  type ClientMessage,
  clientMessageToFrame,
  createTicket,
  frameToHubMessage,
  type Hello,
  type Proof,
  proofBytes,
} from '@kith/core/wire'
import { createConnection } from './connection.ts'
import { createAllowance } from './limits/allowance.ts'
import { createBuckets } from './limits/bucket.ts'
import { unlimited } from './limits/prefixes.ts'
import { random } from './node-crypto.ts'
import { createHubService } from './service.ts'
import type { HubContext } from './session.ts'
import { openSqlite } from './store/sqlite-open.ts'
import { createSqliteStorage } from './store/sqlite-storage.ts'
import {
  createTestLog,
  cursorAt,
  pullItem,
  showResumption,
  type TestLog,
  testSigning,
  ticketLog,
  toResume,
} from './testing/client.ts'

type Unnumbered = ClientMessage extends infer Message
  ? Message extends { request: number }
    ? Omit<Message, 'request'>
    : never
  : never

/** Every call of these, by name, with how many bytes it was given. */
function counted<T extends object>(part: T, name: string, calls: string[]): T {
  return new Proxy(part, {
    get(target, key, receiver) {
      const value: unknown = Reflect.get(target, key, receiver)
      if (typeof value !== 'function') return value
      return (...parameters: unknown[]) => {
        const sizes = parameters.map((one) => (one instanceof Uint8Array ? one.length : typeof one))
        calls.push(`${name}.${String(key)}(${sizes.join()})`)
        return (value as (...all: unknown[]) => unknown).apply(target, parameters)
      }
    },
  })
}

/** A client in this process, and all that its requests make the hub do. */
async function connect(hub: HubContext) {
  const calls: string[] = []
  const frames: Uint8Array[] = []
  let came = (): void => {}
  const context: HubContext = {
    ...hub,
    crypto: counted(hub.crypto, 'crypto', calls),
    store: counted(hub.store, 'store', calls),
    access: counted(hub.access, 'access', calls),
  }
  const channel = {
    send(frame: Uint8Array) {
      frames.push(frame)
      came()
    },
    bufferedBytes: () => 0,
    pause() {},
    resume() {},
    end() {},
  }
  const buckets = createBuckets(hub.limits.perConnection, hub.clock.monotonic)
  const connection = createConnection(context, channel, createAllowance(buckets, unlimited), (cause) => {
    throw cause
  })
  const hello = frameToHubMessage(frames.shift()!) as Hello
  return {
    hello,
    /** The answer's bytes, and what was done for it. */
    async ask(message: Unnumbered): Promise<{ answer: string; calls: readonly string[] }> {
      calls.length = 0
      const answered = new Promise<void>((resolve) => (came = resolve))
      connection.receive(clientMessageToFrame({ ...message, request: 7 }))
      await answered
      return { answer: toHex(frames.shift()!), calls: [...calls] }
    },
    close: () => connection.closed(),
  }
}

type Client = Awaited<ReturnType<typeof connect>>

/** Logs that a hub has, had until their lease ended, and never had. */
async function prepare() {
  const shift = { ms: 0 }
  const clock = {
    now: () => 1_790_000_000_000 + shift.ms,
    monotonic: () => performance.now() + shift.ms,
    after: () => () => {},
    soon(run: () => void) {
      const immediate = setImmediate(run)
      return () => clearImmediate(immediate)
    },
  }
  const service = createHubService({ storage: createSqliteStorage(openSqlite(':memory:', undefined)), clock })
  const put = async (log: TestLog): Promise<void> => {
    const client = await connect(service.context)
    const right = 'write'
    const proofs = [
      { right, signature: testSigning.ed25519Sign(proofBytes(client.hello, log.id, right), log.seeds[right]) },
    ] as const
    await client.ask({ type: 'open', resumption: undefined, logs: [{ policy: log.policy, proofs }] })
    await client.ask({ type: 'put', puts: [{ log: log.id, lane: 2, entries: [random(300)], covers: [] }] })
    client.close()
  }
  const logs = { expired: createTestLog(), kept: createTestLog(), unknown: createTestLog() }
  await put(logs.expired)
  // A day is one on which the hub ran.
  for (let day = 0; day < 400; day += 1) {
    shift.ms += 86_400_000
    await service.dropDue()
  }
  await put(logs.kept)
  assert.equal((await service.context.store.totals()).logs, 1, 'one is gone')
  return { hub: service.context, logs, clock }
}

const wrong: Proof = { right: 'read', signature: random(64) }

const attempts: Record<string, (client: Client, log: TestLog, hub: HubContext) => Promise<Unnumbered>> = {
  'open by a wrong signature': async (_, { policy }) => ({
    type: 'open',
    resumption: undefined,
    logs: [{ policy, proofs: [wrong] }],
  }),
  'open without a proof': async (_, { policy }) => ({
    type: 'open',
    resumption: undefined,
    logs: [{ policy, proofs: [] }],
  }),
  'open by a ticket that has expired': async (client, log, hub) =>
    openByTicket(client, log, hub, -1, hub.identity.ticketSecret),
  'open by a ticket of another hub': async (client, log, hub) => openByTicket(client, log, hub, 1000, random(32)),
  'open by a ticket that somebody else signs for': async (client, log, hub) => ({
    ...openByTicket(client, log, hub, 1000, hub.identity.ticketSecret),
    resumption: showResumption(client, random(32)),
  }),
  'put to what is not open': async (_, { id }) => ({
    type: 'put',
    puts: [{ log: id, lane: 2, entries: [random(300)], covers: [] }],
  }),
  'pull what is not open': async (_, log) => ({ type: 'pull', pulls: [pullItem(log)] }),
  'signal to what is not open': async (_, { id }) => ({
    type: 'signal',
    signals: [{ log: id, to: undefined, bytes: random(20) }],
  }),
  'trim what is not open': async (_, { id }) => ({ type: 'trim', trims: [{ log: id, ids: [random(32)] }] }),
}

function openByTicket(
  client: Client,
  log: TestLog,
  hub: HubContext,
  forMs: number,
  secret: Uint8Array,
): ReturnType<typeof toResume> {
  const seed = random(32)
  const publicKey = testSigning.ed25519PublicKey(seed)
  const ticket = createTicket(testSigning, secret, publicKey, [ticketLog(log)], hub.clock.now() + forMs)
  const followed = { ...ticketLog(log), cursors: [cursorAt(2, 1)] }
  return toResume(client, seed, ticket, [followed], hub.store.generation)
}

test('a refusal is the same bytes for the same work, of a log that the hub has, had or never had', async () => {
  const { hub, logs } = await prepare()
  for (const [what, attempt] of Object.entries(attempts)) {
    const seen: Record<string, unknown> = {}
    for (const [which, log] of Object.entries(logs)) {
      const client = await connect(hub)
      seen[which] = await client.ask(await attempt(client, log, hub))
      client.close()
    }
    assert.deepEqual(seen['unknown'], seen['kept'], what)
    assert.deepEqual(seen['expired'], seen['kept'], what)
    const { answer } = seen['kept'] as { answer: string }
    // The last item of the one result: [code 1, wait 0].
    assert.match(answer, /8182?0100$|820100$/, `${what} is refused`)
  }
})

test('a ticket that has expired is refused as a forged or a stolen one is', async () => {
  const { hub, logs } = await prepare()
  const [expired, forged] = [await connect(hub), await connect(hub)]
  const first = await expired.ask(await attempts['open by a ticket that has expired']!(expired, logs.kept, hub))
  const second = await forged.ask(await attempts['open by a ticket of another hub']!(forged, logs.kept, hub))
  assert.deepEqual(first, second)
  const stolen = await connect(hub)
  assert.deepEqual(
    await stolen.ask(await attempts['open by a ticket that somebody else signs for']!(stolen, logs.kept, hub)),
    first,
  )
})

test('the work that is counted is seen: what is granted is another', async () => {
  const { hub, logs } = await prepare()
  const client = await connect(hub)
  const refused = await client.ask(await attempts['open by a wrong signature']!(client, logs.kept, hub))
  const signature = testSigning.ed25519Sign(proofBytes(client.hello, logs.kept.id, 'read'), logs.kept.seeds.read)
  const granted = await client.ask({
    type: 'open',
    resumption: undefined,
    logs: [{ policy: logs.kept.policy, proofs: [{ right: 'read', signature }] }],
  })
  assert.notEqual(granted.answer, refused.answer)
  assert.notDeepEqual(granted.calls, refused.calls)
})
