/** Three processes of one hub behind a balancer, killed at random while people write and follow. */
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { connect as connectSocket, createServer, type Server, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { toHex } from '@kith/core/bytes'
import type { Right } from '@kith/core/wire'
import { connectHub, type HubConnection } from '../../../core/src/sync/hub-connection.ts'
import { nodeClock } from '../node-clock.ts'
import { random } from '../node-crypto.ts'
import { createTestLog, type TestLog, testSigning } from '../testing/client.ts'
import { testNetwork } from '../testing/network.ts'
import { startNats, startPostgres } from '../testing/servers.ts'

const server = await startPostgres()
after(() => server.stop())

type Process = { readonly child: ChildProcess; readonly port: number }

async function startProcess(storage: object): Promise<Process> {
  const child = fork(new URL('../testing/hub-process.ts', import.meta.url), [JSON.stringify(storage)])
  const [said] = (await once(child, 'message')) as [{ url: string }]
  return { child, port: Number(new URL(said.url).port) }
}

async function kill({ child }: Process): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

/** As plain as a balancer can be: each connection goes to the next process that takes it, and ends with it. */
async function startBalancer(ports: () => readonly number[]): Promise<{ url: string; server: Server }> {
  let turn = 0
  const balancer = createServer((client) => {
    client.on('error', () => client.destroy())
    const candidates = ports()
    turn += 1
    pass(client, [...candidates.slice(turn % candidates.length), ...candidates.slice(0, turn % candidates.length)])
  })
  await new Promise<void>((resolve) => balancer.listen(0, '127.0.0.1', resolve))
  return { url: `ws://127.0.0.1:${(balancer.address() as { port: number }).port}`, server: balancer }
}

function pass(client: Socket, [port, ...others]: readonly number[]): void {
  if (port === undefined) {
    client.destroy()
    return
  }
  const target = connectSocket(port, '127.0.0.1')
  target.once('connect', () => {
    client.pipe(target).pipe(client)
    client.once('close', () => target.destroy())
    target.once('close', () => client.destroy())
  })
  target.on('error', () => {
    if (target.bytesWritten === 0 && target.bytesRead === 0 && !client.destroyed) pass(client, others)
    else client.destroy()
  })
}

const failures: assert.AssertionError[] = []

function noteFailure(cause: unknown): void {
  if (cause instanceof assert.AssertionError) failures.push(cause)
}

/** Connects again whenever the connection ends, as an engine does. */
async function keepConnected(
  url: string,
  isOver: () => boolean,
  entries: (list: readonly { n: number; bytes: Uint8Array }[]) => void,
  live: (connection: HubConnection) => Promise<void>,
): Promise<void> {
  while (!isOver()) {
    const closed = Promise.withResolvers<void>()
    const connection = connectHub({
      url,
      network: testNetwork,
      clock: nodeClock,
      crypto: testSigning,
      events: {
        opened() {},
        entries: (event) => entries(event.entries),
        signal() {},
        closed: () => closed.resolve(),
      },
    })
    // What is asked of a connection that ends is refused.
    await Promise.race([live(connection).catch(noteFailure), closed.promise])
    connection.close()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const wish = ({ policy, seeds }: TestLog, ...rights: Right[]) => ({
  policy,
  rights: rights.map((right) => ({ right, seed: seeds[right] })),
})

test('processes are killed while people write: each acknowledged entry is there once, and followers go on with another process', {
  timeout: 180_000,
}, async (context) => {
  const nats = await startNats()
  context.after(() => nats.stop())
  const storage = { postgres: await server.createDatabase(), nats: nats.url }
  const processes = [await startProcess(storage), await startProcess(storage), await startProcess(storage)]
  context.after(() => Promise.all(processes.map(kill)))
  const balancer = await startBalancer(() => processes.map(({ port }) => port))
  context.after(() => balancer.server.close())

  const logs = Array.from({ length: 4 }, () => createTestLog())
  const over = new AbortController()
  const isOver = () => over.signal.aborted
  const acknowledged = new Map<string, number>()
  /** When an entry was first given to the hub; when a follower had it last. */
  const heardAt = new Map<string, number>()
  const working: Promise<void>[] = []
  const cursors = logs.map(() => ({
    n: 0,
    generation: undefined as Uint8Array | undefined,
    seen: new Map<number, string>(),
  }))
  let longestSilenceMs = 0
  logs.forEach((log, at) => {
    const cursor = cursors[at]!
    working.push(
      keepConnected(
        balancer.url,
        isOver,
        (entries) => {
          for (const { n, bytes } of entries) {
            if (n <= cursor.n) failures.push(new assert.AssertionError({ message: `${n} after ${cursor.n}` }))
            cursor.n = n
            cursor.seen.set(n, toHex(bytes))
            heardAt.set(toHex(bytes), performance.now())
          }
        },
        async (connection) => {
          const [opened] = await connection.open([wish(log, 'read')])
          assert.ok(opened !== undefined && 'generation' in opened)
          cursor.generation ??= opened.generation
          assert.deepEqual(opened.generation, cursor.generation, 'no new generation')
          await connection.pull([{ log: log.id, lane: 2, follow: true, generation: cursor.generation, n: cursor.n }])
          await new Promise(() => {})
        },
      ),
    )
  })
  // Two who write the same logs, by different processes more often than not.
  for (const log of [...logs, ...logs]) {
    let pending: Uint8Array | undefined
    working.push(
      keepConnected(
        balancer.url,
        isOver,
        () => {},
        async (connection) => {
          await connection.open([wish(log, 'write')])
          while (!isOver()) {
            pending ??= random(300)
            await connection.put(log.id, 2, [pending])
            acknowledged.set(toHex(pending), performance.now())
            pending = undefined
          }
        },
      ),
    )
  }

  const until = async (isDone: () => boolean) => {
    while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 10))
  }
  for (let round = 0; round < 5; round += 1) {
    const before = acknowledged.size
    await until(() => acknowledged.size > before + 100)
    const victim = Math.floor(Math.random() * processes.length)
    const heard = cursors.map(({ n }) => n)
    const killedAt = performance.now()
    await kill(processes[victim]!)
    await until(() => cursors.every(({ n }, at) => n > heard[at]!))
    longestSilenceMs = Math.max(longestSilenceMs, performance.now() - killedAt)
    processes[victim] = await startProcess(storage)
  }
  over.abort()
  await until(() => [...acknowledged.keys()].every((entry) => heardAt.has(entry)))
  const waits = [...acknowledged].map(([entry, at]) => heardAt.get(entry)! - at).sort((a, b) => a - b)
  context.diagnostic(
    `${acknowledged.size} acknowledged; after a kill each follower heard again within ${Math.round(longestSilenceMs)} ms; ` +
      `heard ${Math.round(waits[Math.floor(waits.length / 2)]!)} ms after the acknowledgement at p50, ${Math.round(waits.at(-1)!)} ms at most`,
  )
  assert.deepEqual(failures, [])
  const every = cursors.flatMap(({ seen }) => [...seen.values()])
  assert.equal(new Set(every).size, every.length, 'no entry twice')
  for (const { seen } of cursors) {
    const numbers = [...seen.keys()]
    assert.deepEqual(
      numbers,
      Array.from(numbers, (_, index) => index + 1),
      'no gaps',
    )
  }
})
