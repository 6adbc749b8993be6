import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KithError } from '@kith/core/bytes'
import type { App } from '@kith/core/schema'
import type { DataRow } from './data-file.ts'
import { inferApp } from './infer-app.ts'

const kinds = (app: App, table: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(app.tables[table]?.columns ?? {}).map(([name, { spec }]) => [
      name,
      `${spec.kind}${spec.target === undefined ? '' : ` ${spec.target}`}${spec.isOptional === true ? '?' : ''}`,
    ]),
  )

const infer = (tables: Record<string, DataRow[]>, references: [string, string][] = []): App =>
  inferApp('local.test', new Map(Object.entries(tables)), new Map(references))

test('a column has the narrowest type that all its values fit, and is optional where one is missing or null', () => {
  const app = infer({
    Thing: [
      {
        ThingId: 1,
        name: 'a',
        whole: 1,
        part: 1,
        yes: true,
        day: '2021-01-01T00:00:00',
        mixed: 1,
        gap: 'x',
        list: [1],
      },
      {
        ThingId: 2,
        name: 'b',
        whole: 2,
        part: 0.5,
        yes: false,
        day: '2021-01-02T00:00:00Z',
        mixed: 'x',
        gap: null,
        list: [],
      },
      { ThingId: 3, name: '', whole: -1, part: 2, yes: true, day: '2021-01-03T10:00+01:00', mixed: 1, list: [] },
    ],
  })
  assert.deepEqual(kinds(app, 'Thing'), {
    name: 'text',
    whole: 'int',
    part: 'real',
    yes: 'bool',
    day: 'time',
    mixed: 'json',
    gap: 'text?',
    list: 'json',
  })
})

test('a column named after a table refers to it, and others do where they are told to', () => {
  const app = infer(
    {
      Person: [{ PersonId: 1, name: 'Ada', ReportsTo: null, OtherId: 7 }],
      Order: [{ OrderId: 1, PersonId: 1 }],
    },
    [['Person.ReportsTo', 'Person']],
  )
  assert.deepEqual(kinds(app, 'Person'), { name: 'text', ReportsTo: 'ref Person?', OtherId: 'int' })
  assert.deepEqual(kinds(app, 'Order'), { PersonId: 'ref Person?' })
})

test('a table whose references alone tell its rows apart is keyed by them; one with the same pair twice is not', () => {
  const two = { A: [{ AId: 1 }], B: [{ BId: 1 }, { BId: 2 }] }
  const keyed = infer({
    ...two,
    AB: [
      { AId: 1, BId: 1 },
      { AId: 1, BId: 2 },
    ],
  })
  assert.deepEqual(keyed.tables['AB']?.options.key, ['AId', 'BId'])
  const twice = infer({
    ...two,
    AB: [
      { AId: 1, BId: 1 },
      { AId: 1, BId: 1 },
    ],
  })
  assert.equal(twice.tables['AB']?.options.key, undefined)
})

test('a name that SQL could not hold, and a reference to nothing, are refused with what is wrong', () => {
  const refuses = (run: () => unknown, words: RegExp) =>
    assert.throws(
      run,
      (error) => error instanceof KithError && error.code === 'bad-schema' && words.test(error.message),
    )
  refuses(() => infer({ 'Two words': [{ a: 1 }] }), /Two words/)
  refuses(() => infer({ A: [{ 'b c': 1 }] }), /b c/)
  refuses(() => infer({ A: [{ x: 1 }] }, [['A.x', 'Nowhere']]), /Nowhere/)
  refuses(() => infer({ A: [{ x: 1 }] }, [['A.y', 'A']]), /A\.y/)
})
