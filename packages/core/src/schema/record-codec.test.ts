import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeCbor, encodeCbor, KithError } from '../bytes/index.ts'
import {
  app,
  bool,
  bytesToSchemaRecord,
  counter,
  person,
  ref,
  schemaRecordToBytes,
  table,
  text,
  time,
} from './index.ts'

const todo = app('org.example.todo', {
  version: 3,
  roles: { editor: 'writer' },
  dropped: ['tasks.old'],
  tables: {
    tasks: table(
      {
        title: text(),
        done: bool().default(false),
        due: time().optional(),
        list: ref('lists').onDelete('hide'),
        votes: counter(),
      },
      { delete: ['author', 'admin'], index: [['done', 'due']], search: ['title'] },
    ),
    stars: table({ task: ref('tasks'), person: person() }, { key: ['task', 'person'] }),
    lists: table({ name: text() }),
  },
})

test('a record comes back as it was published', () => {
  assert.deepEqual(bytesToSchemaRecord(todo.recordBytes), todo.record)
  assert.deepEqual(schemaRecordToBytes(bytesToSchemaRecord(todo.recordBytes)), todo.recordBytes)
})

/** The record's bytes with one part changed; `path` are positions in the arrays. */
const changed = (path: number[], value: unknown): Uint8Array => {
  const root = structuredClone(decodeCbor(todo.recordBytes)) as unknown[]
  const last = path.pop() as number
  const place = path.reduce<unknown[]>((part, at) => part[at] as unknown[], root)
  place[last] = value
  return encodeCbor(root as never)
}
const refuses = (bytes: Uint8Array, code: string): void => {
  assert.throws(
    () => bytesToSchemaRecord(bytes),
    (thrown) => thrown instanceof KithError && thrown.code === code,
  )
}
/** Positions: record → tables (3) → tasks (2) → columns (2) → done (0) … */
const tasks = [3, 2]
const done = [...tasks, 2, 0]

test('types and flags of a newer version are kept, so that its records still parse here', () => {
  const bytes = changed([...done, 2], 'hologram')
  const flagged = changed([...done, 3], 1 << 20)
  assert.equal(bytesToSchemaRecord(bytes).tables[2]?.columns[0]?.type, 'hologram')
  assert.equal(bytesToSchemaRecord(flagged).tables[2]?.columns[0]?.flags, 1 << 20)
  assert.deepEqual(schemaRecordToBytes(bytesToSchemaRecord(bytes)), bytes)
})

test('a record that no app would write is refused', () => {
  refuses(changed([0], 2), 'protocol-version')
  refuses(changed([1], 'Org.Example'), 'bad-schema')
  refuses(changed([2], -1), 'bad-schema')
  refuses(changed([4], [['editor', 0]]), 'bad-schema')
  refuses(changed([5], ['b', 'a']), 'bad-schema')
  refuses(changed([5], ['a.b.c']), 'bad-schema')
  refuses(changed([...tasks, 0], 'x"; DROP TABLE meta'), 'bad-schema')
  refuses(changed([...tasks, 0], 'lists'), 'bad-schema')
  refuses(changed([...tasks, 4], [[99]]), 'bad-schema')
  refuses(changed([...tasks, 4], [[0, 0]]), 'bad-schema')
  refuses(changed([...tasks, 3], [1]), 'bad-schema')
  refuses(changed([...done, 4], ['no bool']), 'bad-schema')
  refuses(changed([...done, 6], 3), 'bad-schema')
  refuses(changed([...tasks, 2, 2, 5], 'nowhere'), 'bad-schema')
  refuses(
    changed(
      [3],
      Array.from({ length: 300 }, () => 0),
    ),
    'bad-schema',
  )
  refuses(new Uint8Array(300 * 1024), 'too-large')
})

test('bytes that are cut off or damaged anywhere give a typed error or another record, never a crash', () => {
  const bytes = todo.recordBytes
  for (let length = 0; length < bytes.length; length += 1) {
    assert.throws(() => bytesToSchemaRecord(bytes.subarray(0, length)), KithError)
  }
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, byte) => {
      const damaged = bytes.slice()
      damaged[at] = byte
      try {
        bytesToSchemaRecord(damaged)
      } catch (thrown) {
        assert.ok(thrown instanceof KithError, String(thrown))
      }
    }),
    { numRuns: 2000 },
  )
})
