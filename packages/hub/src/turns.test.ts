import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTurns } from './turns.ts'

/** Turns that come when they are called, and work that takes as long as it says. */
function createStage() {
  let nowMs = 0
  let due: (() => void)[] = []
  const done: number[] = []
  const turns = createTurns({
    monotonic: () => nowMs,
    soon(run) {
      due.push(run)
      return () => {}
    },
  })
  return {
    done,
    work: (what: number, tookMs: number) =>
      turns.run(() => {
        nowMs += tookMs
        done.push(what)
        return what
      }),
    run: turns.run,
    turn: () => {
      const now = due
      due = []
      for (const run of now) run()
    },
    isIdle: () => due.length === 0,
  }
}

test('work is done at once while the turn has time, then a few milliseconds a turn, in order', async () => {
  const { done, work, turn, isIdle } = createStage()
  const all = Promise.all(Array.from({ length: 9 }, (_, what) => work(what, 2)))
  assert.deepEqual(done, [0, 1])
  turn()
  assert.deepEqual(done, [0, 1, 2, 3])
  const late = work(9, 2)
  assert.deepEqual(done, [0, 1, 2, 3], 'who comes later is not served sooner')
  while (!isIdle()) turn()
  assert.deepEqual(await all, [0, 1, 2, 3, 4, 5, 6, 7, 8])
  assert.equal(await late, 9)
  await work(10, 100)
  assert.deepEqual(done.slice(-2), [9, 10])
})

test('one that throws, now or later, rejects its own promise alone', async () => {
  const { work, run, turn } = createStage()
  const fail = () => run(() => assert.fail('mine'))
  await assert.rejects(fail(), { message: 'mine' })
  const first = work(1, 50)
  const failing = fail()
  const last = work(2, 1)
  turn()
  await assert.rejects(failing, { message: 'mine' })
  assert.deepEqual(await Promise.all([first, last]), [1, 2])
})
