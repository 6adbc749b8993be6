import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import { startHub } from './hub.ts'
import { random } from './node-crypto.ts'
import { connectTestClient, createTestLog, openLog, pullAll, pullItem, putEntries } from './testing/client.ts'

async function createStorage(context: TestContext): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'kith-hub-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  const storage = join(folder, 'hub.db')
  const hub = await startHub({ storage })
  const client = await connectTestClient(hub.url)
  const log = createTestLog()
  await openLog(client, log)
  await putEntries(
    client,
    log,
    Array.from({ length: 200 }, () => random(300)),
  )
  await hub.close()
  return storage
}

test('a second hub on one file is refused, and the first goes on', async (context) => {
  const storage = await createStorage(context)
  const hub = await startHub({ storage })
  await assert.rejects(startHub({ storage }), { code: 'storage-busy' })
  await connectTestClient(hub.url)
  await hub.close()
})

test('a database of a newer version is refused and not changed', async (context) => {
  const storage = await createStorage(context)
  const database = new DatabaseSync(storage)
  database.exec('PRAGMA user_version = 2')
  database.close()
  const before = readFileSync(storage)
  await assert.rejects(startHub({ storage }), { code: 'storage-newer' })
  assert.deepEqual(readFileSync(storage), before)
})

test('a damaged file, one that is no database and one of another program are refused', async (context) => {
  const storage = await createStorage(context)
  const whole = readFileSync(storage)
  const page = 4096
  for (const place of [0, 18, 100, page, 3 * page, page * Math.floor(whole.length / page / 2), whole.length - page]) {
    const damaged = Buffer.from(whole)
    damaged.fill(0xa5, place, place + 500)
    writeFileSync(`${storage}.damaged`, damaged)
    await assert.rejects(
      startHub({ storage: `${storage}.damaged` }),
      { code: 'storage-damaged' },
      `damaged at ${place}`,
    )
    assert.deepEqual(readFileSync(`${storage}.damaged`), damaged, 'the file is left as it was')
  }
  writeFileSync(`${storage}.text`, 'dear diary, '.repeat(1000))
  await assert.rejects(startHub({ storage: `${storage}.text` }), { code: 'storage-damaged' })
  const other = new DatabaseSync(`${storage}.other`)
  other.exec('CREATE TABLE song (title)')
  other.close()
  copyFileSync(`${storage}.other`, `${storage}.before`)
  await assert.rejects(startHub({ storage: `${storage}.other` }), { code: 'storage-damaged' })
  assert.equal(statSync(`${storage}.other`).size, statSync(`${storage}.before`).size)
})

test('a folder that is not there is refused by name', async () => {
  await assert.rejects(startHub({ storage: join(tmpdir(), 'kith-nowhere', 'hub.db') }), { code: 'storage-unavailable' })
})

test('a full disk refuses puts, keeps what it acknowledged, never gives a number twice, and works again with room', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'kith-hub-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  const storage = join(folder, 'hub.db')
  const hub = await startHub({ storage, limits: { storageBytesMax: 400_000 } })
  const [writer, reader] = [await connectTestClient(hub.url), await connectTestClient(hub.url)]
  const log = createTestLog()
  const { generation } = await openLog(writer, log)
  await openLog(reader, log, 'read')
  await reader.ask({ type: 'pull', pulls: [pullItem(log, { follow: true })] })
  const stored: number[] = []
  let refused = 0
  for (let count = 0; count < 60; count += 1) {
    const result = await putEntries(writer, log, [random(10_000)])
    if (result.refused === 'storage-full') refused += 1
    else stored.push(...result.numbers)
  }
  assert.ok(refused > 10 && stored.length > 10)
  const small = await putEntries(writer, log, [random(20)])
  assert.ok(small.refused === 'storage-full' || small.numbers[0]! > stored.at(-1)!)
  const kept = await pullAll(writer, pullItem(log))
  assert.deepEqual(
    kept.map(({ n }) => n).filter((n) => n <= stored.at(-1)!),
    stored,
  )
  const pushed = reader.waiting().flatMap((message) => (message.type === 'entries' ? message.entries : []))
  assert.equal(new Set(pushed.map(({ n }) => n)).size, pushed.length)
  await hub.close()
  const roomy = await startHub({ storage })
  context.after(() => roomy.close())
  const client = await connectTestClient(roomy.url)
  assert.notDeepEqual((await openLog(client, log)).generation, generation, 'followers saw what was not kept')
  assert.equal((await putEntries(client, log, [random(10_000)])).numbers.length, 1)
})
