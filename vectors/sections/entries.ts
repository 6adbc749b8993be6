/** Sealed entries and boxes of suite 1. */
import assert from 'node:assert/strict'
import { concatBytes, fromHex, toHex, utf8 } from '../../packages/core/src/bytes/index.ts'
import { type EntryKey, openEntry, sealEntry } from '../../packages/core/src/change/entry.ts'
import { packSegments, unpackSegments } from '../../packages/core/src/change/entry-segments.ts'
import { openBox, sealBoxes } from '../../packages/core/src/crypto/seal/index.ts'
import type { Crypto } from '../../packages/core/src/ports/index.ts'
import { assertRefused, codeOf } from './refuse.ts'
import type { Json, Section, VectorTools } from './section.ts'

type Vectors = {
  readonly entries: {
    readonly valid: readonly (Sealed & { readonly id: string; readonly entry: string })[]
    readonly invalid: readonly {
      readonly why: string
      readonly keys: readonly { readonly baseKey: string; readonly associated: string }[]
      readonly entry: string
      readonly code: string
    }[]
  }
  readonly payloads: {
    readonly valid: readonly {
      readonly payload: string
      readonly entryBytes: number
      readonly segments: readonly string[]
    }[]
    readonly invalid: readonly {
      readonly why: string
      readonly payload: string
      readonly entryBytes: number
      readonly code: string
    }[]
  }
  readonly boxes: {
    readonly valid: readonly Boxed[]
    readonly invalid: readonly (Omit<Boxed, 'secret'> & { readonly why: string; readonly code: string })[]
  }
}

type Sealed = {
  readonly baseKey: string
  readonly associated: string
  readonly kind: number
  readonly payload: string
  readonly unpackedBytes: number
}

type Boxed = {
  readonly context: string
  readonly ephemeral: string
  readonly index: number
  readonly secretKey: string
  readonly box: string
  readonly secret: string
}

const key = { baseKey: '11'.repeat(32), associated: '22'.repeat(32) }
const otherKey = { baseKey: '33'.repeat(32), associated: '22'.repeat(32) }

export const entries: Section = {
  name: 'entries',
  make: ({ crypto }) => ({ entries: makeEntries(crypto), payloads: makePayloads(), boxes: makeBoxes(crypto) }),
  check(vectors: Vectors, tools) {
    checkEntries(vectors, tools.crypto)
    checkPayloads(vectors, tools)
    checkBoxes(vectors, tools.crypto)
  },
}

const sealedCases: readonly Sealed[] = [
  { ...key, kind: 1, payload: '', unpackedBytes: 0 },
  { ...key, kind: 1, payload: toHex(utf8('hello')), unpackedBytes: 0 },
  { ...key, kind: 2, payload: toHex(utf8('hello')), unpackedBytes: 0 },
  { ...key, associated: '', kind: 255, payload: toHex(utf8('hello')), unpackedBytes: 0 },
  { ...otherKey, kind: 1, payload: '07'.repeat(300), unpackedBytes: 0 },
  // 100,000 / 200 = 500 bytes, which Padmé makes 512.
  { ...key, kind: 1, payload: '00', unpackedBytes: 100_000 },
]

function makeEntries(crypto: Crypto): Json {
  const { bytes } = sealEntry(crypto, toKey(key), 1, utf8('hello'))
  const flip = (at: number): Uint8Array => bytes.with(at, bytes[at]! ^ 1)
  const sealPlain = (plain: Uint8Array): Uint8Array => {
    const careless: Crypto = {
      ...crypto,
      aeadSeal: (k, nonce, _, associated) => crypto.aeadSeal(k, nonce, plain, associated),
    }
    return sealEntry(careless, toKey(key), 1, new Uint8Array(0)).bytes
  }
  const refused: readonly (readonly [why: string, entry: Uint8Array, ...keys: (typeof key)[]])[] = [
    ['another version', flip(0), key],
    ['another suite', flip(1), key],
    ['another kind', flip(2), key],
    ['an altered salt', flip(3), key],
    ['an altered commitment', flip(35), key],
    ['an altered ciphertext', flip(67), key],
    ['an altered tag', flip(255), key],
    ['another base key', bytes, otherKey],
    ['another epoch', bytes, { ...key, associated: '44'.repeat(32) }],
    ['no key', bytes],
    ['cut off in the ciphertext', bytes.subarray(0, 200), key],
    ['too short for an entry', bytes.subarray(0, 86), key],
    ['a byte behind', concatBytes(bytes, Uint8Array.of(0)), key],
    ['a length past the end', sealPlain(fromHex('0000000207')), key],
    ['padding that is not zero', sealPlain(fromHex('0000000007')), key],
  ]
  return {
    valid: sealedCases.map((one) => {
      const sealed = sealEntry(crypto, toKey(one), one.kind, fromHex(one.payload), one.unpackedBytes)
      return { ...one, id: toHex(sealed.id), entry: toHex(sealed.bytes) }
    }),
    invalid: refused.map(([why, entry, ...keys]) => ({
      why,
      keys,
      entry: toHex(entry),
      code: codeOf(() => openEntry(crypto, entry, keys.map(toKey))),
    })),
  }
}

