import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KithError } from '../bytes/index.ts'
import { after, between, first, isOrderKey } from './order-key.ts'

test('a place between two neighbours sorts between them, however often it is asked for', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000), { minLength: 1, maxLength: 60 }), (picks) => {
      const places = [first()]
      for (const pick of picks) {
        const at = pick % (places.length + 1)
        const place =
          at === 0
            ? first(places[0])
            : at === places.length
              ? after(places.at(-1) as string)
              : between(places[at - 1] as string, places[at] as string)
        places.splice(at, 0, place)
      }
      assert.deepEqual(places, [...places].sort())
      assert.equal(new Set(places).size, places.length)
      assert.ok(places.every(isOrderKey))
    }),
  )
})

test('neighbours that two devices put at one place leave room behind them', () => {
  const same = first()
  assert.ok(between(same, same) > same)
})

test('what is no place, or the wrong way round, is refused by a typed error', () => {
  const isBadValue = (error: unknown): boolean => error instanceof KithError && error.code === 'bad-value'
  assert.throws(() => after('nonsense!'), isBadValue)
  assert.throws(() => between(after(first()), first()), isBadValue)
})
