import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareBytes, equalBytes } from './compare.ts'
import { concatBytes } from './concat.ts'
import { KithError } from './error.ts'
import { fromBase32, fromBase64Url, fromHex, hashToKey, toBase32, toBase64Url, toHex } from './text.ts'
import { fromUtf8, labelled, utf8 } from './utf8.ts'

const forms = [
  { name: 'hexadecimal', to: toHex, from: fromHex },
  { name: 'base32hex', to: toBase32, from: fromBase32 },
  { name: 'base64url', to: toBase64Url, from: fromBase64Url },
]

for (const { name, to, from } of forms) {
  test(`${name} gives back the bytes`, () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.deepEqual(from(to(bytes)), bytes)))
  })
}

test('base32hex and base64url give the examples of RFC 4648 §10', () => {
  const base32 = ['', 'co', 'cpng', 'cpnmu', 'cpnmuog', 'cpnmuoj1', 'cpnmuoj1e8']
  const base64 = ['', 'Zg', 'Zm8', 'Zm9v', 'Zm9vYg', 'Zm9vYmE', 'Zm9vYmFy']
  for (let length = 0; length <= 6; length += 1) {
    const bytes = utf8('foobar').subarray(0, length)
    assert.equal(toBase32(bytes), base32[length])
    assert.equal(toBase64Url(bytes), base64[length])
  }
})

test('a text in base32hex or base64url that is accepted is the only one of its bytes', () => {
  const alphabets = fc.constantFrom('0189abuvwzAV=-_ +/é', '0123456789abcdefghijklmnopqrstuvABV_-')
  const texts = alphabets.chain((digits) => fc.string({ unit: fc.constantFrom(...digits.split('')), maxLength: 12 }))
  fc.assert(
    fc.property(texts, fc.constantFrom(forms[1]!, forms[2]!), (text, { to, from }) => {
      try {
        assert.equal(to(from(text)), text)
      } catch (error) {
        assert.ok(error instanceof KithError && error.code === 'bad-encoding', String(error))
      }
    }),
    { numRuns: 5_000 },
  )
  for (const text of ['0', '000', '01', 'CO', 'co======', 'cp ng', '000001'])
    assert.throws(() => fromBase32(text), KithError)
  for (const text of ['Z', 'Zh', 'Zg==', 'Zm+v', 'Zm/v', 'Zm 9v', 'Zm9v\n'])
    assert.throws(() => fromBase64Url(text), KithError)
  for (const text of ['0', 'zz', '0x00', ' 00']) assert.throws(() => fromHex(text), KithError)
})

test('sixteen bytes are 26 characters of base32hex, which sort as the bytes do', () => {
  const id = fc.uint8Array({ minLength: 16, maxLength: 16 })
  fc.assert(
    fc.property(id, id, (left, right) => {
      const [leftText, rightText] = [toBase32(left), toBase32(right)]
      assert.equal(leftText.length, 26)
      assert.equal(Math.sign(compareBytes(left, right)), leftText < rightText ? -1 : leftText > rightText ? 1 : 0)
    }),
  )
})

test('bytes compare as memcmp does, and a prefix comes first', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4 }), fc.uint8Array({ maxLength: 4 }), (left, right) => {
      assert.equal(Math.sign(compareBytes(left, right)), Buffer.compare(left, right))
      assert.equal(equalBytes(left, right), Buffer.compare(left, right) === 0)
      assert.deepEqual(Buffer.from(concatBytes(left, right)), Buffer.concat([left, right]))
    }),
  )
})

test('a text comes back from UTF-8 with its byte order mark, and half a surrogate pair is refused', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => assert.equal(fromUtf8(utf8(text)), text)))
  assert.equal(fromUtf8(utf8('\u{feff}a')), '\u{feff}a')
  assert.throws(() => utf8('\ud800'), { code: 'bad-value' })
  for (const hex of ['ff', 'c080', 'eda080', 'e6b0'])
    assert.throws(() => fromUtf8(fromHex(hex)), { code: 'bad-encoding' })
})

test('a label ends with a zero byte before the parts', () => {
  assert.equal(toHex(labelled('kith/1 a', Uint8Array.of(1), Uint8Array.of(2, 3))), '6b6974682f31206100010203')
  assert.equal(toHex(labelled('kith/1 a')), '6b6974682f31206100')
})

test('keys of hashes are alike and sorted as the bytes are', () => {
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 })
  // Neighbours as well: what is drawn at random differs in its first byte.
  const pairs = fc.tuple(bytes, fc.nat(31), fc.nat(255)).map(([one, at, value]) => [one, one.with(at, value)] as const)
  fc.assert(
    fc.property(fc.oneof(pairs, fc.tuple(bytes, bytes)), ([one, other]) => {
      const [left, right] = [hashToKey(one), hashToKey(other)]
      assert.equal(Math.sign(compareBytes(one, other)), left < right ? -1 : left > right ? 1 : 0)
    }),
  )
})
