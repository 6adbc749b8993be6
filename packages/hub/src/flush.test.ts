import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { nodeVerifying, random } from './node-crypto.ts'
import { createHubService } from './service.ts'
import { type LogName, toLogName } from './store/entry-store.ts'
import { type LogFlush, openLogFlush } from './store/log-flush.ts'
import { openSqlite } from './store/sqlite-open.ts'
import { createSqliteStorage } from './store/sqlite-storage.ts'

function createFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'kith-hub-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A hub without a socket; `flush` is called instead of the flush of its log. */
function start(path: string, flush?: (log: LogFlush) => Promise<void>) {
  const openLog = () => {
    const log = openLogFlush(path)
    return { ...log, flush: () => (flush === undefined ? log.flush() : flush(log)) }
  }
  return createHubService({ storage: createSqliteStorage(openSqlite(path, undefined), undefined, openLog) }).context
    .store
}

const log: LogName = toLogName(random(32), 0)
const createEntry = () => {
  const bytes = random(200)
  return { id: nodeVerifying.sha256(bytes), bytes }
}

test('what was acknowledged is there after a power cut that leaves no byte of the log which was not flushed', async (context) => {
  const folder = createFolder(context)
  const path = join(folder, 'hub.db')
  let flushedBytes = 0
  const store = start(path, async (file) => {
    const { size } = statSync(`${path}-wal`)
    await file.flush()
    flushedBytes = size
  })
  for (let round = 0; round < 20; round += 1) {
    const entries = [createEntry(), createEntry()]
    const { durable } = await store.append(log, 2, entries, [])
    // On its way while the first is being flushed: it may be lost.
    const other = await store.append(log, 2, [createEntry()], [])
    await durable
    const image = join(folder, `image-${round}.db`)
    copyFileSync(path, image)
    writeFileSync(`${image}-wal`, readFileSync(`${path}-wal`).subarray(0, flushedBytes))
    await other.durable
    const after = start(image)
    const found = await after.readIds(
      log,
      2,
      entries.map(({ id }) => id),
      false,
    )
    assert.equal(found.length, 2, `round ${round}`)
    assert.notDeepEqual(after.generation, store.generation, 'numbers that followers saw may be missing')
    await after.close()
  }
  await store.close()
})

test('what comes while the disk is being flushed shares the next flush', async (context) => {
  const flushes: PromiseWithResolvers<void>[] = []
  const store = start(join(createFolder(context), 'hub.db'), async () => {
    const one = Promise.withResolvers<void>()
    flushes.push(one)
    await one.promise
  })
  const settled: number[] = []
  const append = async (name: number) => {
    const { durable } = await store.append(log, 2, [createEntry()], [])
    void durable.then(() => settled.push(name))
    for (let count = 0; count < 5; count += 1) await turn()
  }
  await append(1)
  await append(2)
  await append(3)
  assert.deepEqual([flushes.length, settled], [1, []])
  flushes[0]!.resolve()
  for (let count = 0; count < 5; count += 1) await turn()
  assert.deepEqual([flushes.length, settled], [2, [1]])
  const isSettled = store.settled()
  flushes[1]!.resolve()
  await isSettled
  await turn()
  assert.deepEqual(settled, [1, 2, 3])
  await store.close()
})

test('after a flush that failed nothing is acknowledged or written, reads go on, and the next start is another generation', async (context) => {
  const path = join(createFolder(context), 'hub.db')
  let isBroken = false
  const store = start(path, async (file) => {
    if (isBroken) throw Object.assign(new Error('says the test'), { code: 'EIO' })
    await file.flush()
  })
  const kept = createEntry()
  await (await store.append(log, 2, [kept], [])).durable
  isBroken = true
  const first = await store.append(log, 2, [createEntry()], [])
  await assert.rejects(first.durable, { reason: 'damaged' })
  isBroken = false
  await assert.rejects(store.append(log, 2, [createEntry()], []), { reason: 'damaged' })
  await assert.rejects(store.has(log), { reason: 'damaged' }, 'the hub says that it is not well')
  assert.equal((await store.readIds(log, 2, [kept.id], false)).length, 1)
  const { generation } = store
  await store.close()
  const after = start(path)
  assert.notDeepEqual(after.generation, generation)
  assert.equal((await after.readIds(log, 2, [kept.id], false)).length, 1)
  await (await after.append(log, 2, [createEntry()], [])).durable
  await after.close()
})
