/** Processes of a hub on S3 that are killed, on SQLite and on PostgreSQL. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeVerifying, random } from '../node-crypto.ts'
import { createTestClock } from '../testing/clock.ts'
import { connectTestClient, createTestLog, openLog, pullAll, pullItem, putEntries } from '../testing/client.ts'
import { passDays, start, startProcess, startServices, until } from '../testing/s3-scene.ts'
import { startLine } from '../testing/s3.ts'

const { service, stores, objects } = await startServices()
const timeout = 180_000
const idOf = (bytes: Uint8Array) => nodeVerifying.sha256(bytes)

for (const { name, create } of stores) {
  test(`${name}: a hub that is killed between object and row has lost nothing that it acknowledged, and the object goes`, {
    timeout,
  }, async (context) => {
    const [s3, storage] = [service.createOptions(), await create(context)]
    const line = await startLine(service.port)
    context.after(() => line.close())
    const doomed = await startProcess(context, storage, { ...s3, endpoint: `http://127.0.0.1:${line.port}` })
    const client = await connectTestClient(doomed.url)
    const [log, entries] = [createTestLog(), [random(100_000), random(100_000)]]
    await openLog(client, log)
    assert.deepEqual((await putEntries(client, log, [entries[0]!])).numbers, [1])
    line.hold()
    void putEntries(client, log, [entries[1]!])
    await until(async () => (await objects(s3)).length === 2)
    await doomed.kill()

    const clock = createTestClock(Date.now())
    const hub = await start(context, { storage, s3, clock })
    const again = await connectTestClient(hub.url)
    await openLog(again, log)
    const found = await pullAll(again, pullItem(log))
    assert.deepEqual(
      found.map(({ bytes }) => idOf(bytes)),
      [idOf(entries[0]!)],
    )
    // PostgreSQL's intents last a day.
    await until(async () => {
      await passDays(hub, clock, 1)
      return (await objects(s3)).length === 1
    })
    assert.deepEqual((await putEntries(again, log, [entries[1]!])).numbers, [2])
    assert.equal((await pullAll(again, pullItem(log))).length, 2)
  })

  test(`${name}: ${name === 'SQLite' ? 'a process that is' : 'two processes of one hub that are'} killed again and again under load: what was acknowledged is there, and nothing else stays`, {
    timeout: 300_000,
  }, async (context) => {
    const [s3, storage, log] = [service.createOptions(), await create(context), createTestLog()]
    const acknowledged = new Set<string>()
    const hex = (bytes: Uint8Array) => Buffer.from(idOf(bytes)).toString('hex')
    const count = name === 'SQLite' ? 1 : 2
    for (let round = 0; round < 4; round += 1) {
      const processes = []
      for (let at = 0; at < count; at += 1) processes.push(await startProcess(context, storage, s3))
      const before = acknowledged.size
      const over = processes.map(async ({ url }) => {
        const client = await connectTestClient(url)
        await openLog(client, log)
        const write = async () => {
          for (;;) {
            const entry = random(65_536 + Math.floor(Math.random() * 100_000))
            const answer = await Promise.race([putEntries(client, log, [entry]), client.closed])
            if (typeof answer === 'number') return
            if (answer.refused === undefined) acknowledged.add(hex(entry))
            else assert.equal(answer.refused, 'slow-down')
          }
        }
        await Promise.all([write(), write(), write()])
      })
      await until(() => acknowledged.size >= before + 8)
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 100))
      for (const each of processes) await each.kill()
      await Promise.all(over)
    }
    const clock = createTestClock(Date.now())
    const hub = await start(context, { storage, s3, clock })
    const client = await connectTestClient(hub.url)
    await openLog(client, log)
    const kept = new Set((await pullAll(client, pullItem(log))).map(({ bytes }) => hex(bytes)))
    assert.deepEqual(
      [...acknowledged].filter((id) => !kept.has(id)),
      [],
    )
    const orphans = (await objects(s3)).length - kept.size
    await until(async () => {
      await passDays(hub, clock, 1)
      return (await objects(s3)).length === kept.size
    })
    assert.equal((await pullAll(client, pullItem(log))).length, kept.size)
    context.diagnostic(
      `${acknowledged.size} acknowledged, ${kept.size} kept, ${orphans} objects without a row were left by the kills and swept`,
    )
  })
}

test('PostgreSQL: a writer so slow that what it wrote was given up is told to put it again, and nothing of the first stays', {
  timeout,
}, async (context) => {
  const [s3, storage] = [service.createOptions(), await stores[1]!.create(context)]
  const line = await startLine(service.port)
  context.after(() => line.close())
  const slow = await start(context, { storage, s3: { ...s3, endpoint: `http://127.0.0.1:${line.port}` } })
  const clock = createTestClock(Date.now())
  const other = await start(context, { storage, s3, clock })
  const client = await connectTestClient(slow.url)
  const [log, entry] = [createTestLog(), random(100_000)]
  await openLog(client, log)
  line.hold()
  const put = putEntries(client, log, [entry])
  await until(async () => (await objects(s3)).length === 1)
  await until(async () => {
    await passDays(other, clock, 1)
    return (await objects(s3)).length === 0
  })
  line.mend()
  assert.equal((await put).refused, 'slow-down')
  await until(async () => {
    await passDays(other, clock, 1)
    return (await objects(s3)).length === 0
  })
  await until(async () => (await putEntries(client, log, [entry])).numbers !== undefined)
  assert.deepEqual(
    (await pullAll(client, pullItem(log))).map(({ bytes }) => idOf(bytes)),
    [idOf(entry)],
  )
})
