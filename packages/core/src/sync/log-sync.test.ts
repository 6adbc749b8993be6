import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KithError } from '../bytes/index.ts'
import { createStage, generation, id, other } from './log-sync.fixture.ts'
import type { SyncPacks } from './source.ts'

test('a hub of an unknown generation is given nothing before it has shown all that it has', () => {
  const stage = createStage({ outbox: [1, 2], compared: other })
  stage.sync.opened(generation, 'unknown')
  stage.sync.send('own')
  assert.equal(stage.lostTimes(), 1)
  assert.equal(stage.puts.length, 0)
  stage.sync.entriesCame(stage.entries(0, []), false)
  stage.sync.entriesCame(stage.entries(1, []), false)
  assert.equal(stage.puts.length, 0)
  stage.sync.entriesCame(stage.entries(2, []), false)
  assert.equal(stage.puts.length, 1)
  assert.deepEqual(stage.comparedIn(), generation)
})

test('a comparison that was cut short goes on, and still gives nothing', () => {
  const stage = createStage({ outbox: [1] })
  stage.cursors.set(2, { generation, n: 40, id })
  stage.sync.opened(generation, 'unknown')
  assert.equal(stage.lostTimes(), 0)
  stage.sync.send('own')
  assert.equal(stage.puts.length, 0)
})

test('to a hub that was compared before, own changes go at once', () => {
  const stage = createStage({ outbox: [1], compared: generation })
  stage.sync.opened(generation, 'unknown')
  assert.equal(stage.puts.length, 1)
  assert.deepEqual(stage.asked[0], 'own')
})

test('a cursor only goes forward, and stays where something was not what it claimed to be', () => {
  const stage = createStage()
  stage.catchUp()
  stage.sync.entriesCame(stage.entries(2, [5, 6]), false)
  stage.sync.entriesCame(stage.entries(2, [3]), false)
  assert.equal(stage.cursors.get(2)?.n, 6)
  stage.sync.entriesCame(stage.entries(2, [8]), true)
  stage.sync.entriesCame(stage.entries(2, [9]), false)
  assert.equal(stage.cursors.get(2)?.n, 6)
  stage.sync.entriesCame(stage.entries(0, [1]), false)
  assert.equal(stage.cursors.get(0)?.n, 1)
})

/** A space that knows entry 9 of the tail, and a hub that answers what is there now. */
const createCheckedStage = () => {
  const stage = createStage({ compared: generation })
  stage.cursors.set(2, { generation, n: 9, id })
  stage.sync.opened(generation, 'unknown')
  const accept = async () => {
    stage.checks[0]?.resolve([{ request: 50, generation, news: true }])
    await stage.settle()
  }
  const show = (found: { n: number; id: Uint8Array } | undefined) =>
    stage.sync.entriesCame(
      {
        ...stage.entries(2, [], { request: 50 }),
        entries: found ? [{ ...found, bytes: new Uint8Array(0) }] : [],
      },
      false,
    )
  return { ...stage, accept, show }
}

test('a cursor moves only once the hub has shown the same entry at it', async () => {
  const stage = createCheckedStage()
  assert.deepEqual(stage.checks[0]?.wish[0]?.n, 10)
  stage.sync.entriesCame(stage.entries(2, [10]), false)
  assert.equal(stage.cursors.get(2)?.n, 9)
  await stage.accept()
  stage.show({ n: 9, id })
  stage.sync.entriesCame(stage.entries(2, [11]), false)
  assert.equal(stage.cursors.get(2)?.n, 11)
  assert.deepEqual(stage.failures, [])
})

test('another entry at the cursor means that the hub went back: all is compared anew', async () => {
  const stage = createCheckedStage()
  // The answer may be read after what it announces has come.
  stage.show({ n: 9, id: new Uint8Array(32).fill(1) })
  assert.equal(stage.lostTimes(), 1)
  assert.equal(stage.cursors.size, 0)
  assert.equal(stage.failures.length, 1)
  const shorter = createCheckedStage()
  shorter.checks[0]?.resolve([new KithError('hub-refused', 'Past the end.', { why: 'other-generation' })])
  await shorter.settle()
  assert.equal(shorter.lostTimes(), 1)
})

test('an entry that was dropped since proves nothing, and an empty answer is no end of a lane', async () => {
  const stage = createCheckedStage()
  stage.show(undefined)
  await stage.accept()
  assert.equal(stage.pulls.length, 1, 'the lane is not taken for caught up')
  stage.sync.entriesCame(stage.entries(2, [12]), false)
  assert.equal(stage.cursors.get(2)?.n, 12)
  const lower = createCheckedStage()
  await lower.accept()
  lower.show({ n: 7, id: new Uint8Array(32).fill(1) })
  assert.equal(lower.lostTimes(), 0)
})

test('a refused pull is asked again after a rest, and a cursor past the end means that all is lost', async () => {
  const stage = createStage({ compared: generation })
  stage.cursors.set(2, { generation, n: 9, id })
  stage.sync.opened(generation, 'unknown')
  stage.pulls[0]?.resolve([new KithError('hub-refused', 'Too fast.', { why: 'slow-down', waitMs: 2_500 })])
  await stage.settle()
  assert.equal(stage.timers[0]?.delayMs, 2_500)
  stage.timers[0]?.run()
  assert.equal(stage.pulls.length, 2)
  stage.pulls[1]?.resolve([new KithError('hub-refused', 'Another.', { why: 'other-generation', waitMs: 0 })])
  await stage.settle()
  assert.equal(stage.lostTimes(), 1)
  assert.equal(stage.cursors.size, 0)
  assert.equal(stage.failures.length, 1)
})

