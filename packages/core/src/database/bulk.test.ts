import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openSqlite } from '../../../node/src/platform/sqlite.ts'
import { app, int, prepareTables, table } from '../schema/index.ts'
import { createBulkInsert } from './bulk.ts'
import { type CompiledTable, compileRecord } from './compiled.ts'
import { createPlans } from './plan.ts'
import { createStatements } from './statements.ts'

const { record } = app('org.example.bulk', { version: 1, tables: { items: table({ amount: int() }) } })

const openTable = () => {
  const database = openSqlite(':memory:')
  prepareTables(database, record)
  const statements = createStatements(database)
  const items = compileRecord(record).tables[0] as CompiledTable
  const at = { space: 1, app: record.app, table: items }
  const plan = createPlans()(items, [0])
  const insert = (count: number, firstId = new Uint8Array(16).fill(7, 0, 14)): number =>
    createBulkInsert(statements)(at, plan, { change: 9, firstId, start: 0, count, value: (_column, row) => row * 2 })
  const rows = () =>
    database.prepare(`SELECT id, "$change" AS change, "amount:int" AS amount FROM ${items.physical} ORDER BY id`).all()
  return { database, items, insert, rows }
}

test('rows go in by the fifty, each with its own id and values, and the rest is left to the caller', () => {
  const { insert, rows } = openTable()
  assert.equal(insert(149), 100)
  const found = rows()
  assert.equal(found.length, 100)
  assert.deepEqual(
    found.map(({ amount }) => amount),
    Array.from({ length: 100 }, (_, row) => row * 2),
  )
  assert.ok(found.every(({ change }) => change === 9))
  assert.deepEqual((found[99]?.id as Uint8Array | undefined)?.slice(14), Uint8Array.of(0, 99))
})

test('fewer than fifty rows are left to the caller', () => {
  const { insert, rows } = openTable()
  assert.equal(insert(49), 0)
  assert.deepEqual(rows(), [])
})

test('an id that is there already stops before its fifty, and nothing of them is inserted', () => {
  const { database, items, insert, rows } = openTable()
  const taken = new Uint8Array(16).fill(7, 0, 14)
  taken[15] = 60
  database.prepare(`INSERT INTO ${items.physical} ("$space", id, "$change") VALUES (1, ?, 1)`).run(taken)
  assert.equal(insert(150), 50)
  assert.equal(rows().length, 51)
})
