import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encode } from 'cborg'
import fc from 'fast-check'
import { type CborValue, cborDepthMax } from './cbor.ts'
import { decodeCbor, decodeCborPrefix } from './decode-cbor.ts'
import { encodeCbor } from './encode-cbor.ts'
import { KithError } from './error.ts'
import { halfToNumber, singleToHalf } from './half.ts'
import { fromHex, toHex } from './text.ts'

// RFC 8949 appendix A, as far as Kith uses it.
const valid: readonly (readonly [string, CborValue])[] = [
  ['00', 0],
  ['01', 1],
  ['0a', 10],
  ['17', 23],
  ['1818', 24],
  ['1819', 25],
  ['1864', 100],
  ['1903e8', 1000],
  ['1a000f4240', 1000000],
  ['1b000000e8d4a51000', 1000000000000],
  ['20', -1],
  ['29', -10],
  ['3863', -100],
  ['3903e7', -1000],
  ['fb3ff199999999999a', 1.1],
  ['f93e00', 1.5],
  ['fa7f7fffff', 3.4028234663852886e38],
  ['fb7e37e43c8800759c', 1.0e300],
  ['f90001', 5.960464477539063e-8],
  ['f90400', 0.00006103515625],
  ['fbc010666666666666', -4.1],
  ['f4', false],
  ['f5', true],
  ['f6', null],
  ['40', new Uint8Array(0)],
  ['4401020304', Uint8Array.of(1, 2, 3, 4)],
  ['60', ''],
  ['6161', 'a'],
  ['6449455446', 'IETF'],
  ['62225c', '"\\'],
  ['62c3bc', 'ü'],
  ['63e6b0b4', '水'],
  ['64f0908591', '𐅑'],
  ['80', []],
  ['83010203', [1, 2, 3]],
  ['8301820203820405', [1, [2, 3], [4, 5]]],
  ['98190102030405060708090a0b0c0d0e0f101112131415161718181819', Array.from({ length: 25 }, (_, at) => at + 1)],
  // Not in the appendix: the ends of the safe range, and what a lenient decoder loses.
  ['1b001fffffffffffff', Number.MAX_SAFE_INTEGER],
  ['3b001ffffffffffffe', Number.MIN_SAFE_INTEGER],
  ['fa5a000000', 2 ** 53],
  ['63efbbbf', '\u{feff}'],
  ['6100', '\0'],
]

