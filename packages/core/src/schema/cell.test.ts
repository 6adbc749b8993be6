import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { generateKeyBetween } from 'fractional-indexing'
import { type CborValue, decodeCbor, encodeCbor, KithError, toBase32 } from '../bytes/index.ts'
import {
  add,
  type ColumnKind,
  canonicalJson,
  columnFlags,
  createColumnCodec,
  declaredTypes,
  elementsToSql,
  increment,
  isOrderKey,
  remove,
  sqlToApp,
} from './index.ts'

const codec = (type: string, flags = 0) =>
  createColumnCodec('tasks', { id: 'c', name: 'c', type, flags, default: undefined, target: '', onDelete: 'keep' })
const kinds = Object.keys(declaredTypes) as ColumnKind[]
const isKithError = (code: string) => (thrown: unknown) => thrown instanceof KithError && thrown.code === code

const id = toBase32(new Uint8Array(16).fill(9))
const address = toBase32(new Uint8Array(48).fill(9))
const orderKeys = fc.array(fc.nat(), { maxLength: 60 }).map((places) => {
  const keys = [generateKeyBetween(null, null)]
  for (const place of places) {
    const at = place % (keys.length + 1)
    keys.splice(at, 0, generateKeyBetween(keys[at - 1] ?? null, keys[at] ?? null))
  }
  return keys
})
const jsonValue = fc.jsonValue({ maxDepth: 5 })

/** Values that fit, and what they look like when they are read. */
const fitting: { [K in ColumnKind]?: fc.Arbitrary<[given: unknown, shown: unknown]> } = {
  text: fc.string({ unit: 'grapheme' }).map((value) => [value, value]),
  int: fc.maxSafeInteger().map((value) => [value, value]),
  real: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => [value, value + 0]),
  bool: fc.boolean().map((value) => [value, value]),
  time: fc.date({ noInvalidDate: true }).map((value) => [value, value]),
  json: jsonValue.map((value) => [value, JSON.parse(JSON.stringify(value))]),
  ref: fc.constant([id, id]),
  person: fc.constant([address, address]),
  counter: fc.integer().map((by) => [increment(by), by]),
  set: fc
    .uniqueArray(fc.oneof(fc.string(), fc.integer()))
    .map((elements) => [elements, JSON.parse(elementsToSql(elements))]),
  order: orderKeys.map((keys) => [keys[0], keys[0]]),
}

test('a value of every type goes to the wire, to SQL and back', () => {
  for (const [kind, values] of Object.entries(fitting) as [ColumnKind, fc.Arbitrary<[unknown, unknown]>][]) {
    const column = codec(kind)
    fc.assert(
      fc.property(values, ([given, shown]) => {
        const wire = column.toWire(given)
        assert.ok(column.isWire(wire), kind)
        const arrived = decodeCbor(encodeCbor(wire))
        assert.ok(column.isWire(arrived), kind)
        assert.deepEqual(sqlToApp(kind, column.toSql(arrived)), shown)
      }),
      { numRuns: 300 },
    )
  }
})

test('a value of another type is refused with table, column, what was expected and what came', () => {
  const wrong: [ColumnKind, unknown][] = [
    ...([
      ['text', 1],
      ['text', null],
      ['text', '\ud800'],
      ['int', 1.5],
      ['int', 2 ** 53],
      ['int', 1n],
      ['int', '1'],
    ] satisfies [ColumnKind, unknown][]),
    ...([
      ['real', Number.NaN],
      ['real', Infinity],
      ['bool', 1],
      ['time', 5],
      ['time', new Date(Number.NaN)],
    ] satisfies [ColumnKind, unknown][]),
    ...([
      ['json', () => 1],
      ['json', 1n],
      ['json', new Map()],
      ['json', [undefined]],
      ['json', new Date()],
    ] satisfies [ColumnKind, unknown][]),
    ...([
      ['ref', 'x'],
      ['ref', id.toUpperCase()],
      ['ref', address],
      ['person', id],
      ['person', `${address.slice(0, 76)}v`],
    ] satisfies [ColumnKind, unknown][]),
    ...([
      ['counter', 3],
      ['counter', increment(1.5)],
      ['counter', add('a')],
      ['set', 'a'],
      ['set', [1.5]],
      ['set', [null]],
    ] satisfies [ColumnKind, unknown][]),
    ...([
      ['set', remove('a')],
      ['order', ''],
      ['order', 'a'],
      ['order', 'a0 '],
      ['richText', 'text'],
    ] satisfies [ColumnKind, unknown][]),
  ]
  for (const [kind, value] of wrong) {
    assert.throws(
      () => codec(kind).toWire(value),
      (thrown) => {
        assert.ok(thrown instanceof KithError, `${kind} ${String(thrown)}`)
        assert.equal(thrown.code, 'bad-value')
        assert.match(thrown.message, /^"tasks\.c" must be .*, got /)
        assert.deepEqual(Object.keys(thrown.details), ['table', 'column', 'expected', 'got'])
        return true
      },
      `${kind} took ${typeof value}`,
    )
  }
})

