import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KithError } from '@kith/core/bytes'
import type { ColumnSpec } from '@kith/core/schema'
import { parseCondition } from './condition.ts'

const columns: Record<string, ColumnSpec> = {
  title: { kind: 'text' },
  count: { kind: 'int' },
  price: { kind: 'real' },
  done: { kind: 'bool' },
  due: { kind: 'time' },
}
const parse = (word: string) => parseCondition(word, columns)

test('a value is read as its column’s type', () => {
  assert.deepEqual(parse('title=12'), { column: 'title', operator: '=', value: '12' })
  assert.deepEqual(parse('count>=12'), { column: 'count', operator: '>=', value: 12 })
  assert.deepEqual(parse('price < 0.5'), { column: 'price', operator: '<', value: 0.5 })
  assert.deepEqual(parse('done!=true'), { column: 'done', operator: '!=', value: true })
  assert.deepEqual(parse('due<=2026-01-02'), { column: 'due', operator: '<=', value: new Date('2026-01-02') })
})

test('what follows the first operator is the value, whatever is in it', () => {
  assert.equal(parse('title=a=b<c').value, 'a=b<c')
  assert.equal(parse('title=').value, '')
})

test('null is null, and ~ is contains', () => {
  assert.deepEqual(parse('count=null'), { column: 'count', operator: 'is', value: null })
  assert.deepEqual(parse('count!=null'), { column: 'count', operator: 'is not', value: null })
  assert.deepEqual(parse('title~Live'), { column: 'title', operator: 'contains', value: 'Live' })
})

test('a condition that cannot be meant is refused with a code', () => {
  const refuses = (word: string, code: string) =>
    assert.throws(
      () => parse(word),
      (error) => error instanceof KithError && error.code === code,
      word,
    )
  refuses('title', 'bad-value')
  refuses('1=1', 'bad-value')
  refuses('count=many', 'bad-value')
  refuses('count=', 'bad-value')
  refuses('done=yes', 'bad-value')
  refuses('due=soon', 'bad-value')
  refuses('nothing=1', 'not-found')
  refuses('constructor=1', 'not-found')
})
