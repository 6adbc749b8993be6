import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatTable } from './text-table.ts'

test('columns are in step, numbers to the right, and lines are cut where the terminal ends', () => {
  const rows = [
    { name: 'a', n: 5, when: new Date('2026-01-02') },
    { name: 'longer', n: 12_000, when: null },
  ]
  assert.equal(formatTable(rows, undefined), 'name        n  when\na           5  2026-01-02\nlonger  12000')
  assert.equal(formatTable(rows, 8), 'name   …\na      …\nlonger …')
  assert.equal(formatTable([], 80), '(no rows)')
})

test('a value that would move the cursor or turn the line around shows as dots', () => {
  assert.equal(formatTable([{ v: 'a\u001b[2J\nb\u202ec' }], undefined), 'v\na·[2J·b·c')
})
