import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as Y from 'yjs'
import { KithError } from '../../bytes/index.ts'
import { textOpBytesMax } from '../../limits/index.ts'
import { encodeDeletes } from './bytes.ts'
import { inspectTextOp, splitUpdate, type TextOp } from './index.ts'
import { createRandom, showing, tellStory } from './people.fixture.ts'
import { createReplica, nodeTrialCrypto } from './text.fixture.ts'

const none = new Uint8Array(0)
const salt = new Uint8Array(16)

function isBad(error: unknown): boolean {
  return error instanceof KithError && error.code === 'bad-encoding'
}

/** An update of everything that Yjs can hold. */
function makeUpdate(edit: (doc: Y.Doc) => void): Uint8Array {
  const doc = new Y.Doc()
  doc.clientID = 2 ** 53 - 1
  doc.transact(() => edit(doc))
  return Y.encodeStateAsUpdate(doc)
}

const everyKind = makeUpdate((doc) => {
  doc.getText('text').insert(0, 'Ä 茶 🍎 text', { bold: true, link: { href: 'x' } })
  doc.getText('text').insertEmbed(3, { image: 'a' })
  doc.getText('text').delete(1, 2)
  doc.getMap('meta').set('bytes', new Uint8Array([1, 2, 3]))
  doc.getMap('meta').set('any', { list: [1, -1, 2 ** 40, 1.5, 1e300, true, false, null, undefined, 'x'], big: 12n })
  doc.getMap('meta').set('inner', new Y.Map([['key', new Y.Array()]]))
  const paragraph = new Y.XmlElement('p')
  paragraph.setAttribute('level', '1')
  doc.getXmlFragment('page').insert(0, [paragraph, new Y.XmlText('words')])
  paragraph.insert(0, [new Y.XmlText('inner')])
  doc.getXmlFragment('page').delete(1, 1)
  doc.getArray<unknown>('list').insert(0, [new Y.XmlHook('hook'), 'a', 1])
})

test('an op tells its client and clocks, whatever kinds of content it holds', () => {
  const { structs, deletes } = splitUpdate(everyKind)
  const { insert, deletes: ranges } = inspectTextOp({ salt, structs, deletes })
  const state = Y.parseUpdateMeta(everyKind)
  assert.deepEqual(insert, { client: 2 ** 53 - 1, start: 0, end: state.to.get(2 ** 53 - 1) })
  assert.ok(ranges.length > 0)
})

test('the two parts of an update do what it did', () => {
  const { structs, deletes } = splitUpdate(everyKind)
  const [whole, parts] = [new Y.Doc(), new Y.Doc()]
  Y.applyUpdate(whole, everyKind)
  Y.applyUpdate(parts, structs)
  Y.applyUpdate(parts, deletes)
  assert.deepEqual(Y.encodeStateAsUpdate(parts), Y.encodeStateAsUpdate(whole))
  assert.deepEqual(splitUpdate(Uint8Array.of(0, 0)), { structs: none, deletes: none })
})

test('structs of two clients, gaps, sub-documents and deletes in the wrong place are refused', () => {
  const two = new Y.Doc()
  for (const client of [1, 2]) Y.applyUpdate(two, update(client, 'a'))
  assert.throws(() => splitUpdate(Y.encodeStateAsUpdate(two)), isBad)
  const withGap = Y.mergeUpdates([update(1, 'ab'), Y.diffUpdate(update(1, 'abcdef'), Uint8Array.of(1, 1, 4))])
  assert.throws(() => splitUpdate(withGap), isBad)
  assert.throws(() => splitUpdate(makeUpdate((doc) => doc.getMap('meta').set('doc', new Y.Doc()))), isBad)
  assert.throws(() => inspectTextOp({ salt, structs: everyKind, deletes: none }), isBad)
  assert.throws(() => inspectTextOp({ salt: null, structs: none, deletes: update(1, 'a') }), isBad)
})

test('a salt stands in the op that begins a session and nowhere else', () => {
  const first = splitUpdate(update(1, 'ab')).structs
  const later = splitUpdate(Y.diffUpdate(update(1, 'abcd'), Uint8Array.of(1, 1, 2))).structs
  const deletes = encodeDeletes([{ client: 1, start: 0, end: 1 }])
  assert.deepEqual(inspectTextOp({ salt, structs: first, deletes }).insert, { client: 1, start: 0, end: 2 })
  assert.deepEqual(inspectTextOp({ salt: null, structs: later, deletes: none }).insert, { client: 1, start: 2, end: 4 })
  assert.equal(inspectTextOp({ salt: null, structs: none, deletes }).insert, undefined)
  for (const op of [
    { salt: null, structs: first, deletes },
    { salt, structs: later, deletes },
    { salt, structs: none, deletes },
    { salt: new Uint8Array(15), structs: first, deletes },
    { salt: null, structs: none, deletes: none },
    { salt, structs: first, deletes: new Uint8Array(textOpBytesMax) },
  ])
    assert.throws(() => inspectTextOp(op), isBad)
})