test('a text of 100 MB is refused as too large, in any form', () => {
  const long = 'x'.repeat(100 * 1024 * 1024)
  assert.throws(() => codec('text').toWire(long), isKithError('too-large'))
  assert.throws(() => codec('json').toWire(long), isKithError('too-large'))
  assert.throws(() => codec('json').toWire({ a: long }), isKithError('too-large'))
  assert.equal(codec('text').isWire(long), false)
  assert.equal(codec('text').isWire('€'.repeat(200_000)), false)
})

test('null stands only in optional columns', () => {
  for (const kind of Object.keys(fitting)) {
    // JSON has a null of its own.
    if (kind === 'json') assert.equal(codec(kind).toWire(null), 'null')
    else assert.throws(() => codec(kind).toWire(null), isKithError('bad-value'), kind)
    assert.equal(codec(kind).isWire(null), false, kind)
    assert.equal(codec(kind, columnFlags.optional).toWire(undefined), null)
    assert.equal(codec(kind, columnFlags.optional).isWire(null), true)
    assert.equal(codec(kind, columnFlags.optional).toSql(null), null)
  }
})

test('a hostile wire value is recognised in every column', () => {
  const hostile: CborValue[] = [
    -1.5,
    'text',
    '{"b":1,"a":2}',
    '\ud800',
    new Uint8Array(3),
    [[[]]],
    true,
    2 ** 53,
    [['a'], 'b'],
    [1.5],
  ]
  const taken: Record<string, CborValue[]> = { text: ['text', '{"b":1,"a":2}'], real: [-1.5, 2 ** 53], bool: [true] }
  for (const kind of kinds) {
    for (const wire of hostile) {
      const expected = taken[kind]?.includes(wire) ?? false
      assert.equal(codec(kind).isWire(wire), expected, `${kind} ${JSON.stringify(wire)}`)
    }
  }
  assert.equal(codec('ref').isWire(3), true)
  assert.equal(codec('ref').isWire(-1), false)
  assert.equal(codec('time').isWire(8.64e15 + 1), false)
})

test('an update of a set names what it adds, and which additions it removes', () => {
  const column = codec('set')
  assert.deepEqual(column.toSetChange([add('a', 'b'), remove('b', 'c')]), { added: ['a'], removed: ['b', 'c'] })
  assert.deepEqual(column.toSetChange([remove('a'), add('a')]), { added: ['a'], removed: [] })
  assert.throws(() => column.toSetChange(['a']), isKithError('bad-value'))
  assert.equal(column.isUpdateWire([['a'], [['b', [new Uint8Array(16)]]]]), true)
  for (const wire of [
    ['a'],
    [['a']],
    [['a'], [['b', [new Uint8Array(15)]]]],
    [['a'], [['b']]],
    [['a'], [[null, []]]],
  ]) {
    assert.equal(column.isUpdateWire(wire), false, JSON.stringify(wire))
  }
})

test('a type from a newer version is carried and not stored', () => {
  const column = codec('hologram')
  assert.equal(column.kind, undefined)
  assert.equal(column.isWire(['anything']), true)
  assert.equal(column.toSql(['anything']), null)
  assert.throws(() => column.toWire('a'), isKithError('bad-value'))
  // Names of Object.prototype are no types either.
  assert.equal(codec('constructor').kind, undefined)
})

test('equal JSON values are equal texts, whatever the order of their keys', () => {
  assert.equal(canonicalJson({ b: [1, -0, null], a: { d: undefined, c: 'x' } }), '{"a":{"c":"x"},"b":[1,0,null]}')
  fc.assert(
    fc.property(fc.dictionary(fc.string(), jsonValue), (value) => {
      const turned = Object.fromEntries(Object.entries(value).reverse())
      assert.equal(canonicalJson(turned), canonicalJson(value))
    }),
  )
  let deep: unknown = 1
  for (let depth = 0; depth < 100; depth += 1) deep = [deep]
  assert.equal(canonicalJson(deep), undefined)
  assert.equal(codec('json').isWire('['.repeat(100_000)), false)
  const own: unknown = JSON.parse('{"__proto__":{"a":1}}')
  assert.equal(canonicalJson(own), '{"__proto__":{"a":1}}')
})

test('an order key is one that the next key can be made from', () => {
  fc.assert(
    fc.property(orderKeys, (keys) => {
      assert.ok(keys.every(isOrderKey))
    }),
  )
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('A', 'Z', 'a', 'z', '0', '1', '9', 'b') }), (key) => {
      if (isOrderKey(key)) generateKeyBetween(key, null)
    }),
    { numRuns: 3000 },
  )
})
