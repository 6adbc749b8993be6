import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { LogKind } from '@kith/core/wire'
import { type Hub, type HubOptions, startHub } from './hub.ts'
import { nodeVerifying, random } from './node-crypto.ts'
import { dayMs } from './store/days.ts'
import { createTestClock, type TestClock } from './testing/clock.ts'
import {
  connectTestClient,
  createTestLog,
  openLog,
  pullAll,
  pullItem,
  putEntries,
  type TestClient,
  type TestLog,
} from './testing/client.ts'
import { createTestStorage, onlyFiles } from './testing/storage.ts'

async function start(context: TestContext, options: Partial<HubOptions> = {}) {
  const clock = createTestClock()
  const storage = options.storage ?? (await createTestStorage(context))
  const hub = await startHub({ clock, ...options, storage })
  context.after(() => hub.close())
  return { clock, hub }
}

async function startWithLog(context: TestContext, kind: LogKind = 'space') {
  const { clock, hub } = await start(context)
  const client = await connectTestClient(hub.url)
  const log = createTestLog(kind)
  await openLog(client, log)
  const numbers = async (lane: 1 | 2) => (await pullAll(client, pullItem(log, { lane }))).map(({ n }) => n)
  return { clock, hub, client, log, numbers }
}

/** As a hub lives through them: it looks each day what is due. How many entries went. */
async function passDays(hub: Hub, clock: TestClock, count: number): Promise<number> {
  let dropped = 0
  for (let day = 0; day < count; day += 1) {
    clock.advance(dayMs)
    dropped += await hub.tidy()
  }
  return dropped
}

