import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KithError } from '../bytes/index.ts'
import {
  app,
  bool,
  column,
  counter,
  equals,
  isMe,
  json,
  not,
  order,
  person,
  real,
  type RuleInput,
  ref,
  set,
  table,
  text,
  time,
  value,
} from './index.ts'

const refuses = (run: () => unknown, saying: RegExp): void => {
  assert.throws(run, (thrown) => {
    assert.ok(thrown instanceof KithError, String(thrown))
    assert.equal(thrown.code, 'bad-schema')
    assert.match(thrown.message, saying)
    return true
  })
}
const one = (columns: Parameters<typeof table>[0], options: object = {}) =>
  app('org.example.a', { version: 1, tables: { t: table(columns, options), u: table({ a: text() }) } })

test('equal schemas have equal bytes, in whatever order they are written', () => {
  const left = app('org.example.a', {
    version: 1,
    roles: { editor: 'writer', guest: 'reader' },
    dropped: ['t.z', 't.y'],
    tables: { t: table({ a: text(), b: bool().default(true) }), u: table({ c: ref('t') }) },
  })
  const right = app('org.example.a', {
    version: 1,
    dropped: ['t.y', 't.z'],
    tables: { u: table({ c: ref('t') }), t: table({ b: bool().default(true), a: text() }) },
    roles: { guest: 'reader', editor: 'writer' },
  })
  assert.deepEqual(left.recordBytes, right.recordBytes)
})

test('a column keeps its id when its name changes', () => {
  const renamed = one({ heading: text().was('title') })
  const [record] = renamed.record.tables
  assert.deepEqual([record?.columns[0]?.id, record?.columns[0]?.name], ['title', 'heading'])
})

test('a schema that cannot be is refused with the place named', () => {
  refuses(() => app('Todo', { version: 1, tables: {} }), /"Todo" is no app id/)
  refuses(() => app('org.example.a', { version: 0, tables: {} }), /version/)
  refuses(() => one({ id: text() }), /"t.id"/)
  refuses(() => one({ Space: text() }), /"t.Space"/)
  refuses(() => one({ $change: text() }), /"t.\$change" is no usable name/)
  refuses(() => one({ 'a"b': text() }), /no usable name/)
  refuses(() => one({ a: text(), A: text() }), /differ in capitals only/)
  refuses(() => one({ a: text(), b: text().was('a') }), /two declarations have the id "a"/)
  refuses(() => one({ a: ref('nowhere') }), /"t.a" references a table "nowhere"/)
  refuses(() => one({ a: ref('u').onDelete('null') }), /needs .optional/)
  refuses(() => one({ a: text().optional() }, { key: ['a'] }), /cannot be optional/)
  refuses(() => one({ a: counter() }, { key: ['a'] }), /counter column cannot be a key/)
  refuses(() => one({ a: real() }, { search: ['a'] }), /text columns only/)
  refuses(() => one({ a: text().default(1 as never) }), /default of "t.a"/)
  refuses(() => one({ a: order().default('') }), /default of "t.a"/)
})

test('a dropped id is not used again', () => {
  const declare = (dropped: string[]) =>
    app('org.example.a', { version: 2, tables: { t: table({ a: text() }) }, dropped })
  refuses(() => declare(['t.a']), /"t.a" is both declared and dropped/)
  refuses(() => declare(['t']), /"t" is both declared and dropped/)
  refuses(() => declare(['t.a.b']), /no usable name/)
  assert.deepEqual(declare(['t.b', 'v']).record.dropped, ['t.b', 'v'])
})

test('a rule names ranks, roles and columns that are there', () => {
  const rule = (insert: unknown, roles = {}) =>
    app('org.example.a', {
      version: 1,
      roles,
      tables: { t: table({ a: text(), who: person().fixed(), when: time().fixed() }, { insert: insert as never }) },
    })
  refuses(() => rule('editor'), /"editor" is neither a rank nor one of the app's roles/)
  refuses(() => rule('constructor'), /neither a rank/)
  refuses(() => rule([]), /list of rules is empty/)
  refuses(() => rule(isMe(value('a'))), /isMe needs a person column/)
  refuses(() => rule(equals(column('a'), 'x')), /column\("a"\), which is not .fixed/)
  refuses(() => rule(equals(value('b'), 'x')), /"t.b", which is not there/)
  refuses(() => rule(equals(value('a'), 1)), /not of its type/)
  refuses(() => rule(() => true), /not one of the expressions/)
  for (const broken of [null, 5, [undefined], isMe(undefined as never), equals(undefined as never, 1)])
    refuses(
      () => rule(broken),
      /the rule t.insert is not (usable|made of the expressions)|The rule t.insert is not usable/,
    )
  const deep = Array.from({ length: 9 }).reduce<RuleInput>((inner) => not(inner), 'writer')
  refuses(() => rule(deep), /the rule t.insert is too deep/)
  refuses(() => rule('writer', { writer: 'writer' }), /cannot be a role/)
  refuses(() => rule('writer', { boss: 'owner' }), /reader, writer or admin/)
  const { rules } = rule(['editor', equals(column('when'), new Date(5))], { editor: 'writer' }).record.tables[0] ?? {}
  assert.deepEqual(rules?.insert, [4, [2, 'editor'], [8, [0, 'when'], [2, 5]]])
  assert.deepEqual(rules?.update, [1, 2])
})

test('columns of every type can be declared', () => {
  const all = one({ a: json().default({ b: [1] }), c: set<number>(), d: order(), e: ref('u').onDelete('hide') })
  assert.deepEqual(
    all.record.tables[0]?.columns.map((part) => [part.id, part.type, part.default, part.target, part.onDelete]),
    [
      ['a', 'json', '{"b":[1]}', '', 'keep'],
      ['c', 'set', undefined, '', 'keep'],
      ['d', 'order', undefined, '', 'keep'],
      ['e', 'ref', undefined, 'u', 'hide'],
    ],
  )
})