function checkEntries({ entries: { valid, invalid } }: Vectors, crypto: Crypto): void {
  for (const one of valid) {
    const sealed = sealEntry(crypto, toKey(one), one.kind, fromHex(one.payload), one.unpackedBytes)
    assert.deepEqual([toHex(sealed.bytes), toHex(sealed.id)], [one.entry, one.id])
    const opened = openEntry(crypto, fromHex(one.entry), [toKey(otherKey), toKey(key), toKey(one)])
    assert.deepEqual([opened.kind, toHex(opened.payload)], [one.kind, one.payload])
  }
  for (const { why, keys, entry, code } of invalid) {
    assertRefused(() => openEntry(crypto, fromHex(entry), keys.map(toKey)), code, why)
  }
}

/** Raw DEFLATE of "hello" in a stored and in a fixed block: fixed bytes, for packers differ. */
const deflated = ['010500faff68656c6c6f', 'cb48cdc9c90700'].map(fromHex)

function makePayloads(): Json {
  const hello = toHex(utf8('hello'))
  return {
    valid: [
      { payload: toHex(packSegments([])), entryBytes: 256, segments: [] },
      { payload: toHex(packSegments(deflated)), entryBytes: 256, segments: [hello, hello] },
    ],
    invalid: [
      { why: 'no list', payload: '00', entryBytes: 256, code: 'bad-encoding' },
      { why: 'a list of something else', payload: '8100', entryBytes: 256, code: 'bad-encoding' },
      { why: 'a cut-off stream', payload: '8143cb48cd', entryBytes: 256, code: 'bad-encoding' },
      { why: 'an empty stream', payload: '8140', entryBytes: 256, code: 'bad-encoding' },
      {
        why: 'more than 200 times its entry',
        payload: toHex(packSegments([zeros])),
        entryBytes: 256,
        code: 'too-large',
      },
    ],
  }
}

/** 200 × 256 zeros and one more: literal zero, 198 matches of 258 at distance 1, and 116 zeros, in one fixed block. */
const zeros = makeZeros(200 * 256 + 1)

function makeZeros(count: number): Uint8Array {
  const bits: number[] = [1, 1, 0]
  const push = (value: number, width: number): void => {
    for (let at = width - 1; at >= 0; at -= 1) bits.push((value >> at) & 1)
  }
  const matches = Math.floor((count - 1) / 258)
  push(0x30, 8)
  for (let match = 0; match < matches; match += 1) {
    push(0xc5, 8)
    push(0, 5)
  }
  for (let rest = count - 1 - matches * 258; rest > 0; rest -= 1) push(0x30, 8)
  push(0, 7)
  const bytes = new Uint8Array(Math.ceil(bits.length / 8))
  bits.forEach((bit, at) => {
    bytes[at >> 3]! |= bit << (at & 7)
  })
  return bytes
}

function checkPayloads({ payloads: { valid, invalid } }: Vectors, { compression }: VectorTools): void {
  for (const { payload, entryBytes, segments } of valid) {
    const unpacked = unpackSegments(compression, fromHex(payload), entryBytes)
    assert.deepEqual(
      unpacked.map((segment) => toHex(segment.bytes)),
      segments,
    )
  }
  for (const { why, payload, entryBytes, code } of invalid) {
    assertRefused(() => unpackSegments(compression, fromHex(payload), entryBytes), code, why)
  }
}

function makeBoxes(crypto: Crypto): Json {
  const context = '5a'.repeat(32)
  const recipients = [1, 2].map((fill) => {
    const secretKey = new Uint8Array(32).fill(fill)
    return { secretKey, publicKey: crypto.x25519PublicKey(secretKey), secret: new Uint8Array(32).fill(fill + 0x70) }
  })
  const sealed = sealBoxes(crypto, fromHex(context), recipients)
  const ephemeral = toHex(sealed.ephemeral)
  const valid = recipients.map(({ secretKey, secret }, index) => ({
    context,
    ephemeral,
    index,
    secretKey: toHex(secretKey),
    box: toHex(sealed.boxes[index]!),
    secret: toHex(secret),
  }))
  const [first, second] = valid as [Boxed, Boxed]
  const invalid = [
    { ...first, why: 'another recipient', secretKey: second.secretKey, code: 'cannot-open' },
    { ...first, why: 'another place', index: 1, code: 'cannot-open' },
    { ...first, why: 'another context', context: '00', code: 'cannot-open' },
    { ...first, why: 'an ephemeral key of low order', ephemeral: '00'.repeat(32), code: 'bad-key' },
    { ...first, why: 'an ephemeral key that is not canonical', ephemeral: `${'ff'.repeat(31)}7f`, code: 'bad-key' },
    { ...first, why: 'a box that is cut off', box: first.box.slice(2), code: 'bad-encoding' },
  ]
  return { valid, invalid: invalid.map(({ secret: _, ...one }) => one) }
}

function checkBoxes({ boxes: { valid, invalid } }: Vectors, crypto: Crypto): void {
  const open = (one: Omit<Boxed, 'secret'>): Uint8Array =>
    openBox(
      crypto,
      fromHex(one.context),
      { ephemeral: fromHex(one.ephemeral), box: fromHex(one.box), index: one.index },
      fromHex(one.secretKey),
    )
  for (const one of valid) assert.equal(toHex(open(one)), one.secret)
  for (const one of invalid) assertRefused(() => open(one), one.code, one.why)
}

function toKey({ baseKey, associated }: { baseKey: string; associated: string }): EntryKey {
  return { baseKey: fromHex(baseKey), associated: fromHex(associated) }
}