function folderOf(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'kith-hub-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** All that lies in the files of a folder, one after another. */
function filesOf(folder: string): Buffer {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return Buffer.concat(names.map(({ parentPath, name }) => readFileSync(join(parentPath, name))))
}

const idOf = (bytes: Uint8Array) => nodeVerifying.sha256(bytes)

const trim = (client: TestClient, log: TestLog, ...entries: Uint8Array[]) =>
  client.ask({ type: 'trim', trims: [{ log: log.id, ids: entries.map(idOf) }] })

test('a trimmed entry goes after 30 days and not sooner, unless it is put again', async (context) => {
  const { clock, hub, client, log, numbers } = await startWithLog(context)
  const entries = [random(300), random(300), random(300)]
  await putEntries(client, log, entries)
  assert.deepEqual((await trim(client, log, entries[0]!, entries[1]!, random(32))).results, [{ done: true }])
  assert.equal(await passDays(hub, clock, 30), 0)
  await putEntries(client, log, [entries[1]!])
  assert.equal(await passDays(hub, clock, 1), 1)
  assert.deepEqual(await numbers(2), [2, 3])
  assert.deepEqual((await hub.totals()).bytes, 600)
  assert.deepEqual((await putEntries(client, log, [random(300)])).numbers, [4], 'its number is not given again')
})

test('only the admin key trims', async (context) => {
  const { clock, hub, log, client } = await startWithLog(context)
  const entry = random(300)
  await putEntries(client, log, [entry])
  const writer = await connectTestClient(hub.url)
  await openLog(writer, log, 'read', 'write')
  assert.equal((await trim(writer, log, entry)).results[0]!.refused, 'refused')
  assert.equal(await passDays(hub, clock, 40), 0)
})

test('what a pack covers leaves the tail after 30 days, unless it is put again; other lanes stay', async (context) => {
  const { clock, hub, client, log, numbers } = await startWithLog(context)
  const [tail, pack] = [[random(300), random(300)], random(500)]
  await putEntries(client, log, tail)
  await putEntries(client, log, [pack], 1, [...tail, pack].map(idOf))
  await passDays(hub, clock, 15)
  await putEntries(client, log, [tail[1]!])
  await passDays(hub, clock, 20)
  assert.deepEqual([await numbers(1), await numbers(2)], [[1], [2]])
})

test('days on which the hub did not run do not count, nor does a clock that jumps', async (context) => {
  const storage = await createTestStorage(context, true)
  const log = createTestLog()
  const entry = random(300)
  const live = async (startMs: number, days: number) => {
    const clock = createTestClock(startMs)
    const hub = await startHub({ storage, clock })
    const client = await connectTestClient(hub.url)
    await openLog(client, log)
    await hub.tidy()
    await putEntries(client, log, [random(300)])
    const dropped = await passDays(hub, clock, days)
    const { entries } = await hub.totals()
    await hub.close()
    return { dropped, entries, client }
  }
  const early = 1_790_000_000_000
  {
    const clock = createTestClock(early)
    const hub = await startHub({ storage, clock })
    const client = await connectTestClient(hub.url)
    await openLog(client, log)
    await putEntries(client, log, [entry])
    await hub.tidy()
    await trim(client, log, entry)
    await hub.close()
  }
  assert.deepEqual((await live(early + 5_000 * dayMs, 10)).dropped, 0, 'a jump of 5,000 days is one day')
  assert.deepEqual((await live(early, 10)).dropped, 0, 'a clock that was set back')
  const last = await live(early + 20 * dayMs, 12)
  assert.deepEqual([last.dropped, last.entries], [1, 3])
})

test('a letter lies 30 days in a mailbox and in a knock box, however often it is put', async (context) => {
  for (const kind of ['mailbox', 'knock'] as const) {
    const { clock, hub, client, log } = await startWithLog(context, kind)
    const letters = [random(300), random(300)]
    await putEntries(client, log, [letters[0]!])
    assert.equal(await passDays(hub, clock, 20), 0)
    await putEntries(client, log, letters)
    assert.equal(await passDays(hub, clock, 11), 1)
    assert.equal(await passDays(hub, clock, 20), 1)
    assert.equal((await hub.totals()).entries, 0)
  }
})

test('a location keeps its last four records, small ones on the tail alone', async (context) => {
  const { client, log, numbers } = await startWithLog(context, 'location')
  for (let count = 0; count < 7; count += 1) await putEntries(client, log, [random(300)])
  assert.deepEqual(await numbers(2), [4, 5, 6, 7])
  await putEntries(
    client,
    log,
    Array.from({ length: 6 }, () => random(300)),
  )
  assert.deepEqual(await numbers(2), [10, 11, 12, 13])
  assert.equal((await putEntries(client, log, [random(3000)])).refused, 'too-large')
  assert.equal((await putEntries(client, log, [random(300)], 1)).refused, 'refused')
})

test('a log goes when nobody used it for its lease; opening it, or keeping it open, renews', async (context) => {
  const { clock, hub } = await start(context, { limits: { leaseDays: 5 } })
  const keeper = await connectTestClient(hub.url)
  const [kept, visited, forgotten] = [createTestLog(), createTestLog('media'), createTestLog()]
  for (const log of [kept, visited, forgotten]) {
    const client = log === kept ? keeper : await connectTestClient(hub.url)
    await openLog(client, log)
    await putEntries(client, log, [random(300), random(300)])
    if (log !== kept) client.close()
  }
  for (let round = 0; round < 4; round += 1) {
    await passDays(hub, clock, 4)
    const visitor = await connectTestClient(hub.url)
    await openLog(visitor, visited, 'read')
    visitor.close()
  }
  const totals = await hub.totals()
  assert.deepEqual([totals.logs, totals.entries, totals.bytes], [2, 4, 1200])
})

test('a log that expired comes again as another: old cursors are told, and numbers go on', async (context) => {
  const { clock, hub } = await start(context, { limits: { leaseDays: 5 } })
  const log = createTestLog()
  const client = await connectTestClient(hub.url)
  const { generation } = await openLog(client, log)
  await putEntries(client, log, [random(300), random(300), random(300)])
  client.close()
  await client.closed
  await passDays(hub, clock, 7)
  assert.equal((await hub.totals()).logs, 0)
  const again = await connectTestClient(hub.url)
  await openLog(again, log)
  assert.deepEqual(await pullAll(again, pullItem(log)), [])
  const { numbers } = await putEntries(again, log, [random(300), random(300)])
  assert.ok(numbers[0]! > 3, String(numbers))
  for (const n of [1, 2, 3]) {
    const { results } = await again.ask({ type: 'pull', pulls: [pullItem(log, { generation, n })] })
    assert.equal(results[0]!.refused, 'other-generation')
  }
  assert.deepEqual(
    (await pullAll(again, pullItem(log, { generation, n: numbers[0]! }))).map(({ n }) => n),
    [numbers[1]],
  )
  await openLog(again, createTestLog())
  const other = createTestLog()
  await openLog(again, other)
  const { results } = await again.ask({ type: 'pull', pulls: [pullItem(other), pullItem(log, { lane: 1 })] })
  assert.deepEqual(
    results.map(({ news }) => news),
    [false, false],
  )
})

test(
  'what has expired is nowhere in the files: not in pages, not in the log of changes, not outside',
  onlyFiles(),
  async (context) => {
    const folder = folderOf(context)
    const { clock, hub } = await start(context, { storage: join(folder, 'hub.db'), limits: { leaseDays: 5 } })
    const client = await connectTestClient(hub.url)
    const [log, other] = [createTestLog(), createTestLog()]
    const marks: Buffer[] = []
    const marked = (size: number) => {
      const mark = Buffer.from(random(24))
      marks.push(mark)
      // Often enough to be on every page that the entry takes.
      return new Uint8Array(Buffer.concat(Array.from({ length: Math.ceil(size / 24) }, () => mark)))
    }
    await openLog(client, log)
    await openLog(client, other)
    for (let count = 0; count < 30; count += 1) await putEntries(client, log, [marked(300), marked(20_000)])
    for (let count = 0; count < 5; count += 1) await putEntries(client, log, [marked(200_000)])
    const trimmed = [marked(300), marked(100_000)]
    const kept = [random(300), random(100_000)]
    await putEntries(client, other, [...trimmed, ...kept])
    await trim(client, other, ...trimmed)
    const before = filesOf(folder)
    assert.ok(
      marks.every((mark) => before.includes(mark)),
      'all are found while they are there',
    )
    assert.ok(before.includes(Buffer.from(log.id)))
    client.close()
    await client.closed
    for (let day = 0; day < 32; day += 1) {
      const visitor = await connectTestClient(hub.url)
      await openLog(visitor, other)
      await passDays(hub, clock, 1)
      visitor.close()
      await visitor.closed
    }
    const after = filesOf(folder)
    assert.equal(marks.filter((mark) => after.includes(mark)).length, 0)
    assert.ok(!after.includes(Buffer.from(log.id)), 'nor its id')
    assert.ok(kept.every((entry) => after.includes(Buffer.from(entry.subarray(0, 200)))))
  },
)

test(
  'large entries are files: read back, followed, put twice, swept after a crash, and missed when somebody deletes one',
  onlyFiles(),
  async (context) => {
    const folder = folderOf(context)
    const storage = join(folder, 'hub.db')
    const large = () =>
      readdirSync(`${storage}-entries`, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => join(parentPath, name))
    const open = async () => {
      const hub = await startHub({ storage })
      context.after(() => hub.close())
      return hub
    }
    const first = await open()
    const log = createTestLog()
    const [writer, reader] = [await connectTestClient(first.url), await connectTestClient(first.url)]
    const { generation } = await openLog(writer, log)
    await openLog(reader, log, 'read')
    await reader.ask({ type: 'pull', pulls: [pullItem(log, { follow: true })] })
    const entries = [random(300), random(65_536), random(1024 * 1024), random(65_535)]
    for (const entry of entries) await putEntries(writer, log, [entry])
    assert.equal(large().length, 2)
    assert.deepEqual((await putEntries(writer, log, [entries[2]!])).numbers, [3])
    assert.deepEqual(
      (await Promise.all([putEntries(writer, log, [random(70_000)]), putEntries(writer, log, [random(70_000)])])).map(
        ({ numbers }) => numbers,
      ),
      [[5], [6]],
    )
    const followed = reader.waiting().flatMap((message) => (message.type === 'entries' ? message.entries : []))
    for (const got of [await pullAll(writer, pullItem(log, { limit: 4 })), followed.slice(0, 4)]) {
      assert.deepEqual(
        got.map(({ bytes }) => idOf(bytes)),
        entries.map(idOf),
      )
    }
    await first.close()
    assert.equal(large().length, 4, 'the second copy of an entry is gone')

    writeFileSync(
      large()[0]!.replace(/[0-9a-f]$/, (digit) => (digit === 'f' ? 'e' : 'f')),
      'of a crash',
    )
    const second = await open()
    assert.equal(large().length >= 4, true, 'nothing is swept after a clean end')
    await second.close()

    const path = large().find((file) => readFileSync(file).length === 1024 * 1024)!
    rmSync(path)
    const third = await open()
    const client = await connectTestClient(third.url)
    assert.deepEqual((await openLog(client, log)).generation, generation)
    const found = (await pullAll(client, pullItem(log))).map(({ n }) => n)
    assert.ok(!found.includes(3))
    assert.deepEqual((await putEntries(client, log, [entries[2]!])).numbers, [7], 'it can be put again')
    await third.close()
    const fourth = await open()
    const last = await connectTestClient(fourth.url)
    assert.notDeepEqual((await openLog(last, log)).generation, generation, 'clients compare after a loss')
    // It may be swept between the list and the look.
    while (large().some((file) => statSync(file, { throwIfNoEntry: false })?.size === 10))
      await new Promise(setImmediate)
  },
)

test('what is due is dropped by itself within an hour', async (context) => {
  const { clock, client, log, numbers } = await startWithLog(context)
  const entry = random(300)
  await putEntries(client, log, [entry])
  await trim(client, log, entry)
  // A day that passes while the hub still looks is none to it.
  while ((await numbers(2)).length > 0) {
    clock.advance(dayMs)
    await client.ask({ type: 'pull', pulls: [] })
  }
})
