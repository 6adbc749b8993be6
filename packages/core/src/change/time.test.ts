import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareBytes } from '../bytes/index.ts'
import { bytesToTime, compareTimes, isTimeAhead, nextTime, observeTime, type Time, timeToBytes } from './index.ts'

const someTime: fc.Arbitrary<Time> = fc.record(
  {
    ms: fc.integer({ min: 0, max: 2 ** 48 - 2 }),
    counter: fc.integer({ min: 0, max: 65535 }),
  },
  { noNullPrototype: true },
)

test('a time comes back from its 8 bytes, which sort as times do', () => {
  fc.assert(
    fc.property(someTime, someTime, (a, b) => {
      assert.deepEqual(bytesToTime(timeToBytes(a)), a)
      assert.equal(Math.sign(compareBytes(timeToBytes(a), timeToBytes(b))), Math.sign(compareTimes(a, b)))
    }),
  )
})

test('our next time is later than the last, whatever the wall clock does', () => {
  fc.assert(
    fc.property(someTime, fc.integer({ min: 0, max: 2 ** 48 - 2 }), (last, now) => {
      assert.ok(compareTimes(nextTime(last, now), last) > 0)
    }),
  )
})

test('a full counter carries into the milliseconds', () => {
  assert.deepEqual(nextTime({ ms: 5, counter: 65535 }, 5), { ms: 6, counter: 0 })
})

test('a time over five minutes ahead waits and does not move our clock', () => {
  const last = { ms: 1000, counter: 3 }
  const far = { ms: 1000 + 5 * 60 * 1000 + 1, counter: 0 }
  assert.ok(isTimeAhead(far, 1000))
  assert.deepEqual(observeTime(last, far, 1000), last)
  const near = { ms: far.ms - 1, counter: 9 }
  assert.deepEqual(observeTime(last, near, 1000), near)
  assert.deepEqual(observeTime(near, last, 1000), near)
})
