import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as Y from 'yjs'
import { clientIdOf, createTextState, type TextOp } from './index.ts'
import { give } from './people.fixture.ts'
import {
  createPerson,
  createReplica,
  nodeTrialCrypto,
  toOp,
  type TrialPerson,
  trialColumn,
  trialRow,
} from './text.fixture.ts'

const crypto = nodeTrialCrypto

const typing = (person: TrialPerson) => person.session.doc().getText('text')
const page = (person: TrialPerson) => person.session.doc().getXmlFragment('page')

function build(ops: readonly TextOp[]) {
  return createTextState({ crypto, row: trialRow, column: trialColumn, loadOps: () => ops })
}

const held = (...ops: TextOp[]): TextOp[] => ops.map((op) => ({ ...op, verdict: 'void' }))

/** Mallory types, Bob types next to it, Mallory's op turns out void. */
function nextToMallory(mallorys: (person: TrialPerson) => void, bobs: (person: TrialPerson) => void) {
  const [alice, bob, mallory] = [createPerson(crypto, 1), createPerson(crypto, 2), createPerson(crypto, 3)]
  typing(alice).insert(0, 'Alice. ')
  page(alice).insert(0, [new Y.XmlElement('p')])
  ;(page(alice).get(0) as Y.XmlElement).setAttribute('level', 'hers')
  const hers = alice.commit()
  mallory.receive(...hers)
  mallorys(mallory)
  const void_ = mallory.commit()
  give(mallory, bob)
  bobs(bob)
  const his = bob.commit()
  return { hers, void_, his, both: build([...hers, ...held(...void_), ...his]) }
}

test('leaving out one op loses nobody else\u2019s text', () => {
  const { both } = nextToMallory(
    (mallory) => {
      typing(mallory).delete(0, 3)
      typing(mallory).insert(typing(mallory).length, 'Mallory. ')
    },
    (bob) => {
      typing(bob).insert(10, '[inside]')
      typing(bob).insert(typing(bob).length, 'Bob.')
    },
  )
  assert.equal(both.text(), 'Alice. [inside]Bob.')
})

test('a paragraph of a void op stays for what others typed into it, and goes otherwise', () => {
  const add = (mallory: TrialPerson) => {
    const paragraph = new Y.XmlElement('p')
    page(mallory).insert(1, [paragraph, new Y.XmlElement('hr')])
    paragraph.insert(0, [new Y.XmlText('Mallory. ')])
  }
  const { both, hers, void_, his } = nextToMallory(add, (bob) => {
    const paragraph = page(bob).get(1) as Y.XmlElement
    ;(paragraph.get(0) as Y.XmlText).insert(9, 'Bob.')
  })
  const expected = '<p level="hers"></p><p>Bob.</p>'
  assert.equal(both.doc().getXmlFragment('page').toJSON(), expected)
  // One at a time: the paragraph is hidden first, and comes back when Bob's words do.
  const stored: TextOp[] = []
  const state = createTextState({ crypto, row: trialRow, column: trialColumn, loadOps: () => stored })
  for (const op of [...hers, ...held(...void_)]) {
    stored.push(op)
    state.accept([op])
  }
  assert.equal(state.doc().getXmlFragment('page').toJSON(), '<p level="hers"></p>')
  stored.push(...his)
  state.accept(his)
  assert.equal(state.doc().getXmlFragment('page').toJSON(), expected)
  assert.equal(state.rebuildCount(), 1)
})

test('an attribute that a void op set neither shows nor hides the one before or after it', () => {
  const set = (value: string) => (person: TrialPerson) =>
    (page(person).get(0) as Y.XmlElement).setAttribute('level', value)
  const before = nextToMallory(set('mallorys'), (bob) => typing(bob).insert(0, 'Bob. '))
  assert.equal(before.both.doc().getXmlFragment('page').toJSON(), '<p level="hers"></p>')
  const after = nextToMallory(set('mallorys'), set('bobs'))
  assert.equal(after.both.doc().getXmlFragment('page').toJSON(), '<p level="bobs"></p>')
  const first = nextToMallory(
    (mallory) => mallory.session.doc().getMap('meta').set('key', 'mallorys'),
    (bob) => bob.session.doc().getMap('meta').set('key', 'bobs'),
  )
  assert.deepEqual(first.both.doc().getMap('meta').toJSON(), { key: 'bobs' })
  const restored = createTextState({
    crypto,
    row: trialRow,
    column: trialColumn,
    loadOps: () => [],
    snapshot: build([...after.hers, ...held(...after.void_)]).snapshot(),
  })
  restored.accept(after.his)
  assert.equal(restored.doc().getXmlFragment('page').toJSON(), '<p level="bobs"></p>')
})

