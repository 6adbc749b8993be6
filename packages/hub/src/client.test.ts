/** The core's end of a connection against a real hub over real sockets. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createResumeState, type ResumeState, type Right } from '@kith/core/wire'
import { connectHub, type HubConnection, type HubEntries } from '../../core/src/sync/hub-connection.ts'
import { startHub } from './hub.ts'
import { nodeClock } from './node-clock.ts'
import { random } from './node-crypto.ts'
import { createTestLog, type TestLog, testSigning } from './testing/client.ts'
import { testNetwork } from './testing/network.ts'

async function start(context: TestContext) {
  const hub = await startHub({ storage: ':memory:' })
  context.after(() => hub.close())
  return hub
}

function connect(url: string, resume?: ResumeState) {
  const entries: HubEntries[] = []
  const signals: Uint8Array[] = []
  let wake = () => {}
  const connection: HubConnection = connectHub({
    url,
    network: testNetwork,
    clock: nodeClock,
    crypto: testSigning,
    ...(resume === undefined ? {} : { resume }),
    events: {
      opened() {},
      entries(event) {
        entries.push(event)
        wake()
      },
      signal({ bytes }) {
        signals.push(bytes)
        wake()
      },
      closed: () => wake(),
    },
  })
  return {
    connection,
    entries,
    signals,
    async until(isDone: () => boolean) {
      while (!isDone()) await new Promise<void>((resolve) => (wake = resolve))
    },
  }
}

const wish = ({ policy, seeds }: TestLog, ...rights: Right[]) => ({
  policy,
  rights: rights.map((right) => ({ right, seed: seeds[right] })),
})

test('two clients exchange entries, live and by catching up, and signals', async (context) => {
  const hub = await start(context)
  const [alice, bob] = [connect(hub.url), connect(hub.url)]
  const log = createTestLog()
  await alice.connection.open([wish(log, 'read', 'write', 'admin')])
  await alice.connection.put(log.id, 2, [random(300), random(300)])
  await bob.connection.open([wish(log, 'read')])
  await bob.connection.pull([
    { log: log.id, lane: 2, follow: true },
    { log: log.id, lane: 0, follow: true },
  ])
  const numbers = () => bob.entries.flatMap(({ entries }) => entries.map(({ n }) => n))
  await bob.until(() => numbers().length === 2 && bob.entries.filter(({ caughtUp }) => caughtUp).length === 2)
  const stored = await alice.connection.put(log.id, 2, [random(300)])
  assert.deepEqual(stored.numbers, [3])
  await bob.until(() => numbers().length === 3)
  assert.equal(bob.entries.at(-1)!.request, 0)
  await alice.connection.signal(log.id, random(5))
  await bob.until(() => bob.signals.length === 1)
  await alice.connection.trim(log.id, [bob.entries[0]!.entries[0]?.id ?? random(32)])
})

test('three hundred logs are re-opened by one ticket with one signature', async (context) => {
  const hub = await start(context)
  const resume = createResumeState(random(32))
  const logs = Array.from({ length: 300 }, createTestLog)
  const first = connect(hub.url, resume)
  await first.connection.open(logs.map((log) => wish(log, 'read', 'write')))
  assert.deepEqual(
    resume.tickets.map((kept) => kept.logs.length),
    [300],
  )
  first.connection.close()
  let signatures = 0
  const sign = testSigning.ed25519Sign
  const counting = {
    ...testSigning,
    ed25519Sign: (message: Uint8Array, seed: Uint8Array) => ((signatures += 1), sign(message, seed)),
  }
  const again = connectHub({
    url: hub.url,
    network: testNetwork,
    clock: nodeClock,
    crypto: counting,
    resume,
    events: { opened() {}, entries() {}, signal() {}, closed() {} },
  })
  const results = await again.open(logs.map((log) => wish(log, 'read', 'write')))
  assert.ok(results.every((result) => 'rights' in result && result.rights.length === 2))
  assert.equal(signatures, 1)
  assert.deepEqual(await again.pull([]), [])
})
