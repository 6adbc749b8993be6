import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { toHex } from '@kith/core/bytes'
import { startHub } from './hub.ts'
import { random } from './node-crypto.ts'
import {
  connectTestClient,
  createTestLog,
  openLog,
  pullAll,
  pullItem,
  putEntries,
  type TestLog,
} from './testing/client.ts'

function temporaryFile(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'kith-hub-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'hub.db')
}

async function startChild(storage: string): Promise<{ url: string; kill: () => Promise<void> }> {
  const child = fork(new URL('./testing/hub-process.ts', import.meta.url), [storage])
  const url = await new Promise<string>((resolve) =>
    child.once('message', (message) => resolve((message as { url: string }).url)),
  )
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    url,
    kill: () => {
      child.kill('SIGKILL')
      return exited
    },
  }
}

async function look(url: string, log: TestLog) {
  const client = await connectTestClient(url)
  const { generation } = await openLog(client, log)
  const key = toHex(client.hello.hubKey)
  return { client, key, generation: toHex(generation), entries: await pullAll(client, pullItem(log)) }
}

test('a clean restart keeps key, generation, entries and numbers; a wiped database changes key and generation', async (context) => {
  const storage = temporaryFile(context)
  const log = createTestLog()
  const first = await startHub({ storage })
  const before = await look(first.url, log)
  await putEntries(before.client, log, [random(300), random(300)])
  await first.close()
  const second = await startHub({ storage })
  const after = await look(second.url, log)
  assert.deepEqual([after.key, after.generation, after.entries.length], [before.key, before.generation, 2])
  assert.deepEqual((await putEntries(after.client, log, [random(300)])).numbers, [3])
  await second.close()
  for (const end of ['', '-wal']) rmSync(storage + end, { force: true })
  const third = await startHub({ storage })
  context.after(() => third.close())
  const wiped = await look(third.url, log)
  assert.notEqual(wiped.key, before.key)
  assert.notEqual(wiped.generation, before.generation)
  assert.deepEqual(wiped.entries, [])
})

test('kill -9 under load loses no acknowledged entry and starts a new generation', {
  timeout: 30_000,
}, async (context) => {
  const storage = temporaryFile(context)
  const log = createTestLog()
  const acknowledged = new Set<string>()
  const generations = new Set<string>()
  for (let round = 0; round < 6; round += 1) {
    const hub = await startChild(storage)
    const { client, generation, entries } = await look(hub.url, log)
    generations.add(generation)
    const kept = new Set(entries.map(({ bytes }) => toHex(bytes)))
    for (const entry of acknowledged) assert.ok(kept.has(entry), `round ${round}: an acknowledged entry is gone`)
    assert.equal(new Set(entries.map(({ n }) => n)).size, entries.length)
    const enough = Promise.withResolvers<void>()
    let count = 0
    const write = async (): Promise<void> => {
      for (;;) {
        const entry = random(500)
        const result = await putEntries(client, log, [entry])
        assert.ok(result.numbers.length === 1)
        acknowledged.add(toHex(entry))
        count += 1
        if (count === 50 + 40 * round) enough.resolve()
      }
    }
    // These never end: the hub dies while some of them wait.
    for (let writer = 0; writer < 8; writer += 1) void write()
    await enough.promise
    await hub.kill()
    await client.closed
  }
  assert.equal(generations.size, 6)
  assert.ok(acknowledged.size > 800)
})
