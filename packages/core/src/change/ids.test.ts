import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createNodeCrypto } from '../../../node/src/platform/crypto.ts'
import { toBase32 } from '../bytes/index.ts'
import { createOpIds, createOpIdTexts } from './ids.ts'

const crypto = await createNodeCrypto()
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })

test('the texts of the ids of a change are those of the ids themselves', () => {
  fc.assert(
    fc.property(
      bytes(32),
      bytes(16),
      fc.nat(2 ** 47),
      fc.array(fc.nat(0xffff), { minLength: 1 }),
      (space, salt, ms, indexes) => {
        const opId = createOpIds(crypto, { space, device: space, salt, time: { ms, counter: 7 } })
        const toText = createOpIdTexts(opId(indexes[0] as number))
        for (const index of [0, 0xffff, ...indexes]) assert.equal(toText(index), toBase32(opId(index)))
      },
    ),
  )
})
