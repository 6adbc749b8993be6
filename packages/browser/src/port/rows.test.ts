import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rowsToPatch } from '@kith/core'
import fc from 'fast-check'
import { createRowsDecoder } from './rows.ts'

const known = Array.from({ length: 13 }, (_, id) => ({ id }))

test('rows arrive as they were sent, and keep their identity, also when another worker sends them all again', () => {
  const rowSets = fc.array(fc.tuple(fc.uniqueArray(fc.nat({ max: 12 }), { maxLength: 12 }), fc.boolean()), {
    maxLength: 8,
  })
  fc.assert(
    fc.property(rowSets, (sets) => {
      const { decode, restarted } = createRowsDecoder()
      let sent: object[] = []
      let shown: object[] | undefined
      let before: number[] = []
      for (const [set, isRestart] of sets) {
        if (isRestart) {
          restarted()
          sent = []
        }
        const rows = set.map((at) => known[at] as object)
        const decoded = decode(structuredClone(rowsToPatch(sent, rows)))
        sent = rows
        if (decoded === undefined) {
          assert.deepEqual(shown, rows)
          continue
        }
        assert.deepEqual(decoded.rows, rows)
        set.forEach((at, place) => {
          if (before.includes(at)) assert.equal(decoded.rows[place], shown?.[before.indexOf(at)])
        })
        shown = decoded.rows
        before = set
      }
    }),
  )
})

test('an edit in 10,000 rows is a small message', () => {
  const before = Array.from({ length: 10_000 }, (_, id) => ({ id, title: `Task ${id}` }))
  const after = before.map((row) => (row.id === 5_000 ? { ...row, title: 'edited' } : row))
  assert(JSON.stringify(rowsToPatch(before, after)).length < 200)
})
