import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { compressionConformance } from '../../../core/src/ports/compression.conformance.ts'
import { createNodeCompression } from '../../../node/src/platform/compression.ts'
import { createBrowserCompression } from './compression.ts'

for (const { name, run } of compressionConformance) test(name, () => run(createBrowserCompression()))

test('whatever Node can unpack, a browser unpacks to the same bytes, damaged streams included', () => {
  const [node, browser] = [createNodeCompression(), createBrowserCompression()]
  const text = Array.from({ length: 400 }, (_, at) => `row ${(at * 7919) % 97}${['a', 'bb', 'ccc'][at % 3]}`).join()
  // Strategies 0 to 4 are zlib's: they give stored, fixed and dynamic blocks, with matches and without.
  const streams = [0, 1, 2, 3, 4]
    .map((strategy) => deflateRawSync(text, { strategy }))
    .concat(deflateRawSync(text, { level: 0 }))
  const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { maxLength: 2 })
  fc.assert(
    fc.property(fc.constantFrom(...streams), damage, (stream, flips) => {
      const damaged = Uint8Array.from(stream)
      for (const [at, mask] of flips) damaged[at % damaged.length]! ^= mask
      let unpacked: Uint8Array
      try {
        unpacked = node.inflate(damaged, 1_000_000)
      } catch {
        return
      }
      assert.deepEqual(browser.inflate(damaged, 1_000_000), unpacked)
    }),
    { numRuns: 2_000 },
  )
})
