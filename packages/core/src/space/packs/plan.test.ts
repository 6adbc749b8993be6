import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Numbers } from '../../sync/index.ts'
import { between, countOf, holds, joined, without } from './numbers.ts'
import { oldestMs, packFrom, planPack } from './plan.ts'
import type { TailRow } from './tail.ts'

const nowMs = Date.UTC(2026, 10, 1)
const row = (n: number, more: Partial<TailRow> = {}): TailRow => ({
  n,
  id: new Uint8Array(32),
  size: 600,
  arrivedMs: nowMs,
  chain: 1,
  seq: n,
  count: 1,
  ...more,
})
const rowsOf = (low: number, high: number): TailRow[] =>
  Array.from({ length: high - low + 1 }, (_, at) => row(low + at))
const nothing = { unread: [], useless: [], covered: [], nowMs }

test('few entries are left alone, many are packed, and what was not read by us is claimed by nobody', () => {
  assert.equal(planPack({ ...nothing, rows: rowsOf(1, packFrom - 1), top: packFrom - 1 }), undefined)
  const all = planPack({ ...nothing, rows: rowsOf(1, packFrom), top: packFrom })
  assert.deepEqual([all?.numbers, all?.rows.length], [{ low: 1, high: packFrom }, packFrom])
  const rows = rowsOf(101, 900)
  const behind = planPack({ ...nothing, rows, top: 900, unread: [{ low: 1, high: 100 }] })
  assert.deepEqual(behind?.numbers, { low: 101, high: 900 })
})

test('what is said to be in packs and is not, is owed however little it is; so is what has waited for a week', () => {
  const covered = [{ low: 1, high: 10 }]
  const owed = planPack({ ...nothing, rows: [row(7)], top: 10, covered })
  assert.deepEqual([owed?.numbers, owed?.rows.map(({ n }) => n)], [{ low: 1, high: 10 }, [7]])
  assert.equal(planPack({ ...nothing, rows: [row(11)], top: 11, covered }), undefined)
  const old = row(11, { arrivedMs: nowMs - oldestMs })
  assert.deepEqual(planPack({ ...nothing, rows: [old], top: 11, covered })?.rows, [old])
})

test('an entry that cannot be used here is passed over by no claim', () => {
  const rows = [...rowsOf(1, 600), ...rowsOf(602, 700)]
  const useless = [{ low: 601, high: 601 }]
  assert.deepEqual(planPack({ ...nothing, rows, top: 700, useless })?.numbers, { low: 1, high: 600 })
})

test('where others have packed all of it and nobody says so, that alone is said', () => {
  assert.deepEqual(planPack({ ...nothing, rows: [], top: 5_000 }), { numbers: { low: 1, high: 5_000 }, rows: [] })
})

const numbers = fc
  .tuple(fc.integer({ min: 1, max: 3_000 }), fc.integer({ min: 0, max: 800 }))
  .map(([low, more]): Numbers => ({ low, high: low + more }))

test('a plan claims no number that was not read or cannot be used, and takes every row of those that it claims', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: 3_000 }), { maxLength: 1_500 }),
      fc.array(numbers, { maxLength: 4 }),
      fc.array(numbers, { maxLength: 4 }),
      fc.integer({ min: 2, max: 200 }),
      (places, unread, covered, everyUseless) => {
        const some = [...places].sort((left, right) => left - right)
        const rows = some.filter((n) => n % everyUseless !== 0).map((n) => row(n))
        const useless = some.filter((n) => n % everyUseless === 0).map((n) => ({ low: n, high: n }))
        const plan = planPack({ rows, top: 3_800, unread: joined(unread), useless, covered: joined(covered), nowMs })
        if (!plan) {
          assert.ok(
            rows.every(({ n }) => holds(unread, n) || !holds(covered, n)),
            'nothing is owed',
          )
          return
        }
        const inside = ({ n }: TailRow): boolean => n >= plan.numbers.low && n <= plan.numbers.high
        assert.deepEqual(plan.rows, rows.filter(inside))
        assert.ok(useless.every(({ low }) => low < plan.numbers.low || low > plan.numbers.high))
        assert.equal(countOf(without([plan.numbers], unread)), countOf([plan.numbers]))
      },
    ),
  )
})

test('ranges: what is left of some without others, and what touches joined', () => {
  const set = (ranges: readonly Numbers[]): number[] =>
    [...new Set(ranges.flatMap(({ low, high }) => Array.from({ length: high - low + 1 }, (_, at) => low + at)))].sort(
      (left, right) => left - right,
    )
  const some = fc.array(
    fc
      .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 15 }))
      .map(([low, more]) => ({ low, high: low + more })),
    { maxLength: 6 },
  )
  fc.assert(
    fc.property(some, some, (left, right) => {
      const ranges = joined(left)
      assert.deepEqual(set(ranges), set(left))
      assert.equal(countOf(ranges), set(left).length)
      const taken = set(right)
      assert.deepEqual(set(between(ranges, 70)), set(without([{ low: 1, high: 70 }], ranges)))
      assert.deepEqual(
        set(without(ranges, right)),
        set(left).filter((n) => !taken.includes(n)),
      )
    }),
  )
})
