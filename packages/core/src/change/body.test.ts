import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNodeCrypto } from '../../../node/src/platform/crypto.ts'
import { type CborValue, compareBytes, encodeCbor, KithError } from '../bytes/index.ts'
import {
  createOpIds,
  decodeDataBody,
  decodeReissueBody,
  encodeDataBody,
  encodeReissueBody,
  isInsertedBefore,
  keyedRowId,
  type Op,
} from './index.ts'

const crypto = await createNodeCrypto()
const salt = crypto.randomBytes(16)
const id = crypto.randomBytes(16)

test('ops of every kind come back, each with the op index that it starts at', () => {
  const ops: Op[] = [
    [0, 3, [0, 2], 2, ['a', 'b', null, 1.5]],
    [1, 0, [1], 1, [true]],
    [2, 3, 1, [0, 'c', 2, [[], []]]],
    [3, 3, id],
    [4, 3, id, [id]],
    [5, 3, 0, 4, salt, new Uint8Array(3), new Uint8Array(0)],
    [5, 3, id, 4, null, new Uint8Array(3), new Uint8Array(0)],
    [6, 'Alice'],
    [7, 'Home'],
  ]
  const body = decodeDataBody(encodeDataBody(salt, ops))
  assert.deepEqual(body.ops, ops)
  assert.deepEqual(body.starts, [0, 2, 3, 4, 5, 6, 7, 8, 9])
  assert.equal(body.count, 10)
  assert.ok(isInsertedBefore(body, 1, 2))
  assert.ok(isInsertedBefore(body, 2, 3))
  assert.ok(!isInsertedBefore(body, 2, 2))
  assert.ok(!isInsertedBefore(body, 3, 9))
})

test('a re-issue names one change', () => {
  const named = { change: crypto.randomBytes(32), device: crypto.randomBytes(32), seq: 7 }
  assert.deepEqual(decodeReissueBody(encodeReissueBody(salt, named)), { salt, ...named })
  for (const wrong of [{ change: id }, { device: id }, { seq: -1 }, { seq: 0.5 }])
    assert.throws(() => decodeReissueBody(encodeReissueBody(salt, { ...named, ...wrong })), KithError)
})

const malformed: [string, CborValue][] = [
  ['an unknown code', [[8, 0]]],
  ['an op that is no array', [0]],
  ['fewer values than cells', [[0, 0, [0, 1], 2, ['a', 'b', 'c']]]],
  ['more values than cells', [[0, 0, [0], 1, ['a', 'b']]]],
  ['columns out of order', [[0, 0, [1, 0], 1, ['a', 'b']]]],
  ['a column twice', [[2, 0, id, [1, 'a', 1, 'b']]]],
  ['no rows', [[0, 0, [0], 0, []]]],
  ['rows without end', [[0, 0, [], 2 ** 40, []]]],
  ['a table below zero', [[3, -1, id]]],
  ['a short row id', [[3, 0, new Uint8Array(15)]]],
  [
    'a row of a later insert',
    [
      [3, 0, 1],
      [0, 0, [], 1, []],
    ],
  ],
  [
    'a row that is an update',
    [
      [0, 0, [], 1, []],
      [2, 0, id, [0, 1]],
      [3, 0, 1],
    ],
  ],
  ['an update of nothing', [[2, 0, id, []]]],
  ['an update of half a cell', [[2, 0, id, [0]]]],
  ['a restore of nothing', [[4, 0, id, []]]],
  ['a text op without structs', [[5, 0, id, 0, null, null, new Uint8Array(0)]]],
  ['a session salt of another length', [[5, 0, id, 0, new Uint8Array(8), new Uint8Array(0), new Uint8Array(0)]]],
  ['a name that is no text', [[6, 1]]],
  ['a name without end', [[7, 'x'.repeat(5000)]]],
]
for (const [name, ops] of malformed) {
  test(`a body with ${name} is refused`, () => {
    assert.throws(() => decodeDataBody(encodeCbor([salt, ops])), KithError)
  })
}

test('a body without its salt or with more than its fields is refused', () => {
  assert.throws(() => decodeDataBody(encodeCbor([id.subarray(1), []])), KithError)
  assert.throws(() => decodeDataBody(encodeCbor([salt, [], 1])), KithError)
  assert.throws(() => decodeDataBody(encodeCbor([])), KithError)
  assert.throws(() => decodeDataBody(new Uint8Array(2_000_000)), KithError)
})

test('tens of thousands of inserts and references to them are read in milliseconds', () => {
  const ops: CborValue[] = []
  for (let at = 0; at < 16_000; at++) ops.push([0, 0, [], 1, []], [6, 'x'])
  for (let at = 0; at < 32_000; at++) ops.push([3, 0, (at * 2) % 32_000])
  const body = encodeCbor([salt, ops])
  const start = performance.now()
  decodeDataBody(body)
  assert.ok(performance.now() - start < 1000)
})

test('ids of one change sort in the order of its ops, and a row id says its time', () => {
  const time = { ms: 1_795_000_000_000, counter: 4 }
  const ids = createOpIds(crypto, { space: crypto.randomBytes(32), device: crypto.randomBytes(32), salt, time })
  assert.ok(compareBytes(ids(0), ids(1)) < 0 && compareBytes(ids(255), ids(256)) < 0)
  assert.equal(Buffer.from(ids(7)).readUIntBE(0, 6), time.ms)
})

test('the id of a keyed row depends on space, table and key alone', () => {
  const space = crypto.randomBytes(32)
  assert.deepEqual(keyedRowId(crypto, space, 'likes', ['a', 1]), keyedRowId(crypto, space, 'likes', ['a', 1]))
  assert.notDeepEqual(keyedRowId(crypto, space, 'likes', ['a', 1]), keyedRowId(crypto, space, 'like', ['a', 1]))
  assert.equal(keyedRowId(crypto, space, 'likes', ['a', 1]).length, 16)
})
