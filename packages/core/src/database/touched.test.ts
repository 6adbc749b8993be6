import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFixture } from './query.fixture.ts'
import { createStatements } from './statements.ts'
import { createTouched } from './touched.ts'

const tasks = 'org.example.todo/tasks'

const createNoted = () => {
  const { database, store } = createFixture()
  const touched = createTouched(database, createStatements(database))
  /** Last bytes of the ids of noted rows, by space. */
  const taken = (): Record<string, number[]> | undefined => {
    const rows = touched.take()
    const spaces = [...(rows?.get(tasks) ?? [])].map(([space, ids]) => [space, ids.map((id) => id[15] as number)])
    return rows && (Object.fromEntries(spaces) as Record<string, number[]>)
  }
  return { database, store, touched, taken }
}

test('a trigger that went with a transaction comes back', () => {
  const { database, store, touched, taken } = createNoted()
  database.exec('BEGIN')
  touched.watch(tasks)
  store('tasks', 30)
  assert.deepEqual(taken(), { 1: [30] })
  database.exec('ROLLBACK')
  touched.undone()
  touched.watch(tasks)
  store('tasks', 31)
  assert.deepEqual(taken(), { 1: [31] })
})

test('inserts, updates and deletes of watched tables are noted once each, by space; others are not', () => {
  const { database, store, touched, taken } = createNoted()
  store('tasks', 30)
  assert.deepEqual(taken(), {})
  assert.equal(touched.watch('org.example.todo/nothing'), false)
  assert.equal(touched.watch(tasks), true)
  assert.equal(touched.watch(tasks), true)
  store('tasks', 31)
  store('tasks', 32, {}, 2)
  store('lists', 33)
  database.exec(`UPDATE "${tasks}" SET "$hidden" = 1 WHERE id = x'${'1e'.repeat(16)}'`)
  database.exec(`UPDATE "${tasks}" SET "$hidden" = 0 WHERE id = x'${'1e'.repeat(16)}'`)
  database.exec(`DELETE FROM "${tasks}" WHERE id = x'${'0a'.repeat(16)}'`)
  assert.deepEqual(taken(), { 1: [10, 30, 31], 2: [32] })
  assert.deepEqual(taken(), {})
})

test('many rows are not named; after a transaction that was undone, tables can be watched again', () => {
  const { database, store, touched, taken } = createNoted()
  touched.watch(tasks)
  for (let n = 100; n < 200; n += 1) store('tasks', n)
  assert.equal(taken(), undefined)
  store('tasks', 200)
  assert.deepEqual(taken(), { 1: [200] })

  database.exec('BEGIN')
  database.exec('CREATE TABLE "org.example.todo/new" ("$space" INTEGER, id BLOB)')
  touched.watch('org.example.todo/new')
  store('tasks', 201)
  database.exec('ROLLBACK')
  touched.undone()
  assert.deepEqual(taken(), {})
  touched.watch(tasks)
  store('tasks', 202)
  assert.deepEqual(taken(), { 1: [202] })
})