test('a generation that changes in the middle ends the connection, whoever says so first', async () => {
  const pushed = createStage({ compared: generation })
  pushed.catchUp()
  pushed.sync.entriesCame(pushed.entries(2, [1], { generation: other }), false)
  assert.equal(pushed.failures.length, 1)
  assert.equal(pushed.cursors.get(2), undefined)
  const stored = createStage({ compared: generation, outbox: [1] })
  stored.catchUp()
  stored.puts[0]?.resolve({ generation: other, numbers: [1] })
  await stored.settle()
  assert.equal(stored.failures.length, 1)
})

test('after a refused put the hub is left alone, longer each time; what was wanted meanwhile is not forgotten', async () => {
  const stage = createStage({ compared: generation, outbox: [1] })
  stage.catchUp()
  const refusal = new KithError('hub-refused', 'Full.', { why: 'storage-full', waitMs: 0 })
  stage.puts[0]?.reject(refusal)
  await stage.settle()
  const before = stage.puts.length
  stage.sync.send('all')
  stage.sync.send('own')
  assert.equal(stage.puts.length, before)
  const [first] = stage.timers.splice(0)
  first?.run()
  assert.equal(stage.asked.at(-1), 'all')
  stage.puts.at(-1)?.reject(refusal)
  await stage.settle()
  assert.ok((stage.timers[0]?.delayMs ?? 0) > (first?.delayMs ?? 0))
  assert.deepEqual(stage.refused, ['hub-refused', 'hub-refused'])
})

test('a failure of the own disk ends the connection, and nothing comes after it', () => {
  const stage = createStage({ compared: generation })
  stage.catchUp()
  stage.onReceive(() => {
    throw new KithError('storage-full', 'The disk is full.')
  })
  stage.sync.entriesCame(stage.entries(2, [1]), false)
  assert.equal((stage.failures[0] as KithError).code, 'storage-full')
  stage.onReceive(() => assert.fail('closed'))
  stage.sync.entriesCame(stage.entries(2, [2]), false)
  assert.equal(stage.cursors.get(2), undefined)
  assert.deepEqual(stage.timers, [])
})

test('our own entry moves the cursor only where it follows directly', async () => {
  const stage = createStage({ compared: generation, outbox: [1] })
  stage.catchUp()
  stage.cursors.set(2, { generation, n: 4, id })
  stage.puts[0]?.resolve({ generation, numbers: [6] })
  await stage.settle()
  assert.equal(stage.cursors.get(2)?.n, 4)
})

test('a pull that somebody waits for ends with its entries, its refusal or the connection, and leaves no rejection behind', async () => {
  const stage = createStage({ compared: generation })
  stage.catchUp()
  const count = stage.pulls.length
  const news = (request: number) => [0, 1, 2].map(() => ({ request, generation, news: true }))
  const first = stage.sync.pullNow()
  stage.pulls[count]?.resolve(news(9))
  // The end of a lane may come before the answer is read.
  for (const lane of [2, 1, 0] as const) stage.sync.entriesCame(stage.entries(lane, [], { request: 9 }), false)
  await first
  const second = stage.sync.pullNow()
  stage.pulls[count + 1]?.resolve([...news(10).slice(1), new KithError('hub-refused', 'No.', { why: 'slow-down' })])
  await assert.rejects(second, { code: 'hub-refused' })
  const third = stage.sync.pullNow()
  stage.pulls[count + 2]?.resolve(news(11))
  await stage.settle()
  stage.sync.close()
  await assert.rejects(third, { code: 'closed' })
})

test('a log of which the hub has just what is here is caught up at once, and asked for nothing', () => {
  const stage = createStage({ compared: generation, outbox: [1] })
  stage.cursors.set(0, { generation, n: 3, id })
  stage.cursors.set(2, { generation, n: 9, id })
  assert.deepEqual(stage.sync.known(), {
    generation,
    lanes: [
      { lane: 0, n: 3, id },
      { lane: 1, n: 0, id: new Uint8Array(0) },
      { lane: 2, n: 9, id },
    ],
  })
  stage.sync.opened(generation, 'same')
  assert.deepEqual([stage.sync.isCaughtUp(), stage.pulls.length, stage.checks.length], [true, 0, 0])
  assert.equal(stage.puts.length, 1, 'and what it lacks goes out')
  stage.sync.entriesCame(stage.entries(2, [10], { request: 0 }), false)
  assert.equal(stage.cursors.get(2)?.n, 10)
})

test('a push may come before the answer that says that the log is followed is read', () => {
  const stage = createStage({ compared: generation })
  stage.cursors.set(2, { generation, n: 9, id })
  stage.sync.entriesCame(stage.entries(2, [10], { request: 0 }), false)
  stage.sync.opened(generation, 'same')
  assert.equal(stage.cursors.get(2)?.n, 10)
  assert.equal(stage.sync.isCaughtUp(), true)
})

test('a log whose cursors mean nothing there is compared from the beginning, by itself', () => {
  const stage = createStage({ compared: generation, outbox: [1] })
  stage.cursors.set(2, { generation, n: 9, id })
  stage.sync.opened(generation, 'other')
  assert.deepEqual([stage.lostTimes(), stage.cursors.size, stage.puts.length, stage.failures.length], [1, 0, 0, 0])
  assert.deepEqual(stage.pulls[0]?.wish, [{ log: stage.sync.log.id, lane: 0, follow: true }])
})

test('nothing is known of a log that was not compared, is half read, or has a cursor of another generation', () => {
  assert.equal(createStage().sync.known(), undefined)
  const other = createStage({ compared: generation })
  other.cursors.set(2, { generation: id.subarray(16), n: 9, id })
  assert.equal(other.sync.known(), undefined)
  const unread = { unread: () => [{ low: 1, high: 4 }] } as unknown as SyncPacks
  assert.equal(createStage({ compared: generation, packs: unread }).sync.known(), undefined)
})
