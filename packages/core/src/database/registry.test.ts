import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openSqlite } from '../../../node/src/platform/sqlite.ts'
import { prepareLayout } from './layout.ts'
import { createRegistry } from './registry.ts'
import { createStatements } from './statements.ts'

test('what a stranger had us take for a person is a space when we enter it, now and after a restart; a space never turns into a person', () => {
  const database = openSqlite(':memory:')
  prepareLayout(database)
  const statements = createStatements(database)
  const registry = createRegistry(statements)
  const id = new Uint8Array(32).fill(7)
  const { n } = registry.addSpace(id, '', 'person')
  const entered = registry.addSpace(id, 'org.example.todo', 'space')
  assert.deepEqual([entered.n, entered.app, entered.kind], [n, 'org.example.todo', 'space'])
  assert.deepEqual(registry.addSpace(id, '', 'person'), entered)
  for (const one of [registry, createRegistry(statements)]) {
    const { app, kind } = one.spaceByNumber(n)
    assert.deepEqual([app, kind, one.space(id)?.kind], ['org.example.todo', 'space', 'space'])
  }
  database.close()
})