test('numbers that promise more than the bytes hold cost nothing', () => {
  const huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]
  const before = performance.now()
  for (const bytes of [
    [1, ...huge, 1, 0],
    [1, 1, 1, 0, 0x04, 1, 1, 0x61, ...huge],
    [1, 1, 1, 0, 0x08, 1, 1, 0x61, ...huge],
    [1, 1, 1, 0, 0x08, 1, 1, 0x61, 1, 117, ...huge],
    [1, 1, 1, 0, 0x01, 1, 1, 0x61, ...huge, 0],
  ])
    assert.throws(() => inspectTextOp({ salt, structs: Uint8Array.from(bytes), deletes: none }), isBad)
  assert.throws(() => inspectTextOp({ salt: null, structs: none, deletes: Uint8Array.from([0, ...huge]) }), isBad)
  assert.ok(performance.now() - before < 100)
})

test('deep nesting is refused before anything recurses into it', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  const nested = makeUpdate((doc) =>
    doc.getMap('meta').set(
      'x',
      Array.from({ length: 40 }).reduce<unknown>((inner) => [inner], 1),
    ),
  )
  assert.throws(() => splitUpdate(nested), isBad)
  const embed = makeUpdate((doc) => doc.getText('text').insertEmbed(0, { text: 'EMBED' }))
  const at = Buffer.from(embed).indexOf('{"text":"EMBED"}')
  const length = Buffer.from([(deep.length & 127) | 128, ((deep.length >> 7) & 127) | 128, deep.length >> 14])
  const forged = Buffer.concat([embed.subarray(0, at - 1), length, Buffer.from(deep), embed.subarray(at + 16)])
  assert.throws(() => splitUpdate(forged), isBad)
})

test('bytes of any kind are an op or a typed refusal, and what passes never harms a text', () => {
  const stories = [1, 2, 3].map((seed) => {
    return tellStory(nodeTrialCrypto, createRandom(seed), {
      deletes: true,
      rich: true,
      values: true,
      fork: false,
      hostile: false,
    })
  })
  const sources = [
    everyKind,
    ...stories.flatMap(({ ops }) => ops.map(({ structs }) => structs)).filter(({ length }) => length > 0),
  ]
  let passed = 0
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 4 }), (seed, changes) => {
      const random = createRandom(seed)
      const source = sources[random(sources.length)]!
      const bytes = mutate(random, source === everyKind ? splitUpdate(everyKind).structs : source, changes)
      const op = { salt: random(2) === 0 ? salt : null, structs: bytes, deletes: none }
      try {
        inspectTextOp(op)
      } catch (error) {
        if (!isBad(error)) throw error
        return
      }
      passed += 1
      // Yjs reads what the inspection lets through, and counts it alike.
      const { insert } = inspectTextOp(op)
      const structs = Y.decodeUpdate(bytes).structs as Y.Item[]
      assert.equal(
        structs.reduce((clock, struct) => clock + struct.length, insert!.start),
        insert!.end,
      )
    }),
    { numRuns: 20_000 },
  )
  assert.ok(passed > 500, 'enough of them pass to mean something')
})

test('ops whose bytes were changed on the way never harm a text', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = createRandom(seed)
      const habits = { deletes: true, rich: true, values: true, fork: false, hostile: true }
      const { ops } = tellStory(nodeTrialCrypto, random, habits, 25)
      const damaged = ops.map((op): TextOp => {
        if (random(3) > 0) return op
        const structs = op.structs.length > 0 && random(2) === 0 ? mutate(random, op.structs, 1) : op.structs
        const deletes = op.deletes.length > 0 ? mutate(random, op.deletes, 1) : op.deletes
        return { ...op, structs, deletes }
      })
      const [one, other] = [createReplica(nodeTrialCrypto), createReplica(nodeTrialCrypto)]
      for (const op of damaged) one.receive(op)
      other.receive(...damaged.toReversed())
      assert.equal(showing(one.state.doc()), showing(other.state.doc()))
    }),
    { numRuns: 1_000 },
  )
})

function update(client: number, text: string): Uint8Array {
  const doc = new Y.Doc()
  doc.clientID = client
  doc.getText('text').insert(0, text)
  return Y.encodeStateAsUpdate(doc)
}

function mutate(random: (below: number) => number, source: Uint8Array, changes: number): Uint8Array {
  let bytes = [...source]
  for (let left = changes; left > 0; left -= 1) {
    const at = random(bytes.length + 1)
    const kind = random(5)
    if (kind <= 1) bytes[Math.min(at, bytes.length - 1)] = random(256)
    else if (kind === 2) bytes.splice(at, 0, random(256))
    else if (kind === 3) bytes.splice(at, 1 + random(3))
    else bytes = bytes.slice(0, at)
    if (bytes.length === 0) bytes = [0]
  }
  return Uint8Array.from(bytes)
}
