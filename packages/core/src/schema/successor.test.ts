import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KithError } from '../bytes/index.ts'
import {
  app,
  bool,
  type Columns,
  checkSuccessor,
  counter,
  int,
  isAdditive,
  ref,
  type TableOptions,
  table,
  text,
} from './index.ts'

const record = (columns: Columns, options: TableOptions<Columns, string[]> = {}, more: object = {}, version = 2) =>
  app('org.example.a', { version, tables: { t: table(columns, options), u: table({ a: text() }) }, ...more }).record
const first = record({ title: text(), done: bool() }, {}, {}, 1)

const mismatch = (next: ReturnType<typeof record>, saying: RegExp, published = first): void => {
  assert.throws(
    () => checkSuccessor(published, next),
    (thrown) => {
      assert.ok(thrown instanceof KithError && thrown.code === 'schema-mismatch', String(thrown))
      assert.match(thrown.message, saying)
      return true
    },
  )
  assert.equal(isAdditive(published, next), false)
}

test('a column that is gone is named, unless it was renamed or dropped', () => {
  mismatch(record({ done: bool() }), /column "t.title" is in the space but not in this app/)
  mismatch(record({ heading: text(), done: bool() }), /"t.title"/)
  checkSuccessor(first, record({ heading: text().was('title'), done: bool() }))
  checkSuccessor(first, record({ done: bool() }, {}, { dropped: ['t.title'] }))
})

test('what was dropped stays dropped', () => {
  const second = record({ done: bool() }, {}, { dropped: ['t.title'] })
  mismatch(record({ done: bool() }, {}, {}, 3), /"t.title" was dropped by an earlier version/, second)
  mismatch(record({ title: int().optional(), done: bool() }, {}, {}, 3), /"t.title" was dropped/, second)
  checkSuccessor(second, record({ done: bool() }, {}, { dropped: ['t.title'] }, 3))
})

test('a table that is gone is named, unless it was renamed or dropped', () => {
  const next = (tables: object, dropped: string[] = []) =>
    app('org.example.a', { version: 2, tables: { t: table({ title: text(), done: bool() }), ...tables }, dropped })
      .record
  mismatch(next({}), /table "u"/)
  checkSuccessor(first, next({}, ['u']))
  checkSuccessor(first, next({ units: table({ a: text() }, { was: 'u' }) }))
})

test('types, references and keys never change under an id', () => {
  mismatch(record({ title: int(), done: bool() }), /column "t.title" was text and is int/)
  mismatch(record({ a: ref('t') }), /referenced "u"/, record({ a: ref('u') }))
  mismatch(record({ title: text(), done: bool() }, { key: ['title'] }), /key of table "t"/)
  mismatch(record({ title: text().fixed(), done: bool() }), /was not fixed/)
})

test('a new column needs a value for the rows that are there', () => {
  mismatch(record({ title: text(), done: bool(), size: int() }), /column "t.size" is new/)
  mismatch(record({ title: text() }, {}, {}), /"t.title" was optional/, record({ title: text().optional() }))
  for (const size of [int().optional(), int().default(3), counter()]) {
    const next = record({ title: text(), done: bool(), size })
    checkSuccessor(first, next)
    assert.equal(isAdditive(first, next), true)
  }
})

test('a record is additive when it changes neither rights nor what is there', () => {
  const same = { title: text(), done: bool() }
  assert.equal(isAdditive(first, record(same)), true)
  assert.equal(isAdditive(first, record({ ...same, more: text().optional() }, { index: [['done']] })), true)
  assert.equal(
    isAdditive(
      first,
      record(same, {}, { tables: { t: table(same), u: table({ a: text() }), v: table({ b: int() }) } }),
    ),
    true,
  )
  assert.equal(isAdditive(first, record(same, { delete: 'reader' })), false)
  assert.equal(isAdditive(first, record(same, { delete: 'admin' })), false)
  assert.equal(isAdditive(first, record(same, {}, { roles: { editor: 'writer' } })), false)
  assert.equal(isAdditive(first, record({ done: bool() }, {}, { dropped: ['t.title'] })), false)
  assert.equal(isAdditive(first, record({ ...same, done: bool().default(true) })), false)
  assert.equal(isAdditive(first, record({ ...same, title: text().optional() })), false)
  assert.equal(isAdditive(record(same, {}, {}, 5), first), false)
})

test('a record of another app is no successor', () => {
  const other = app('org.example.b', { version: 9, tables: {} }).record
  assert.throws(
    () => checkSuccessor(first, other),
    (thrown) => thrown instanceof KithError && thrown.code === 'wrong-app',
  )
})
