import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { applyRowsPatch, rowsToPatch } from './rows-patch.ts'

test('a patch makes the rows after of those before, and holds no row that was there', () => {
  const known = Array.from({ length: 16 }, (_, at) => ({ at }))
  const rows = fc.uniqueArray(fc.constantFrom(...known), { maxLength: 16 })
  fc.assert(
    fc.property(rows, rows, (before, after) => {
      const patch = rowsToPatch(before, after)
      const made = applyRowsPatch(before, patch)
      assert.equal(made.length, after.length)
      made.forEach((row, at) => assert.equal(row, after[at]))
      for (const part of patch) assert.ok(Array.isArray(part) || !before.includes(part as { at: number }))
    }),
  )
})

test('what stayed, moved, came and went is told in runs', () => {
  const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name })) as [
    object,
    object,
    object,
    object,
    object,
  ]
  assert.deepEqual(rowsToPatch([a, b, c, d], [a, b, c, d]), [[0, 4]])
  assert.deepEqual(rowsToPatch([a, b, c, d], [a, e, c, d]), [[0, 1], e, [2, 2]])
  assert.deepEqual(rowsToPatch([a, b, c, d], [a, b, d]), [
    [0, 2],
    [3, 1],
  ])
  assert.deepEqual(rowsToPatch([a, b, c, d], [d, a, b, c]), [
    [3, 1],
    [0, 3],
  ])
  assert.deepEqual(rowsToPatch([], [a]), [a])
  assert.deepEqual(rowsToPatch([a], []), [])
})
