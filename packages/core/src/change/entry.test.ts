import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { createBrowserCompression } from '../../../browser/src/platform/compression.ts'
import { createBrowserCrypto } from '../../../browser/src/platform/crypto.ts'
import { loadSodiumFile } from '../../../browser/src/testing/sodium-file.ts'
import { createNodeCompression } from '../../../node/src/platform/compression.ts'
import { createNodeCrypto } from '../../../node/src/platform/crypto.ts'
import { concatBytes, encodeCbor, utf8 } from '../bytes/index.ts'
import {
  entryBytesMax,
  entryBytesMin,
  entrySegmentsMax,
  entryUnpackedBytesMax,
  unpackRatioMax,
} from '../limits/index.ts'
import type { Crypto } from '../ports/index.ts'
import { type EntryKey, entryKinds, entryPayloadBytesMax, openEntry, paddedBytes, sealEntry } from './entry.ts'
import { packSegments, unpackSegments } from './entry-segments.ts'

const nodeCrypto = await createNodeCrypto()
const browserCrypto = await createBrowserCrypto(() => loadSodiumFile())
const key = createKey(1)
const mebibyte = 1024 * 1024

function createKey(fill: number): EntryKey {
  return { baseKey: new Uint8Array(32).fill(fill), associated: new Uint8Array(32).fill(fill + 100) }
}

test('a payload of any length comes back, and both platforms seal the same bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000, size: 'max' }), fc.nat({ max: 255 }), (payload, kind) => {
      const sealed = sealEntry(nodeCrypto, key, kind, payload)
      assert.deepEqual(sealEntry(browserCrypto, key, kind, payload), sealed)
      assert.deepEqual(sealed.id, nodeCrypto.sha256(sealed.bytes))
      const opened = openEntry(browserCrypto, sealed.bytes, [key])
      assert.deepEqual(opened, { kind, payload, key })
    }),
  )
})

test('sealing the same content again gives the same entry, other content, kind, key or epoch another one', () => {
  const payload = utf8('the same after a crash')
  const entries = [
    sealEntry(nodeCrypto, key, 1, payload),
    sealEntry(nodeCrypto, key, 2, payload),
    sealEntry(nodeCrypto, key, 1, utf8('the same after a crasH')),
    sealEntry(nodeCrypto, createKey(2), 1, payload),
    sealEntry(nodeCrypto, { ...key, associated: new Uint8Array(0) }, 1, payload),
    sealEntry(nodeCrypto, key, 1, concatBytes(payload, Uint8Array.of(0))),
  ]
  assert.deepEqual(sealEntry(nodeCrypto, key, 1, payload), entries[0])
  const salts = new Set(entries.map(({ bytes }) => Buffer.from(bytes.subarray(3, 35)).toString('hex')))
  assert.equal(salts.size, entries.length)
})

test('an entry altered in any one bit is refused', () => {
  const { bytes } = sealEntry(nodeCrypto, key, entryKinds.segments, utf8('hello'))
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const altered = Uint8Array.from(bytes)
    altered[bit >> 3]! ^= 1 << (bit & 7)
    const code = bit < 16 ? 'protocol-version' : 'cannot-open'
    assert.throws(() => openEntry(nodeCrypto, altered, [key]), { code }, `bit ${bit}`)
  }
})

test('an entry cut off, or with bytes behind it, is refused', () => {
  const { bytes } = sealEntry(nodeCrypto, key, entryKinds.segments, utf8('hello'))
  for (let length = 0; length < bytes.length; length += 1) {
    assert.throws(() => openEntry(nodeCrypto, bytes.subarray(0, length), [key]), {
      code: length < 87 ? 'bad-encoding' : 'cannot-open',
    })
  }
  assert.throws(() => openEntry(nodeCrypto, concatBytes(bytes, Uint8Array.of(0)), [key]), { code: 'cannot-open' })
  assert.throws(() => openEntry(nodeCrypto, new Uint8Array(entryBytesMax + 1), [key]), { code: 'too-large' })
})

test('among several keys the right one is found, and without it nothing opens', () => {
  const { bytes } = sealEntry(nodeCrypto, key, entryKinds.segments, utf8('hello'))
  const others = [createKey(2), createKey(3)]
  assert.equal(openEntry(nodeCrypto, bytes, [...others, key]).key, key)
  assert.throws(() => openEntry(nodeCrypto, bytes, others), { code: 'cannot-open' })
  assert.throws(() => openEntry(nodeCrypto, bytes, []), { code: 'cannot-open' })
  const wrongEpoch = { ...key, associated: createKey(2).associated }
  assert.throws(() => openEntry(nodeCrypto, bytes, [wrongEpoch]), { code: 'cannot-open' })
  assert.equal(openEntry(nodeCrypto, bytes, [wrongEpoch, key]).key, key)
})

