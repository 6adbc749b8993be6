import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTurns } from './turns.ts'

/** Turns that come when they are called, and work that takes as long as it says. */
function createStage(flyingMax?: number) {
  let nowMs = 0
  let due: (() => void)[] = []
  const done: number[] = []
  const clock = {
    monotonic: () => nowMs,
    soon(run: () => void) {
      due.push(run)
      return () => {}
    },
  }
  const turns = createTurns(clock, flyingMax)
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

test('of work that waits itself, so much is under way at once, and the rest comes as it lands', async () => {
  const { run, turn, isIdle } = createStage(2)
  const flights: PromiseWithResolvers<number>[] = []
  const fly = () =>
    run(() => {
      const flight = Promise.withResolvers<number>()
      flights.push(flight)
      return flight.promise
    })
  const all = [fly(), fly(), fly(), fly()]
  while (!isIdle()) turn()
  assert.equal(flights.length, 2)
  flights[1]!.reject(new Error('mine'))
  await assert.rejects(all[1]!, { message: 'mine' })
  while (!isIdle()) turn()
  assert.equal(flights.length, 3)
  flights[0]!.resolve(0)
  flights[2]!.resolve(2)
  await Promise.all([all[0], all[2]])
  while (!isIdle()) turn()
  flights[3]!.resolve(3)
  assert.equal(await all[3], 3)
})