test('a forged client id changes nothing', () => {
  const [alice, mallory] = [createPerson(crypto, 1), createPerson(crypto, 3)]
  typing(alice).insert(0, 'Alice')
  const [op] = alice.commit()
  typing(alice).insert(5, ' goes on')
  const [next] = alice.commit()
  const { state, receive } = createReplica(crypto)
  receive(op!)
  // Mallory repeats the salt, continues the clocks, begins them anew.
  const began = { ...op!, ...toOp(crypto, mallory.device, 0, 0, op!) }
  const went = { ...next!, ...toOp(crypto, mallory.device, 1, 0, next!) }
  assert.deepEqual(state.accept([began]), ['wrong-client'])
  assert.deepEqual(state.accept([went]), ['waiting'])
  assert.equal(state.text(), 'Alice')
  assert.deepEqual(state.accept([next!]), ['integrated'])
  assert.equal(state.text(), 'Alice goes on')
  assert.equal(state.rebuildCount(), 0)
  assert.equal(build([went, began, next!, op!]).text(), 'Alice goes on')
})

test('two devices that make one client id meet keep all their text, under two ids', () => {
  // 53 bits cannot be made to meet in a test: a hash of 8 bits stands in for SHA-256.
  const weak = { ...crypto, sha256: (bytes: Uint8Array) => crypto.sha256(bytes).fill(0, 0, 6).fill(0, 7) }
  const meeting: TrialPerson[] = []
  for (let number = 1; meeting.length < 2; number += 1) {
    const person = createPerson(weak, number)
    if (person.session.doc().clientID === (meeting[0]?.session.doc().clientID ?? person.session.doc().clientID))
      meeting.push(person)
  }
  const ops = meeting.flatMap((person, at) => {
    typing(person).insert(0, ['one', 'other'][at]!)
    return person.commit().map((op) => ({ ...op, change: crypto.sha256(op.change) }))
  })
  const texts = [ops, ops.toReversed()].map((order) => {
    const state = createTextState({ crypto: weak, row: trialRow, column: trialColumn, loadOps: () => order })
    return state.text()
  })
  assert.equal(texts[0], texts[1])
  assert.ok(texts[0]!.includes('one') && texts[0]!.includes('other'))
})

test('an op that was held back and counts after all, and the other way round, is taken as it is now', () => {
  const alice = createPerson(crypto, 1)
  typing(alice).insert(0, 'first ')
  alice.commit()
  typing(alice).insert(6, 'second')
  alice.commit()
  const [first, second] = alice.stored
  alice.stored.splice(0, 2, ...held(first!), second!)
  alice.state.rebuild()
  assert.equal(alice.state.text(), 'second')
  assert.equal(typing(alice).toJSON(), 'second')
  alice.stored.splice(0, 2, first!, ...held(second!))
  alice.state.rebuild()
  assert.equal(alice.state.text(), 'first ')
  assert.equal(typing(alice).toJSON(), 'first ')
})

test('an op with a gap waits for the one before it', () => {
  const alice = createPerson(crypto, 1)
  const ops = ['a', 'b', 'c'].flatMap((letter, at) => {
    typing(alice).insert(at, letter)
    return alice.commit()
  })
  const { state, stored } = createReplica(crypto)
  stored.push(...ops)
  assert.deepEqual(state.accept([ops[2]!]), ['waiting'])
  assert.deepEqual(state.accept([ops[0]!, ops[2]!]), ['integrated', 'known'])
  assert.equal(state.waitingCount(), 1)
  assert.deepEqual(state.accept([ops[1]!]), ['integrated'])
  assert.equal(state.text(), 'abc')
})

test('the client id names device, cell and session', () => {
  const row = new Uint8Array(16).fill(2)
  const id = clientIdOf(crypto, new Uint8Array(32).fill(1), row, 'notes', new Uint8Array(16).fill(3))
  const preimage = Buffer.concat([
    Buffer.from('kith/1 text client\0'),
    Buffer.alloc(32, 1),
    Buffer.alloc(16, 2),
    Buffer.alloc(16, 3),
    Buffer.from('notes'),
  ])
  assert.equal(id, Number(Buffer.from(crypto.sha256(preimage)).readBigUInt64BE() >> 11n))
})
