import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { KithError } from '../bytes/index.ts'
import {
  add,
  app,
  bindTable,
  bool,
  type Column,
  counter,
  increment,
  int,
  remove,
  richText,
  set,
  table,
  text,
} from './index.ts'

const trimmed: StandardSchemaV1<string, string> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => {
      const text = String(value).trim()
      return text === '' ? { issues: [{ message: 'not empty' }] } : { value: text }
    },
  },
}
const declare = (version: number, more: Record<string, Column> = {}) =>
  app('org.example.a', {
    version,
    tables: {
      tasks: table({
        title: text().validate(trimmed),
        done: bool().default(true),
        kind: text().fixed().optional(),
        votes: counter(),
        tags: set(),
        notes: richText(),
        ...more,
      }),
    },
  })
const now = declare(1)
const tasks = bindTable(now, 'tasks', now.record)
const isKithError =
  (code: string, saying = /./) =>
  (thrown: unknown) =>
    thrown instanceof KithError && thrown.code === code && saying.test(thrown.message)

test('an insert writes every column but rich text, with defaults filled in', () => {
  assert.deepEqual(
    tasks.insertColumns.map((at) => tasks.record.columns[at]?.id),
    ['done', 'kind', 'tags', 'title', 'votes'],
  )
  assert.deepEqual(tasks.insertToWire({ title: ' a ' }), [true, null, [], 'a', 0])
  assert.deepEqual(
    tasks.insertToWire({ title: 'a', done: false, kind: undefined, tags: add('x'), votes: increment(2) }),
    [false, null, ['x'], 'a', 2],
  )
})

test('what cannot be written is refused and named', () => {
  assert.throws(() => tasks.insertToWire({}), isKithError('bad-value', /"tasks.title" must be a string, got undefined/))
  assert.throws(() => tasks.insertToWire({ title: 'a', colour: 1 }), isKithError('bad-value', /"tasks.colour"/))
  assert.throws(() => tasks.insertToWire({ title: 'a', notes: 'x' }), isKithError('bad-value', /"tasks.notes"/))
  assert.throws(() => tasks.insertToWire({ title: 'a', id: 'x' }), isKithError('bad-value', /"tasks.id"/))
  assert.throws(() => tasks.insertToWire({ title: ' ' }), isKithError('bad-value', /"tasks.title" must be not empty/))
  assert.throws(() => tasks.updateToWire({ votes: 3 }), isKithError('bad-value', /increment/))
  assert.throws(() => tasks.updateToWire({ kind: 'x' }), isKithError('bad-value', /fixed/))
  assert.throws(() => tasks.updateToWire({ notes: 'x' }), isKithError('bad-value', /space.text/))
  assert.throws(() => tasks.updateToWire({ colour: 'x' }), isKithError('bad-value', /"tasks.colour"/))
  assert.throws(() => bindTable(now, 'nowhere', now.record), isKithError('not-found'))
})

test('an update names its columns in ascending order', () => {
  const column = (id: string) => tasks.record.columns.findIndex((part) => part.id === id)
  assert.deepEqual(
    tasks.updateToWire({ votes: increment(), done: false, title: undefined, tags: [add('a'), remove('b')] }),
    [
      { column: column('done'), value: false },
      { column: column('tags'), set: { added: ['a'], removed: ['b'] } },
      { column: column('votes'), value: 1 },
    ],
  )
})

test('older code writes under a newer record, whose new columns get their defaults', () => {
  const newer = declare(2, { colour: text().default('red'), size: int().optional() }).record
  const bound = bindTable(now, 'tasks', newer)
  assert.deepEqual(
    bound.insertColumns.map((at) => bound.record.columns[at]?.id),
    ['colour', 'done', 'kind', 'size', 'tags', 'title', 'votes'],
  )
  assert.deepEqual(bound.insertToWire({ title: 'a' }), ['red', true, null, null, [], 'a', 0])
})

test('newer code under an older record writes what is published, and is told what is not', () => {
  const newer = bindTable(declare(2, { size: int().optional() }), 'tasks', now.record)
  assert.deepEqual(newer.insertToWire({ title: 'a', size: null }), tasks.insertToWire({ title: 'a' }))
  const refused = isKithError('schema-mismatch', /"tasks.size" is not published yet .*version 1; this app is version 2/)
  assert.throws(() => newer.insertToWire({ title: 'a', size: 1 }), refused)
  assert.throws(() => newer.updateToWire({ size: 1 }), refused)
})

test('code that forgot to raise its version is told so', () => {
  const same = declare(1, { size: int().optional() })
  const bound = bindTable(same, 'tasks', declare(2).record)
  assert.throws(
    () => bound.updateToWire({ size: 1 }),
    isKithError('schema-mismatch', /Raise the app's version above 2/),
  )
})

test('what a newer record has dropped is left out of what older code writes', () => {
  const older = declare(1, { size: int() })
  const record = app('org.example.a', { version: 2, tables: now.tables, dropped: ['tasks.size'] }).record
  const bound = bindTable(older, 'tasks', record)
  assert.deepEqual(bound.insertToWire({ title: 'a', size: 1 }), tasks.insertToWire({ title: 'a' }))
  assert.deepEqual(bound.updateToWire({ size: 2 }), [])
  assert.throws(() => bound.updateToWire({ sise: 2 }), isKithError('bad-value', /"tasks.sise"/))
})

test('a validator that throws is the app’s defect, and says where it is', () => {
  const broken: StandardSchemaV1<string, string> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: () => {
        throw new TypeError('no such thing')
      },
    },
  }
  const app2 = app('org.example.a', { version: 1, tables: { t: table({ a: text().validate(broken) }) } })
  assert.throws(
    () => bindTable(app2, 't', app2.record).insertToWire({ a: 'x' }),
    isKithError('validator-failed', /validator of "t.a" threw: no such thing/),
  )
})

test('a validator that is asynchronous is refused', () => {
  const slow: StandardSchemaV1<string, string> = {
    '~standard': { version: 1, vendor: 'test', validate: async (value) => ({ value: String(value) }) },
  }
  const app2 = app('org.example.a', { version: 1, tables: { t: table({ a: text().validate(slow) }) } })
  assert.throws(() => bindTable(app2, 't', app2.record).insertToWire({ a: 'x' }), isKithError('not-supported'))
})
