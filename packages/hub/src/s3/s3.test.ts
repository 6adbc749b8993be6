/** Large entries on a real S3 service: what a hub keeps and drops, on SQLite and on PostgreSQL. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startHub } from '../hub.ts'
import type { HubLogEvent } from '../log.ts'
import { nodeVerifying, random } from '../node-crypto.ts'
import { createTestClock } from '../testing/clock.ts'
import {
  connectTestClient,
  createTestLog,
  openLog,
  pullAll,
  pullItem,
  putEntries,
  type TestLog,
} from '../testing/client.ts'
import { folderOf, objectName, passDays, start, startServices, until } from '../testing/s3-scene.ts'
import { startLine } from '../testing/s3.ts'
import type { S3Options } from './options.ts'

const { service, stores, objects } = await startServices()
const timeout = 180_000
const idOf = (bytes: Uint8Array) => nodeVerifying.sha256(bytes)
const idEquals = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0

for (const { name, create } of stores) {
  test(`${name}: entries of 64 KiB to 1 MiB are objects, are followed, read back and put twice, and go when they expire`, {
    timeout,
  }, async (context) => {
    const [s3, clock, storage] = [service.createOptions(), createTestClock(), await create(context)]
    const hub = await start(context, { storage, s3, clock, limits: { leaseDays: 40 } })
    const [writer, reader] = [await connectTestClient(hub.url), await connectTestClient(hub.url)]
    const log = createTestLog()
    await openLog(writer, log)
    await openLog(reader, log, 'read')
    await reader.ask({ type: 'pull', pulls: [pullItem(log, { follow: true })] })
    const entries = [300, 65_535, 65_536, 200_000, 1024 * 1024].map((size) => random(size))
    for (const entry of entries) await putEntries(writer, log, [entry])
    assert.equal((await objects(s3)).length, 3)
    const others = (await service.names(s3)).filter((found) => !objectName.test(found))
    assert.deepEqual(others, ['hub'], 'and one that says whose they are')
    assert.deepEqual((await putEntries(writer, log, [entries[2]!, entries[3]!])).numbers, [3, 4])
    assert.equal((await objects(s3)).length, 3, 'nothing is kept twice')
    const expected = entries.map((entry) => Buffer.from(idOf(entry)).toString('hex'))
    const ids = (found: readonly { bytes: Uint8Array }[]) =>
      found.map(({ bytes }) => Buffer.from(idOf(bytes)).toString('hex'))
    const followed = () => reader.waiting().flatMap((message) => (message.type === 'entries' ? message.entries : []))
    await until(() => followed().length === 5)
    assert.deepEqual(ids(followed()), expected)
    assert.deepEqual(ids(await pullAll(writer, pullItem(log))), expected)
    if (typeof storage === 'string')
      assert.ok(!readFileSync(storage).includes(Buffer.from(entries[3]!.subarray(0, 100))))
    await writer.ask({ type: 'trim', trims: [{ log: log.id, ids: [idOf(entries[3]!)] }] })
    await passDays(hub, clock, 31)
    await until(async () => (await objects(s3)).length === 2)
    assert.deepEqual(
      ids(await pullAll(writer, pullItem(log))),
      expected.filter((_, at) => at !== 3),
    )
    for (const client of [writer, reader]) {
      client.close()
      await client.closed
    }
    await passDays(hub, clock, 42)
    await until(async () => (await objects(s3)).length === 0)
    assert.equal((await hub.totals()).entries, 0)
  })

  test(`${name}: while S3 is away large entries are refused for the moment and all else goes on; when it is back they come`, {
    timeout,
  }, async (context) => {
    const [s3, storage] = [service.createOptions(), await create(context)]
    const line = await startLine(service.port)
    context.after(() => line.close())
    const events: HubLogEvent[] = []
    const hub = await start(context, {
      storage,
      s3: { ...s3, endpoint: `http://127.0.0.1:${line.port}` },
      log: (event) => void events.push(event),
    })
    const health = async (): Promise<unknown> => (await fetch(`${hub.url.replace('ws', 'http')}/health`)).json()
    assert.deepEqual(await health(), { status: 'ok' })
    const [writer, reader, fetcher] = [
      await connectTestClient(hub.url),
      await connectTestClient(hub.url),
      await connectTestClient(hub.url),
    ]
    const [log, other] = [createTestLog(), createTestLog()]
    for (const client of [writer, reader, fetcher]) for (const each of [log, other]) await openLog(client, each)
    const [before, meanwhile] = [random(100_000), random(100_000)]
    const small = [random(300), random(300)]
    await putEntries(writer, log, [small[0]!, before, small[1]!])
    await putEntries(writer, other, [random(300)])

    line.cut()
    assert.equal((await putEntries(writer, log, [meanwhile])).refused, 'slow-down')
    assert.deepEqual(await health(), { status: 'ok', largeEntries: 'away' })
    assert.deepEqual((await putEntries(writer, log, [random(300)])).numbers, [4])
    const read = ({ id }: TestLog, by = reader) =>
      by
        .waiting()
        .flatMap((message) => (message.type === 'entries' && idEquals(message.log, id) ? message.entries : []))
    await reader.ask({ type: 'pull', pulls: [pullItem(log, { follow: true }), pullItem(other)] })
    // The same reader, who waits for one log, has the other.
    await until(() => read(other).length === 1)
    await until(() => read(log).length === 1)
    const ids = [small[0]!, before, small[1]!].map(idOf)
    await fetcher.ask({ type: 'pull', pulls: [pullItem(log, { mode: 'ids', ids })] })
    await until(() => read(log, fetcher).length === 1)

    line.mend()
    await until(async () => (await putEntries(writer, log, [meanwhile])).numbers !== undefined)
    await until(() => read(log).length === 5)
    assert.deepEqual(
      read(log).map(({ n }) => n),
      [1, 2, 3, 4, 5],
    )
    assert.deepEqual(idOf(read(log)[1]!.bytes), idOf(before))
    await until(() => read(log, fetcher).length === 3)
    assert.deepEqual(
      read(log, fetcher).map(({ n }) => n),
      [1, 2, 3],
    )
    assert.deepEqual(await health(), { status: 'ok' })
    assert.deepEqual(
      events.filter(({ event }) => event.startsWith('large')).map(({ event }) => event),
      ['large-entries-away', 'large-entries-back'],
    )
    assert.ok(!JSON.stringify(events).includes(s3.secret))
  })

  test(`${name}: settings that cannot be right end the start, and nothing is deleted by them`, {
    timeout,
  }, async (context) => {
    const [s3, storage] = [service.createOptions(), await create(context)]
    const refused = (wrong: Partial<S3Options>, code: string, what: RegExp) =>
      assert.rejects(startHub({ storage, s3: { ...s3, ...wrong } }), (cause: Error & { code?: string }) => {
        assert.equal(cause.code, code)
        assert.match(cause.message, what)
        assert.ok(!cause.message.includes(s3.secret) && !cause.message.includes(s3.keyId))
        return true
      })
    await refused({ secret: 'wrong' }, 'storage-unavailable', /refuses the key/)
    await refused({ keyId: 'kith:nobody' }, 'storage-unavailable', /refuses the key/)
    await refused({ bucket: 'elsewhere' }, 'storage-unavailable', /no bucket of that name/)
    const [log, entry] = [createTestLog(), random(100_000)]
    {
      const hub = await startHub({ storage, s3 })
      const client = await connectTestClient(hub.url)
      await openLog(client, log)
      await putEntries(client, log, [entry])
      await hub.close()
    }
    await refused({ prefix: 'another/' }, 'storage-unavailable', /nothing of this hub under this prefix/)
    await assert.rejects(startHub({ storage }), { code: 'storage-unavailable' })
    const stranger = join(folderOf(context), 'hub.db')
    await assert.rejects(startHub({ storage: stranger, s3 }), { code: 'storage-busy' })
    const hub = await start(context, { storage, s3 })
    const client = await connectTestClient(hub.url)
    await openLog(client, log)
    assert.deepEqual(idOf((await pullAll(client, pullItem(log)))[0]!.bytes), idOf(entry))
  })

  test(`${name}: an object that somebody deleted is missed, and its entry can be put again`, {
    timeout,
  }, async (context) => {
    const [s3, storage] = [service.createOptions(), await create(context)]
    const hub = await start(context, { storage, s3 })
    const client = await connectTestClient(hub.url)
    const [log, entry] = [createTestLog(), random(100_000)]
    await openLog(client, log)
    await putEntries(client, log, [entry, random(300)])
    await service.remove(s3, (await objects(s3))[0]!)
    assert.deepEqual(
      (await pullAll(client, pullItem(log))).map(({ n }) => n),
      [2],
    )
    assert.deepEqual((await putEntries(client, log, [entry])).numbers, [3])
    assert.deepEqual(
      (await pullAll(client, pullItem(log))).map(({ n }) => n),
      [2, 3],
    )
  })

  test(`${name}: a bucket that is emptied under a running hub is not taken for entries that were lost`, {
    timeout,
  }, async (context) => {
    const [s3, storage] = [service.createOptions(), await create(context)]
    const hub = await start(context, { storage, s3 })
    const client = await connectTestClient(hub.url)
    const log = createTestLog()
    await openLog(client, log)
    await putEntries(client, log, [random(100_000)])
    for (const object of await service.names(s3)) await service.remove(s3, object)
    await client.ask({ type: 'pull', pulls: [pullItem(log)] })
    const health = async () => (await fetch(`${hub.url.replace('ws', 'http')}/health`)).text()
    await until(async () => (await health()).includes('"largeEntries":"away"'))
    assert.equal((await hub.totals()).entries, 1)
    assert.deepEqual(client.waiting(), [])
  })
}
