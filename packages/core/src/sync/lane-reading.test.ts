import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KithError } from '../bytes/index.ts'
import type { Lane } from '../wire/index.ts'
import { createStage, generation, id, log } from './log-sync.fixture.ts'
import type { Numbers, PackWork, SyncPacks } from './source.ts'

/** What was never read of each lane, as `progress` of packs keeps it. */
const createPacks = (unread: Partial<Record<Lane, Numbers[]>>, more: Partial<SyncPacks> = {}): SyncPacks => ({
  unread: (_hub, _log, lane) => unread[lane] ?? [],
  read: (_hub, _log, lane) => {
    unread[lane] = []
  },
  top: () => undefined,
  doubt: () => {},
  isDue: () => false,
  pack: () => undefined,
  packed: () => {},
  ...more,
})

test('of content that was never read the newest comes first, then the rest from the oldest on, packs before the tail', async () => {
  const unread: Partial<Record<Lane, Numbers[]>> = {}
  const stage = createStage({ packs: createPacks(unread) })
  const reads: (readonly [Lane, readonly number[], Numbers | undefined])[] = []
  stage.onReceive((_hub, _log, lane, entries, _cursor, read) => {
    reads.push([lane, entries.map(({ n }) => n), read])
    return []
  })
  stage.sync.opened(generation, 'unknown')
  stage.sync.entriesCame(stage.entries(0, []), false)
  const page = async (request: number, lane: Lane, numbers: readonly number[][]): Promise<void> => {
    const [wish] = stage.pulls.at(-1)?.wish ?? []
    assert.deepEqual([wish?.lane, wish?.mode], [lane, 'before'])
    stage.pulls.at(-1)?.resolve([{ request, generation, news: true }])
    for (const [at, some] of numbers.entries()) {
      const limitReached = at === numbers.length - 1
      stage.sync.entriesCame(stage.entries(lane, some, { request, caughtUp: false, limitReached }), false)
    }
    await stage.settle()
  }
  await page(6, 1, [[4]])
  unread[1] = [{ low: 1, high: 3 }]
  unread[2] = [{ low: 50, high: 87 }]
  await page(7, 2, [[90, 89], [88]])
  assert.deepEqual(reads.splice(0), [
    [1, [4], { low: 4, high: 4 }],
    [2, [90, 89], { low: 89, high: 90 }],
    [2, [88], { low: 88, high: 90 }],
  ])
  assert.deepEqual([stage.cursors.get(1)?.n, stage.cursors.get(2)?.n], [4, 90])
  const [follow, packs] = stage.pulls.slice(-2)
  assert.deepEqual(
    follow?.wish.map((wish) => [wish.lane, wish.follow, wish.n]),
    [
      [1, true, 4],
      [2, true, 90],
    ],
  )
  assert.deepEqual(packs?.wish, [{ log, lane: 1, n: 0, limit: 3 }])
  for (const lane of [1, 2] as const) stage.sync.entriesCame(stage.entries(lane, [], { request: 8 }), false)
  assert.equal(stage.sync.isCaughtUp(), false, 'what is older is still to come')
  packs?.resolve([{ request: 9, generation, news: true }])
  stage.sync.entriesCame(stage.entries(1, [1, 3], { request: 9, caughtUp: false, limitReached: true }), false)
  await stage.settle()
  const tail = stage.pulls.at(-1)
  assert.deepEqual(tail?.wish, [{ log, lane: 2, n: 49, limit: 38, generation }])
  tail?.resolve([{ request: 10, generation, news: true }])
  stage.sync.entriesCame(stage.entries(2, [52, 95], { request: 10 }), false)
  await stage.settle()
  assert.deepEqual(reads, [
    [1, [1, 3], { low: 1, high: 3 }],
    [2, [52, 95], { low: 50, high: 95 }],
  ])
  assert.equal(stage.cursors.get(2)?.n, 95)
  assert.equal(stage.sync.isCaughtUp(), true)
  assert.deepEqual(stage.comparedIn(), generation)
})