const invalid: readonly (readonly [string, string])[] = [
  // RFC 8949 appendix A, what Kith does not use.
  ['1bffffffffffffffff', 'an integer past the safe range'],
  ['c249010000000000000000', 'a bignum'],
  ['3bffffffffffffffff', 'a negative integer past the safe range'],
  ['f90000', '0.0 as a float'],
  ['f98000', '-0.0'],
  ['f93c00', '1.0 as a float'],
  ['f97bff', '65504.0 as a float'],
  ['fa47c35000', '100000.0 as a float'],
  ['f9c400', '-4.0 as a float'],
  ['f97c00', 'Infinity'],
  ['f97e00', 'NaN'],
  ['f9fc00', '-Infinity'],
  ['fa7f800000', 'Infinity in single precision'],
  ['fa7fc00000', 'NaN in single precision'],
  ['fb7ff0000000000000', 'Infinity in double precision'],
  ['fb7ff8000000000000', 'NaN in double precision'],
  ['f7', 'undefined'],
  ['f0', 'simple(16)'],
  ['f8ff', 'simple(255)'],
  ['c074323031332d30332d32315432303a30343a30305a', 'a tag'],
  ['d818456449455446', 'a tag of two bytes'],
  ['a0', 'an empty map'],
  ['a201020304', 'a map'],
  ['826161a161626163', 'a map inside'],
  ['5f42010243030405ff', 'bytes of indefinite length'],
  ['7f657374726561646d696e67ff', 'a text of indefinite length'],
  ['9fff', 'an array of indefinite length'],
  ['bf61610161629f0203ffff', 'a map of indefinite length'],
  // RFC 8949 appendix F and §4.2.1: not well-formed, or not deterministic.
  ['', 'nothing'],
  ['18', 'a cut-off argument'],
  ['1900', 'a cut-off argument'],
  ['1a010203', 'a cut-off argument'],
  ['1b01020304050607', 'a cut-off argument'],
  ['41', 'cut-off bytes'],
  ['61', 'a cut-off text'],
  ['5affffffff00', 'bytes longer than the rest'],
  ['7b7fffffffffffffff010203', 'a text longer than memory'],
  ['81', 'a cut-off array'],
  ['9a0100000000', 'an array longer than the rest'],
  ['9bffffffffffffffff', 'an array longer than memory'],
  ['8200', 'a cut-off array'],
  ['f8', 'a cut-off simple value'],
  ['f900', 'a cut-off float'],
  ['1c', 'a reserved length'],
  ['3d', 'a reserved length'],
  ['5e', 'a reserved length'],
  ['9c', 'a reserved length'],
  ['fc', 'a reserved simple value'],
  ['ff', 'a break alone'],
  ['81ff', 'a break in an array'],
  ['1f', 'an integer of indefinite length'],
  ['f814', 'false in two bytes'],
  ['1817', '23 in two bytes'],
  ['1900ff', '255 in three bytes'],
  ['1a0000ffff', '65535 in five bytes'],
  ['1b00000000ffffffff', '2^32 − 1 in nine bytes'],
  ['3817', '−24 in two bytes'],
  ['580100', 'a length that is too long'],
  ['780161', 'a length that is too long'],
  ['980100', 'a length that is too long'],
  ['1b0020000000000000', '2^53'],
  ['3b001fffffffffffff', '−2^53'],
  ['fa3fc00000', '1.5 in single precision'],
  ['fa33800000', 'the smallest half but in single precision'],
  ['fb3ff8000000000000', '1.5 in double precision'],
  ['fb3ff8000020000000', 'a single in double precision'],
  ['fb47efffffe0000000', 'the largest single in double precision'],
  ['0000', 'bytes that follow'],
  ['8001', 'bytes that follow an array'],
  ['61ff', 'no UTF-8'],
  ['62c080', 'overlong UTF-8'],
  ['63eda080', 'half a surrogate pair'],
  ['64f4908080', 'a code point past U+10FFFF'],
  [`78196161616161616161616161616161616161616161616161${'ff'.padStart(4, '61')}`, 'no UTF-8 in a long text'],
]

test('the examples of RFC 8949 appendix A decode and encode to each other', () => {
  for (const [hex, value] of valid) {
    assert.deepEqual(decodeCbor(fromHex(hex)), value, hex)
    assert.equal(toHex(encodeCbor(value)), hex)
  }
})

test('what is not canonical is refused with bad-encoding', () => {
  for (const [hex, why] of invalid)
    assert.throws(() => decodeCbor(fromHex(hex)), isCode('bad-encoding'), `${why}: ${hex}`)
})

test('sixteen levels are read and the seventeenth is refused, however many follow', () => {
  const nested = (levels: number): Uint8Array => fromHex(`${'81'.repeat(levels - 1)}80`)
  assert.ok(Array.isArray(decodeCbor(nested(cborDepthMax))))
  assert.throws(() => decodeCbor(nested(cborDepthMax + 1)), isCode('bad-encoding'))
  assert.throws(() => decodeCbor(nested(1_000_000)), isCode('bad-encoding'))
  const deep = (levels: number): CborValue => (levels === 0 ? [] : [deep(levels - 1)])
  assert.deepEqual(encodeCbor(deep(cborDepthMax - 1)), nested(cborDepthMax))
  assert.throws(() => encodeCbor(deep(cborDepthMax)), isCode('bad-value'))
})

test('a value that has no encoding is refused where it is written', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, '\ud800', 'a\udc00b']) {
    assert.throws(() => encodeCbor([1, [value]]), isCode('bad-value'))
  }
  for (const value of [undefined, {}, new Map(), 1n, () => 0, Symbol('a'), [undefined]]) {
    assert.throws(() => encodeCbor([value as unknown as CborValue]), /Kith defect/)
  }
})

