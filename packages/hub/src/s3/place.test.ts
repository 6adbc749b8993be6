/** Whose bucket it is: moving to S3, copies, a bucket that was lost. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { restoreStorage } from '../backup.ts'
import { connect } from '../cluster/postgres-pool.ts'
import { startHub } from '../hub.ts'
import { random } from '../node-crypto.ts'
import { connectTestClient, createTestLog, openLog, pullAll, pullItem, putEntries } from '../testing/client.ts'
import { folderOf, start, startServices, until } from '../testing/s3-scene.ts'
import { takeBucket } from './take-bucket.ts'

const { service, stores, objects } = await startServices()
const timeout = 180_000

test('a hub that had its large entries in files takes them along to S3, and without the setting it does not start again', {
  timeout,
}, async (context) => {
  const [s3, storage] = [service.createOptions(), join(folderOf(context), 'hub.db')]
  const [log, entries] = [createTestLog(), [random(100_000), random(200_000)]]
  const files = () =>
    readdirSync(`${storage}-entries`, { recursive: true, withFileTypes: true }).filter((file) => file.isFile()).length
  {
    const hub = await startHub({ storage })
    const client = await connectTestClient(hub.url)
    await openLog(client, log)
    await putEntries(client, log, entries)
    await hub.close()
  }
  assert.equal(files(), 2)
  const hub = await start(context, { storage, s3 })
  const client = await connectTestClient(hub.url)
  await openLog(client, log)
  const all = async () => (await pullAll(client, pullItem(log))).map(({ bytes }) => bytes.length)
  assert.deepEqual(await all(), [100_000, 200_000], 'before they have moved')
  await hub.tidy()
  await until(() => files() === 0)
  assert.equal((await objects(s3)).length, 2)
  assert.deepEqual(await all(), [100_000, 200_000])
  await hub.close()
  await assert.rejects(startHub({ storage }), { code: 'storage-unavailable' })
})

test('a copy of a hub on S3 is the database; a hub restored from it touches the bucket only when told that the first is gone', {
  timeout,
}, async (context) => {
  const [s3, folder] = [service.createOptions(), folderOf(context)]
  const [storage, copy, restored] = [join(folder, 'hub.db'), join(folder, 'copy'), join(folder, 'restored.db')]
  const first = await start(context, { storage, s3 })
  const client = await connectTestClient(first.url)
  const log = createTestLog()
  const { generation: before } = await openLog(client, log)
  await putEntries(client, log, [random(100_000)])
  await first.backup(copy)
  await putEntries(client, log, [random(200_000)])
  restoreStorage(copy, restored)
  await assert.rejects(startHub({ storage: restored, s3 }), { code: 'storage-busy' })
  assert.equal((await objects(s3)).length, 2)
  await first.close()
  await takeBucket(restored, s3)
  const second = await start(context, { storage: restored, s3 })
  const again = await connectTestClient(second.url)
  const { generation } = await openLog(again, log)
  assert.notDeepEqual(generation, before)
  assert.deepEqual(
    (await pullAll(again, pullItem(log))).map(({ bytes }) => bytes.length),
    [100_000],
  )
  await second.tidy()
  // What came after the copy; who wrote it puts it again.
  await until(async () => (await objects(s3)).length === 1)
})

test('a bucket that was lost is missed at the start; taken anew, its entries can be put again', {
  timeout,
}, async (context) => {
  const [s3, storage] = [service.createOptions(), join(folderOf(context), 'hub.db')]
  const [log, entry] = [createTestLog(), random(100_000)]
  {
    const hub = await startHub({ storage, s3 })
    const client = await connectTestClient(hub.url)
    await openLog(client, log)
    await putEntries(client, log, [entry])
    await assert.rejects(takeBucket(storage, s3), { code: 'storage-busy' })
    await hub.close()
  }
  for (const name of await service.names(s3)) await service.remove(s3, name)
  await assert.rejects(startHub({ storage, s3 }), { code: 'storage-unavailable' })
  await takeBucket(storage, s3)
  const hub = await start(context, { storage, s3 })
  const client = await connectTestClient(hub.url)
  await openLog(client, log)
  assert.deepEqual(await pullAll(client, pullItem(log)), [])
  assert.deepEqual((await putEntries(client, log, [entry])).numbers, [2])
  assert.equal((await pullAll(client, pullItem(log))).length, 1)
})

test('a PostgreSQL that was made before there was S3 gets what is missing; once S3 is used an older hub, which would not look there, is refused', {
  timeout,
}, async (context) => {
  const [s3, storage] = [service.createOptions(), await stores[1]!.create(context)]
  assert.ok(typeof storage !== 'string')
  const sql = await connect(storage.postgres)
  context.after(() => sql.end({ timeout: 1 }))
  const layout = async () => {
    const [row] = await sql<{ value: Buffer }[]>`SELECT value FROM hub_meta WHERE name = 'layout'`
    return Number(row!.value.readBigUInt64BE())
  }
  const log = createTestLog()
  {
    const hub = await startHub({ storage })
    const client = await connectTestClient(hub.url)
    await openLog(client, log)
    await putEntries(client, log, [random(100_000)])
    await hub.close()
  }
  await sql`ALTER TABLE hub_entry DROP COLUMN outside`
  await sql`DROP TABLE hub_intent`
  assert.equal(await layout(), 1)
  const hub = await start(context, { storage, s3 })
  const client = await connectTestClient(hub.url)
  await openLog(client, log)
  await putEntries(client, log, [random(200_000)])
  assert.equal((await objects(s3)).length, 1)
  assert.deepEqual(
    (await pullAll(client, pullItem(log))).map(({ bytes }) => bytes.length),
    [100_000, 200_000],
  )
  assert.equal(await layout(), 2)
})