test('the tail is read from where packs end; a number that the hub never gave makes all that was said of packs doubtful', async () => {
  let doubts = 0
  const packs = createPacks({}, { top: () => 70, doubt: () => void (doubts += 1) })
  const stage = createStage({ packs })
  stage.sync.opened(generation, 'unknown')
  stage.sync.entriesCame(stage.entries(0, []), false)
  stage.pulls.at(-1)?.resolve([{ request: 7, generation, news: false }])
  stage.sync.entriesCame(stage.entries(1, [], { request: 7 }), false)
  await stage.settle()
  assert.deepEqual(stage.pulls.at(-1)?.wish, [{ log, lane: 2, mode: 'before', n: 71, generation, limit: 1 }])
  stage.pulls.at(-1)?.resolve([new KithError('hub-refused', 'Never given.', { why: 'other-generation' })])
  await stage.settle()
  assert.equal(doubts, 1)
  assert.deepEqual(stage.pulls.at(-1)?.wish, [{ log, lane: 2, mode: 'before', limit: 64 }])
  assert.equal(stage.lostTimes(), 1, 'once, when the log was opened')
})

test('a page in which something was not what it claimed to be leaves no cursor: the lane is read from the beginning', async () => {
  const stage = createStage({ packs: createPacks({}) })
  stage.sync.opened(generation, 'unknown')
  stage.sync.entriesCame(stage.entries(0, []), false)
  stage.pulls.at(-1)?.resolve([{ request: 7, generation, news: false }])
  stage.sync.entriesCame(stage.entries(1, [], { request: 7 }), false)
  await stage.settle()
  stage.pulls.at(-1)?.resolve([{ request: 8, generation, news: true }])
  stage.sync.entriesCame(stage.entries(2, [90], { request: 8 }), true)
  await stage.settle()
  assert.equal(stage.cursors.get(2), undefined)
  assert.equal(stage.pulls.at(-1)?.wish.find(({ lane }) => lane === 2)?.n, undefined)
})

/** A hub that has nothing yet, for a space that packs. */
const catchUpFirst = async (stage: ReturnType<typeof createStage>): Promise<void> => {
  stage.sync.opened(generation, 'unknown')
  stage.sync.entriesCame(stage.entries(0, []), false)
  for (const lane of [1, 2] as const) {
    stage.pulls.at(-1)?.resolve([{ request: 7 + lane, generation, news: false }])
    stage.sync.entriesCame(stage.entries(lane, [], { request: 7 + lane }), false)
    await stage.settle()
  }
  for (const lane of [1, 2] as const) stage.sync.entriesCame(stage.entries(lane, [], { request: 10 }), false)
}

test('packs are at the hub before their claim, and what is covered goes with that', async () => {
  const work: PackWork = { entries: [Uint8Array.of(1)], claim: Uint8Array.of(2), covers: [id] }
  const todo = [work]
  const done: PackWork[] = []
  const packs = createPacks(
    {},
    { isDue: () => true, pack: () => todo.shift(), packed: (_hub, _log, one) => done.push(one) },
  )
  const stage = createStage({ packs, compared: generation })
  await catchUpFirst(stage)
  stage.timers.find(({ delayMs }) => delayMs >= 2_000)?.run()
  assert.deepEqual(
    stage.puts.map(({ wish }) => wish),
    [{ lane: 1, entries: work.entries, covers: undefined }],
  )
  stage.puts[0]?.resolve({ generation, numbers: [1] })
  await stage.settle()
  assert.deepEqual(stage.puts[1]?.wish, { lane: 1, entries: [work.claim], covers: work.covers })
  assert.deepEqual(done, [])
  stage.puts[1]?.resolve({ generation, numbers: [2] })
  await stage.settle()
  assert.deepEqual(done, [work])
  assert.equal(stage.cursors.get(1)?.n, 2, 'they are not sent to us again')
})

test('a pack that the hub refuses is not claimed, and is tried again later', async () => {
  const work: PackWork = { entries: [Uint8Array.of(1)], claim: Uint8Array.of(2), covers: [] }
  const packs = createPacks({}, { isDue: () => true, pack: () => work, packed: () => assert.fail('nothing is packed') })
  const stage = createStage({ packs, compared: generation })
  await catchUpFirst(stage)
  stage.timers.find(({ delayMs }) => delayMs >= 2_000)?.run()
  stage.puts[0]?.reject(new KithError('hub-refused', 'Full.', { why: 'quota-full', waitMs: 0 }))
  await stage.settle()
  assert.equal(stage.puts.length, 1)
  assert.ok(stage.timers.some(({ delayMs }) => delayMs >= 30_000))
})
