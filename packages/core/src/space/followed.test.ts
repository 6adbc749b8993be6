import assert from 'node:assert/strict'
import { test } from 'node:test'
import { followedMs, isFollowed } from './followed.ts'

const startedMs = 1_795_000_000_000
const newer = new Map([
  ['second', startedMs],
  ['third', startedMs + 1_000],
])
const nowMs = startedMs + 60_000

test('an epoch that none came after is followed for ever', () => {
  assert.ok(isFollowed({ nowMs: startedMs + 10 * followedMs, newer: new Map(), members: [] }))
})

test('a superseded epoch is followed until every listed member has written under a newer one', () => {
  assert.ok(isFollowed({ nowMs, newer, members: [['second'], ['first']] }))
  assert.ok(isFollowed({ nowMs, newer, members: [['third'], []] }), 'one who wrote nothing may have something unsent')
  assert.ok(isFollowed({ nowMs, newer, members: [['second', 'first']] }), 'another device of the same person')
  assert.ok(!isFollowed({ nowMs, newer, members: [['second'], ['third', 'second']] }))
  assert.ok(!isFollowed({ nowMs, newer, members: [] }), 'nobody of its members is left')
})

test('nobody is waited for longer than 90 days after the first of the newer ones', () => {
  const members = [['first']]
  assert.ok(isFollowed({ nowMs: startedMs + followedMs - 1, newer, members }))
  assert.ok(!isFollowed({ nowMs: startedMs + followedMs, newer, members }))
})
