import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PresenceMessage, PresenceType } from '../../keys/index.ts'
import {
  presenceBeatMs,
  presenceClockMsMax,
  presenceExpiryMs,
  presenceSessionsMax,
  presenceSessionsPerDeviceMax,
} from '../../limits/index.ts'
import { createPeers } from './peers.ts'

/** Time that the test moves; what is due runs in its order. */
const createTime = () => {
  let now = 1_795_000_000_000
  let timers: { readonly at: number; readonly run: () => void }[] = []
  const after = (ms: number, run: () => void) => {
    const timer = { at: now + ms, run }
    timers.push(timer)
    return () => {
      timers = timers.filter((other) => other !== timer)
    }
  }
  return {
    clock: { now: () => now, monotonic: () => now, after, soon: (run: () => void) => after(0, run) },
    now: () => now,
    pass: (ms: number) => {
      const end = now + ms
      for (;;) {
        const due = timers.filter(({ at }) => at <= end).sort((left, right) => left.at - right.at)[0]
        if (!due) break
        timers = timers.filter((other) => other !== due)
        now = Math.max(now, due.at)
        due.run()
      }
      now = end
    },
  }
}

const bytes = (length: number, value: number): Uint8Array => {
  const made = new Uint8Array(length)
  new DataView(made.buffer).setUint32(0, value)
  return made
}

const begin = () => {
  const time = createTime()
  let changes = 0
  const peers = createPeers({ clock: time.clock, nowMs: time.now, changed: () => (changes += 1) })
  const message = (device: number, session: number, type: PresenceType = 'here', at = time.now()): PresenceMessage => ({
    type,
    device: bytes(32, device),
    session: bytes(16, session),
    since: time.now(),
    time: at,
    state: undefined,
  })
  /** As a room does it. */
  const hear = (heard: PresenceMessage): boolean => {
    const isNews = peers.isNews(heard)
    if (isNews) peers.take(heard, {})
    return isNews
  }
  return { time, peers, message, hear, changes: () => changes, count: () => peers.present().length }
}

test('who is silent is gone after its time, and not before; beats keep it', () => {
  const { time, message, hear, count, changes } = begin()
  hear(message(1, 1))
  hear(message(2, 1))
  for (let passed = 0; passed < presenceExpiryMs; passed += presenceBeatMs) {
    time.pass(presenceBeatMs - 1)
    assert.equal(count(), 2)
    hear(message(1, 1))
    time.pass(1)
  }
  assert.equal(count(), 1)
  const before = changes()
  time.pass(presenceExpiryMs)
  assert.equal(count(), 0)
  assert.equal(changes(), before + 1, 'whoever looks is told')
})

test('a message is taken once and in order, also of a session that is gone', () => {
  const { time, message, hear, count } = begin()
  const first = message(1, 1)
  assert.ok(hear(first))
  assert.ok(!hear(first))
  time.pass(10)
  const second = message(1, 1)
  assert.ok(hear(second))
  assert.ok(!hear(first))
  time.pass(10)
  assert.ok(hear(message(1, 1, 'gone')))
  assert.equal(count(), 0)
  time.pass(presenceExpiryMs)
  for (const replayed of [first, second]) assert.ok(!hear(replayed))
  // When it is forgotten, its messages are too old.
  time.pass(presenceClockMsMax)
  assert.ok(hear(message(2, 2)))
  for (const replayed of [first, second]) assert.ok(!hear(replayed))
  assert.equal(count(), 1)
})

test('a time that is too far off on either side is refused, so that nobody can be silenced or kept by it', () => {
  const { time, message, hear } = begin()
  assert.ok(!hear(message(1, 1, 'here', time.now() + presenceClockMsMax + 1)))
  assert.ok(!hear(message(1, 1, 'here', time.now() - presenceClockMsMax - 1)))
  assert.ok(hear(message(1, 1, 'here', time.now() - presenceClockMsMax)))
  assert.ok(hear(message(1, 1, 'here', time.now() + presenceClockMsMax)))
})

test('one device fills its own room only, and all devices together a bounded one', () => {
  const { time, message, hear, count } = begin()
  for (let session = 0; session < presenceSessionsPerDeviceMax; session += 1) {
    assert.ok(hear(message(1, session)))
    time.pass(1)
    // Leaving makes no room before its messages cannot be replayed any more.
    if (session > 0) assert.ok(hear(message(1, session, 'gone')))
  }
  assert.ok(!hear(message(1, 99)))
  assert.ok(hear(message(2, 99)))
  assert.ok(hear(message(1, 0)))
  assert.equal(count(), 2)
  time.pass(presenceClockMsMax + presenceExpiryMs)
  assert.ok(hear(message(1, 99)))
  let devices = 10
  while (hear(message(devices, 1))) devices += 1
  assert.equal(count(), presenceSessionsMax)
})