test('minus zero is written as zero', () => {
  assert.equal(toHex(encodeCbor([-0])), '8100')
})

test('decoded bytes are plain and are views into what was decoded', () => {
  const buffer = Buffer.from('8342010243030405f6', 'hex')
  const [first] = decodeCbor(buffer) as [Uint8Array]
  assert.equal(first.constructor, Uint8Array)
  buffer[2] = 9
  assert.deepEqual(first, Uint8Array.of(9, 2))
})

test('a prefix says how long it was', () => {
  assert.deepEqual(decodeCborPrefix(fromHex('8201020304')), { value: [1, 2], length: 3 })
})

const scalar = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  // Half precision, where an encoder and a decoder most easily disagree.
  fc.integer({ min: -65504, max: 65504 }).map((value) => value / 1024),
  fc.integer({ min: 0, max: 2048 }).map((value) => value * 2 ** -24),
  fc.string({ unit: 'binary' }),
  fc.uint8Array(),
)
const { value: anyValue } = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof({ maxDepth: 6 }, scalar, fc.array(tie('value'))),
}))

test('every value comes back from its bytes', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const bytes = encodeCbor(value)
      assert.deepEqual(decodeCbor(bytes), withoutMinusZero(value))
    }),
  )
})

test('cborg writes the same bytes, but for the small halves that it writes too wide', () => {
  const isSmallHalf = (value: CborValue): boolean =>
    Array.isArray(value)
      ? value.some(isSmallHalf)
      : typeof value === 'number' && Math.abs(value) < 2 ** -14 && value !== 0
  fc.assert(
    fc.property(
      anyValue.filter((value) => !isSmallHalf(value)),
      (value) => assert.deepEqual(encodeCbor(value), Uint8Array.from(encode(value))),
    ),
  )
})

test('half precision keeps every number that it has, and no other single is taken for one', () => {
  const single = new DataView(new ArrayBuffer(4))
  for (let bits = 0; bits < 0x1_0000; bits += 1) {
    const value = halfToNumber(bits)
    single.setFloat32(0, value)
    if (Number.isFinite(value) && value !== 0) assert.equal(singleToHalf(single.getUint32(0)), bits)
  }
  const exact = (bits: number): void => {
    single.setUint32(0, bits)
    const value = single.getFloat32(0)
    const half = singleToHalf(bits)
    if (Number.isFinite(value) && half !== undefined) assert.equal(halfToNumber(half), value)
  }
  fc.assert(fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), exact), { numRuns: 10_000 })
})

test('texts of every length and width come back, and a buffer that grew is used on', () => {
  for (const character of ['a', 'é', '水', '𐅑']) {
    for (const count of [23, 24, 47, 48, 49, 85, 86, 127, 255, 256, 21_845, 65_535, 65_536]) {
      const value = ['before', character.repeat(count), 'after', 1]
      assert.deepEqual(decodeCbor(encodeCbor(value)), value)
    }
  }
  const large = [new Uint8Array(5_000_000).fill(3), 'x'.repeat(3_000_000)]
  assert.deepEqual(decodeCbor(encodeCbor(large)), large)
  assert.deepEqual(encodeCbor([1]), fromHex('8101'))
})

test('bytes that are accepted are the bytes that would be written', () => {
  const near = fc.tuple(anyValue, fc.nat(), fc.nat({ max: 255 })).map(([value, at, byte]) => {
    const bytes = encodeCbor(value)
    bytes[at % bytes.length] = byte
    return bytes
  })
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 12 }), near), (bytes) => {
      let value: CborValue
      try {
        value = decodeCbor(bytes)
      } catch (error) {
        assert.ok(isCode('bad-encoding')(error))
        return
      }
      assert.deepEqual(encodeCbor(value), bytes)
    }),
    { numRuns: 5_000 },
  )
})

function withoutMinusZero(value: CborValue): CborValue {
  if (Array.isArray(value)) return value.map(withoutMinusZero)
  return value === 0 ? 0 : value
}

function isCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof KithError && error.code === code
}
