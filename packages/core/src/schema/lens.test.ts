import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KithError } from '../bytes/index.ts'
import { app, bindTable, counter, int, isAdditive, table, text } from './index.ts'

const first = app('org.example.a', { version: 1, tables: { people: table({ name: text() }) } })
const columns = { label: text().was('name'), first: text().default('?'), last: text().optional() }
const lens = {
  from: ['label'],
  to: ['first', 'last'],
  forward: ({ label }: { label: string }) => ({ first: label, last: null }),
  back: ({ first, last }: { first: string; last: string | null }) => ({
    label: last === null ? first : `${first} ${last}`,
  }),
} as const
const second = app('org.example.a', { version: 2, tables: { people: table(columns).lens(lens) } })

const refuses = (tables: Parameters<typeof app>[1]['tables'], saying: RegExp): void => {
  assert.throws(
    () => app('org.example.a', { version: 1, tables }),
    (thrown) => thrown instanceof KithError && thrown.code === 'bad-schema' && saying.test(thrown.message),
  )
}

test('a lens adds a mark for each older column, and empties nothing for older versions', () => {
  const [people] = second.record.tables
  assert.deepEqual(
    people?.columns.map(({ id, type, flags, default: fallback }) => [id, type, flags, fallback]),
    [
      ['first', 'text', 1, undefined],
      ['first_of_name', 'text', 1, undefined],
      ['last', 'text', 1, undefined],
      ['name', 'text', 0, undefined],
    ],
  )
  assert.equal(isAdditive(first.record, second.record), true)
})

test('an insert writes what older versions read, with a mark beside it', () => {
  const bound = bindTable(second, 'people', second.record)
  assert.deepEqual(bound.insertToWire({ first: 'Ann', last: 'Lee' }), ['Ann', 'Ann Lee', 'Lee', 'Ann Lee'])
  assert.deepEqual(bound.insertToWire({}), ['?', '?', null, '?'])
  assert.throws(() => bound.insertToWire({ label: 'x' }), { code: 'bad-value' })
  assert.throws(() => bound.insertToWire({ first: 5 }), { code: 'bad-value' })
})

test('under an older record the older columns are written alone', () => {
  const bound = bindTable(second, 'people', first.record)
  assert.deepEqual(bound.insertToWire({ first: 'Ann', last: 'Lee' }), ['Ann Lee'])
})

test('an update writes what was written, or all where an older version wrote last', () => {
  const bound = bindTable(second, 'people', second.record)
  const columnsOf = (isFresh: boolean) =>
    bound
      .updateToWire({ last: 'Ott' }, { stateOf: () => ({ isFresh, values: { first: 'Ann', last: 'Lee' } }) })
      .map(({ column, value }) => [bound.record.columns[column]?.id, value])
  assert.deepEqual(columnsOf(true), [
    ['first_of_name', 'Ann Ott'],
    ['last', 'Ott'],
    ['name', 'Ann Ott'],
  ])
  assert.deepEqual(columnsOf(false)[0], ['first', 'Ann'])
  assert.equal(columnsOf(false).length, 4)
})

test('a lens that cannot be is refused with the place named', () => {
  const any = { forward: () => ({}), back: () => ({}) } as never as typeof lens
  const declare = (more: object, from: string[], to: string[], options = {}) => ({
    t: table({ a: text(), b: text(), ...more }, options).lens({ ...any, from, to } as never),
  })
  refuses(declare({}, ['a'], []), /a lens of "t" needs columns on both sides/)
  refuses(declare({}, ['a'], ['c']), /names "t.c", which is not there/)
  refuses(declare({ c: counter() }, ['c'], ['a']), /"t.c": a counter merges by itself/)
  refuses(declare({}, ['a'], ['b'], { key: ['a'] }), /"t.a": it is fixed/)
  refuses(declare({ c: int().fixed() }, ['c'], ['b']), /"t.c": it is fixed/)
  refuses(
    {
      t: table({ a: text(), b: text(), c: text() })
        .lens({ ...any, from: ['a'], to: ['b'] } as never)
        .lens({ ...any, from: ['b'], to: ['c'] } as never),
    },
    /"t.b" stands in two lenses/,
  )
})
