import assert from 'node:assert/strict'
import test from 'node:test'
import { type Baselines, compareWithBaselines } from './baselines.ts'

const baselines: Baselines = {
  written: { value: 0.6, isMoreBetter: true },
  bytes: { value: 100, isMoreBetter: false },
}
const lossesOf = (written: readonly number[], bytes: readonly number[]): string[] =>
  compareWithBaselines(
    baselines,
    written.map((value, index) => ({ written: value, bytes: bytes[index] as number })),
  )
    .filter(({ isLoss }) => isLoss)
    .map(({ name }) => name)

test('a median within a fifth of its baseline is no loss, either way', () => {
  assert.deepEqual(lossesOf([0.51, 0.5, 0.51], [119, 119, 120]), [])
  assert.deepEqual(lossesOf([2, 2, 2], [1, 1, 1]), [])
})

test('a median worse by more than a fifth is a loss, where more is better and where less is', () => {
  assert.deepEqual(lossesOf([0.49, 0.49, 0.49], [100, 100, 100]), ['written'])
  assert.deepEqual(lossesOf([0.6, 0.6, 0.6], [121, 122, 121]), ['bytes'])
})

test('one slow round among three is no loss, nor are three among five where the others reach the baseline', () => {
  assert.deepEqual(lossesOf([0.1, 0.6, 0.6], [100, 900, 100]), [])
  assert.deepEqual(lossesOf([0.3, 0.3, 0.3, 0.6, 0.61], [100, 100, 100, 100, 100]), [])
})

test('a verdict says by how much', () => {
  const [written, bytes] = compareWithBaselines(baselines, [{ written: 0.3, bytes: 50 }])
  assert.equal(written?.worseBy, 1)
  assert.equal(bytes?.worseBy, -0.5)
})

test('a number that is missing, not finite or unknown is refused', () => {
  assert.throws(() => compareWithBaselines(baselines, []), /no rounds/)
  assert.throws(() => compareWithBaselines(baselines, [{ written: 1 }]), /no number for bytes/)
  assert.throws(() => compareWithBaselines(baselines, [{ written: Number.NaN, bytes: 1 }]), /no number for written/)
  assert.throws(() => compareWithBaselines(baselines, [{ written: 1, bytes: 1, more: 1 }]), /more has no baseline/)
})