test('an entry whose ciphertext opens under two keys is refused under all but the one it commits to', () => {
  // Poly1305 allows such ciphertexts; this AEAD goes further and opens everything under every key.
  const gullible: Crypto = { ...nodeCrypto, aeadOpen: () => new Uint8Array(64) }
  const { bytes } = sealEntry(nodeCrypto, key, entryKinds.segments, utf8('hello'))
  assert.equal(openEntry(gullible, bytes, [key]).payload.length, 0)
  assert.throws(() => openEntry(gullible, bytes, [createKey(2)]), { code: 'cannot-open' })
})

test('a length past the end or padding that is not zero is refused', () => {
  for (const plain of [
    Uint8Array.of(0, 0, 0, 2, 7),
    Uint8Array.of(255, 255, 255, 255, 7),
    Uint8Array.of(0, 0, 0, 0, 7),
  ]) {
    const careless: Crypto = {
      ...nodeCrypto,
      aeadSeal: (k, n, _, associated) => nodeCrypto.aeadSeal(k, n, plain, associated),
    }
    const { bytes } = sealEntry(careless, key, entryKinds.segments, new Uint8Array(0))
    assert.throws(() => openEntry(nodeCrypto, bytes, [key]), { code: 'bad-encoding' })
  }
})

test('padding costs at most 12 % and leaves few sizes', () => {
  const sizes = new Set<number>()
  for (let size = 1; size <= entryBytesMax; size += size < 4_096 ? 1 : 97) {
    const padded = paddedBytes(size)
    sizes.add(padded)
    assert.ok(
      padded >= Math.max(size, entryBytesMin) && padded <= Math.max(entryBytesMin, size * 1.12),
      `${size} → ${padded}`,
    )
    assert.equal(paddedBytes(padded), padded)
  }
  assert.equal(paddedBytes(entryBytesMax), entryBytesMax)
  assert.ok(sizes.size < 350, `${sizes.size} sizes`)
})

test('the largest payload makes the largest entry, and one byte more is too-large', () => {
  const payload = new Uint8Array(entryPayloadBytesMax).fill(5)
  const { bytes } = sealEntry(nodeCrypto, key, entryKinds.segments, payload)
  assert.equal(bytes.length, entryBytesMax)
  assert.equal(openEntry(nodeCrypto, bytes, [key]).payload.length, entryPayloadBytesMax)
  assert.throws(() => sealEntry(nodeCrypto, key, 1, new Uint8Array(entryPayloadBytesMax + 1)), { code: 'too-large' })
})

for (const [name, compression] of [
  ['Node', createNodeCompression()],
  ['the browser', createBrowserCompression()],
] as const) {
  test(`segments come back with their packed bytes in ${name}`, () => {
    const segments = [utf8('one '.repeat(50)), new Uint8Array(0), utf8('three')]
    const deflated = segments.map(compression.deflate)
    const payload = packSegments(deflated)
    assert.deepEqual(
      unpackSegments(compression, payload, 1_000),
      segments.map((bytes, at) => ({ deflated: deflated[at], bytes })),
    )
  })

  test(`segments that pack too well are sealed so that they open again in ${name}`, () => {
    const segment = new Uint8Array(mebibyte)
    const payload = packSegments([compression.deflate(segment)])
    const { bytes } = sealEntry(nodeCrypto, key, entryKinds.segments, payload, segment.length)
    assert.ok(bytes.length >= segment.length / unpackRatioMax && bytes.length < 6_000)
    const opened = openEntry(nodeCrypto, bytes, [key])
    assert.equal(unpackSegments(compression, opened.payload, bytes.length)[0]?.bytes.length, mebibyte)
    assert.throws(() => unpackSegments(compression, payload, payload.length), { code: 'too-large' })
  })

  test(`all segments of an entry together are bounded in ${name}`, () => {
    const half = compression.deflate(new Uint8Array(entryUnpackedBytesMax / 2))
    const unpack = (deflated: Uint8Array[]) => unpackSegments(compression, packSegments(deflated), entryBytesMax)
    assert.equal(unpack([half, half]).length, 2)
    assert.throws(() => unpack([half, half, compression.deflate(Uint8Array.of(1))]), { code: 'too-large' })
    // 10 GB as the largest entry can carry them: a thousand segments that each unpack to 10 MB.
    const bomb = deflateRawSync(new Uint8Array(10 * mebibyte))
    assert.throws(() => unpack(Array.from({ length: 90 }, () => bomb)), { code: 'too-large' })
  })
}

test('payloads that are no list of packed segments are typed errors', () => {
  const compression = createNodeCompression()
  for (const payload of [
    encodeCbor(1),
    encodeCbor([1]),
    encodeCbor(['a']),
    encodeCbor([[]]),
    encodeCbor([Uint8Array.of(7)]),
    utf8('x'),
  ]) {
    assert.throws(() => unpackSegments(compression, payload, 256), { code: 'bad-encoding' })
  }
  const many = packSegments(Array.from({ length: entrySegmentsMax + 1 }, () => Uint8Array.of(3, 0)))
  assert.throws(() => unpackSegments(compression, many, entryBytesMax), { code: 'too-large' })
})
