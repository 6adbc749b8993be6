import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createRowsDecoder, createRowsEncoder } from './rows.ts'

test('rows arrive as they were sent, whatever comes, goes and moves, and only new ones are sent', () => {
  const rowSets = fc.array(fc.uniqueArray(fc.nat({ max: 12 }), { maxLength: 12 }), { maxLength: 8 })
  fc.assert(
    fc.property(rowSets, (sets) => {
      const [encode, decode] = [createRowsEncoder(), createRowsDecoder()]
      const known = Array.from({ length: 13 }, (_, at) => ({ id: at }))
      let shown: object[] = []
      let before: number[] = []
      for (const set of sets) {
        const update = structuredClone(encode(set.map((at) => known[at] as object)))
        const fresh = set.filter((at) => !before.includes(at))
        assert.deepEqual(
          update.filter((row) => typeof row === 'object'),
          fresh.map((id) => ({ id })),
        )
        const next = decode(update)
        assert.deepEqual(
          next,
          set.map((id) => ({ id })),
        )
        set.forEach((at, place) => {
          if (before.includes(at)) assert.equal(next[place], shown[before.indexOf(at)])
        })
        shown = next
        before = set
      }
    }),
  )
})
