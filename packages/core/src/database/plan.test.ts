import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openSqlite } from '../../../node/src/platform/sqlite.ts'
import { app, int, prepareTables, table, text } from '../schema/index.ts'
import { type CompiledTable, compileRecord } from './compiled.ts'
import { createPlans } from './plan.ts'

const compile = (declared: ReturnType<typeof app>): CompiledTable =>
  compileRecord(declared.record).tables[0] as CompiledTable

test('one table under two records has a plan for each: places and even types of columns differ', () => {
  const plan = createPlans()
  const one = compile(app('org.example.todo', { version: 1, tables: { t: table({ b: text() }) } }))
  const shifted = compile(
    app('org.example.todo', { version: 2, tables: { t: table({ a: text().optional(), b: text() }) } }),
  )
  const other = compile(app('org.example.todo', { version: 1, tables: { t: table({ b: int() }) } }))
  assert.deepEqual(
    plan(one, [0]).columns.map(({ at }) => at),
    [0],
  )
  assert.deepEqual(
    plan(shifted, [0]).columns.map(({ at }) => at),
    [0, -1],
  )
  assert.deepEqual(
    plan(shifted, [1]).columns.map(({ at }) => at),
    [-1, 0],
  )
  assert.match(plan(other, [0]).sql, /"b:int"/)
  assert.doesNotMatch(plan(other, [0]).sql, /"b:text"/)
})

test('whatever columns changes name, a table has one statement', () => {
  const plan = createPlans()
  const wide = compile(
    app('org.example.todo', {
      version: 1,
      tables: { t: table({ a: text().optional(), b: text().optional(), c: text().optional() }) },
    }),
  )
  const subsets = [[], [0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]]
  assert.equal(new Set(subsets.map((columns) => plan(wide, columns).sql)).size, 1)
})

test('a table that was without a key in one space can have one in another', () => {
  const database = openSqlite(':memory:')
  const bare = app('org.example.todo', { version: 1, tables: { t: table({ a: text() }) } })
  const keyed = app('org.example.todo', { version: 1, tables: { t: table({ a: text() }, { key: ['a'] }) } })
  prepareTables(database, bare.record)
  prepareTables(database, keyed.record)
  const { sql } = createPlans()(compile(keyed), [0])
  database.prepare(sql).run(1, new Uint8Array(16), 1, new Uint8Array(8), 'x')
  database.close()
})
