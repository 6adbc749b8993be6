import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNodeClock } from '../../../node/src/platform/clock.ts'
import { createNodeCompression } from '../../../node/src/platform/compression.ts'
import { createNodeCrypto } from '../../../node/src/platform/crypto.ts'
import { openSqlite } from '../../../node/src/platform/sqlite.ts'
import { KithError } from '../bytes/index.ts'
import { app, table, text } from '../schema/index.ts'
import { createKith } from './start.ts'

const todo = app('org.example.todo', { version: 1, tables: { tasks: table({ title: text() }) } })
const crypto = await createNodeCrypto()
const noNetwork = { connect: () => ({ send: () => {}, bufferedBytes: () => 0, close: () => {} }) }

/** A space on a disk whose flushes wait for us once `hold` was called. */
const openSpace = async () => {
  const flushes: PromiseWithResolvers<void>[] = []
  let isHeld = false
  const kith = await createKith({
    clock: createNodeClock(),
    crypto,
    compression: createNodeCompression(),
    network: noNetwork,
    openDatabase: () => ({
      ...openSqlite(':memory:'),
      flush: () => {
        if (!isHeld) return Promise.resolve()
        const flush = Promise.withResolvers<void>()
        flushes.push(flush)
        return flush.promise
      },
    }),
  })
  const space = await kith.createSpace(todo, { name: 'Home' })
  await space.tables.tasks.insert({ title: 'begun' })
  isHeld = true
  const committed = async (count: number): Promise<void> => {
    while (flushes.length < count) await new Promise((resolve) => setImmediate(resolve))
  }
  const titles = async (): Promise<string[]> =>
    (await space.query((q) => q.selectFrom('tasks').select('title').orderBy('title'))).map(({ title }) => title)
  return { kith, space, flushes, committed, titles }
}

/** What has become of a promise when all that is ready has run. */
const stateOf = async (promise: Promise<unknown>): Promise<'open' | 'done' | 'failed'> => {
  let state: 'open' | 'done' | 'failed' = 'open'
  promise.then(
    () => (state = 'done'),
    () => (state = 'failed'),
  )
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  return state
}

test('a write is acknowledged by the flush after it, and by none before; queries see it at once', async () => {
  const { kith, space, flushes, committed, titles } = await openSpace()
  const milk = space.tables.tasks.insert({ title: 'milk' })
  await committed(1)
  const tea = space.tables.tasks.insert({ title: 'tea' })
  await committed(2)
  assert.deepEqual(await titles(), ['begun', 'milk', 'tea'])
  assert.deepEqual([await stateOf(milk), await stateOf(tea)], ['open', 'open'])
  flushes[0]?.resolve()
  assert.deepEqual([await stateOf(milk), await stateOf(tea)], ['done', 'open'])
  flushes[1]?.resolve()
  assert.equal(await stateOf(tea), 'done')
  await kith.close()
})

test('after a flush that failed whoever waits is told, and nothing more is written', async () => {
  const { kith, space, flushes, committed, titles } = await openSpace()
  const milk = space.tables.tasks.insert({ title: 'milk' })
  await committed(1)
  const tea = space.tables.tasks.insert({ title: 'tea' })
  flushes[0]?.reject(new KithError('storage-unavailable', 'The disk reported an error, says the test.'))
  await assert.rejects(milk, { code: 'storage-unavailable' })
  await assert.rejects(tea, { code: 'storage-unavailable' })
  await assert.rejects(space.tables.tasks.insert({ title: 'bread' }), { code: 'storage-unavailable' })
  assert.deepEqual(await titles(), ['begun', 'milk'], 'what is shown is what is committed')
  await kith.close()
})
