/** Canonical CBOR, texts of bytes, labels. */
import assert from 'node:assert/strict'
import {
  type CborValue,
  decodeCbor,
  encodeCbor,
  fromBase32,
  fromBase64Url,
  fromHex,
  labelled,
  toBase32,
  toBase64Url,
  toHex,
} from '../../packages/core/src/bytes/index.ts'
import { assertRefused, codeOf } from './refuse.ts'
import type { Json, Section } from './section.ts'

/** JSON has no bytes: {"bytes": hex}. Everything else is itself; numbers are exact in IEEE 754 double precision. */
type JsonValue = null | boolean | number | string | { readonly bytes: string } | readonly JsonValue[]

type Vectors = {
  readonly cbor: {
    readonly valid: readonly { readonly value: JsonValue; readonly bytes: string }[]
    readonly invalid: readonly { readonly why: string; readonly bytes: string; readonly code: string }[]
  }
  readonly base32hex: Texts
  readonly base64url: Texts
  readonly labelled: readonly { readonly label: string; readonly parts: readonly string[]; readonly bytes: string }[]
}

type Texts = {
  readonly valid: readonly { readonly bytes: string; readonly text: string }[]
  readonly invalid: readonly { readonly why: string; readonly text: string; readonly code: string }[]
}

export const bytes: Section = {
  name: 'bytes',
  make: () => ({
    cbor: {
      valid: cborValues.map((value) => ({ value: value as Json, bytes: toHex(encodeCbor(toCbor(value))) })),
      invalid: cborRefused.map(([hex, why]) => ({ why, bytes: hex, code: codeOf(() => decodeCbor(fromHex(hex))) })),
    },
    base32hex: makeTexts(toBase32, fromBase32, base32Refused),
    base64url: makeTexts(toBase64Url, fromBase64Url, base64Refused),
    labelled: [
      { label: 'kith/1 example', parts: [], bytes: toHex(labelled('kith/1 example')) },
      {
        label: 'kith/1 example',
        parts: ['01', '0203'],
        bytes: toHex(labelled('kith/1 example', fromHex('01'), fromHex('0203'))),
      },
    ],
  }),
  check(vectors: Vectors) {
    for (const { value, bytes } of vectors.cbor.valid) {
      assert.equal(toHex(encodeCbor(toCbor(value))), bytes)
      assert.deepEqual(decodeCbor(fromHex(bytes)), toCbor(value))
    }
    for (const { bytes, code, why } of vectors.cbor.invalid) assertRefused(() => decodeCbor(fromHex(bytes)), code, why)
    checkTexts(vectors.base32hex, toBase32, fromBase32)
    checkTexts(vectors.base64url, toBase64Url, fromBase64Url)
    for (const { label, parts, bytes } of vectors.labelled)
      assert.equal(toHex(labelled(label, ...parts.map(fromHex))), bytes)
  },
}

function toCbor(value: JsonValue): CborValue {
  if (Array.isArray(value)) return value.map(toCbor)
  if (typeof value === 'object' && value !== null && 'bytes' in value) return fromHex(value.bytes)
  return value as CborValue
}

function makeTexts(
  to: (bytes: Uint8Array) => string,
  from: (text: string) => Uint8Array,
  refused: readonly Refused[],
): Json {
  return {
    valid: byteStrings.map((hex) => ({ bytes: hex, text: to(fromHex(hex)) })),
    invalid: refused.map(([text, why]) => ({ why, text, code: codeOf(() => from(text)) })),
  }
}

function checkTexts(texts: Texts, to: (bytes: Uint8Array) => string, from: (text: string) => Uint8Array): void {
  for (const { bytes, text } of texts.valid) {
    assert.equal(to(fromHex(bytes)), text)
    assert.equal(toHex(from(text)), bytes)
  }
  for (const { text, code, why } of texts.invalid) assertRefused(() => from(text), code, why)
}

type Refused = readonly [input: string, why: string]

const byteStrings = [
  '',
  '00',
  'ff',
  '666f6f626172',
  '000102030405060708090a0b0c0d0e0f',
  'ffffffffffffffffffffffffffffffff',
]

const cborValues: readonly JsonValue[] = [
  0,
  23,
  24,
  255,
  256,
  65535,
  65536,
  4294967295,
  4294967296,
  9007199254740991,
  -1,
  -24,
  -25,
  -256,
  -257,
  -65536,
  -65537,
  -4294967296,
  -4294967297,
  -9007199254740991,
  0.5,
  -0.5,
  1.1,
  65503.5,
  65504.5,
  2 ** -24,
  3 * 2 ** -24,
  2 ** -25,
  2 ** -149,
  2 ** 53,
  3.4028234663852886e38,
  1e300,
  5e-324,
  null,
  true,
  false,
  '',
  'a',
  'ü',
  '水',
  '𐅑',
  '\u{feff}',
  'x'.repeat(24),
  'é'.repeat(12),
  { bytes: '' },
  { bytes: '00' },
  { bytes: '01'.repeat(24) },
  [],
  [[]],
  [1, [2, 3], ['a', { bytes: 'ff' }, null]],
  Array.from({ length: 24 }, () => 0),
  [[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]],
]

const cborRefused: readonly Refused[] = [
  ['', 'no bytes'],
  ['0000', 'bytes after the value'],
  ['1817', 'an integer that is not in its shortest form'],
  ['1900ff', 'an integer that is not in its shortest form'],
  ['1a0000ffff', 'an integer that is not in its shortest form'],
  ['1b00000000ffffffff', 'an integer that is not in its shortest form'],
  ['1b0020000000000000', 'an integer past 2^53 - 1'],
  ['3b001fffffffffffff', 'an integer past -2^53 + 1'],
  ['580100', 'a length that is not in its shortest form'],
  ['f93c00', 'a whole number as a float'],
  ['f98000', 'minus zero'],
  ['f97e00', 'NaN'],
  ['f97c00', 'infinity'],
  ['fa3fc00000', 'a float that is not in its shortest form'],
  ['fb3ff8000000000000', 'a float that is not in its shortest form'],
  ['f7', 'undefined'],
  ['f0', 'another simple value'],
  ['f814', 'false in two bytes'],
  ['a0', 'a map'],
  ['c000', 'a tag'],
  ['9fff', 'an array of indefinite length'],
  ['5f4100ff', 'bytes of indefinite length'],
  ['7f6161ff', 'a text of indefinite length'],
  ['ff', 'a break'],
  ['1c', 'a reserved argument'],
  ['8200', 'an array that is cut off'],
  ['4200', 'bytes that are cut off'],
  ['9bffffffffffffffff', 'an array longer than memory'],
  ['61ff', 'a text that is not UTF-8'],
  ['62c080', 'an overlong character'],
  ['63eda080', 'half a surrogate pair'],
  [`${'81'.repeat(16)}80`, 'seventeen levels'],
]

const base32Refused: readonly Refused[] = [
  ['0', 'a length that no bytes have'],
  ['CO', 'upper case'],
  ['co======', 'padding'],
  ['cp', 'set bits after the end'],
  ['cw', 'a character outside the alphabet'],
  ['c o', 'white space'],
]

const base64Refused: readonly Refused[] = [
  ['Z', 'a length that no bytes have'],
  ['Zg==', 'padding'],
  ['Zh', 'set bits after the end'],
  ['Zm+v', 'the other alphabet'],
  ['Zm9v\n', 'white space'],
]
