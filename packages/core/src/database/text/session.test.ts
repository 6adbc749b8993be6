import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as Y from 'yjs'
import { KithError } from '../../bytes/index.ts'
import { textOpBytesMax } from '../../limits/index.ts'
import { clientIdOf, createTextSession, createTextState, inspectTextOp, textRemoteOrigin } from './index.ts'
import { createRandom, give, showing } from './people.fixture.ts'
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

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof KithError && error.code === code
}

test('what was typed since the last op is one op of one client with its clocks in line', () => {
  const alice = createPerson(crypto, 1)
  typing(alice).insert(0, 'Hello wrld')
  typing(alice).insert(7, 'o')
  typing(alice).delete(0, 1)
  typing(alice).insert(0, 'h')
  assert.equal(alice.session.pendingCount(), 4)
  const [first, ...more] = alice.commit()
  assert.deepEqual(more, [])
  assert.equal(alice.session.pendingCount(), 0)
  const client = clientIdOf(crypto, alice.device, trialRow, trialColumn, first!.salt!)
  assert.deepEqual(inspectTextOp(first!).insert, { client, start: 0, end: 12 })
  typing(alice).delete(0, 5)
  const [second] = alice.commit()
  assert.equal(second!.salt, null)
  assert.deepEqual(inspectTextOp(second!).insert, undefined)
  typing(alice).insert(0, 'Bye')
  const [third] = alice.commit()
  assert.equal(third!.salt, null)
  assert.deepEqual(inspectTextOp(third!).insert, { client, start: 12, end: 15 })
  assert.equal(alice.session.takePending(), undefined)
  assert.equal(alice.state.text(), 'Bye world')
})

test('characters typed and deleted between two ops are not sent', () => {
  const alice = createPerson(crypto, 1)
  typing(alice).insert(0, 'secret')
  typing(alice).delete(0, 6)
  typing(alice).insert(0, 'public')
  const [op] = alice.commit()
  assert.ok(!Buffer.from(op!.structs).includes('secret'))
  assert.equal(alice.state.text(), 'public')
})

test('two sessions of one device on one text have ids of their own and see each other', () => {
  const replica = createReplica(crypto)
  const [one, other] = [createPerson(crypto, 1, replica), createPerson(crypto, 1, replica)]
  assert.notEqual(one.session.doc().clientID, other.session.doc().clientID)
  typing(one).insert(0, 'one ')
  typing(other).insert(0, 'other ')
  one.commit()
  other.commit()
  assert.equal(showing(one.session.doc()), showing(other.session.doc()))
  assert.equal(replica.state.text().length, 10)
})

test('what others type comes with an origin, and is not typed again', () => {
  const [alice, bob] = [createPerson(crypto, 1), createPerson(crypto, 2)]
  const origins: unknown[] = []
  bob.session.doc().on('update', (_update: Uint8Array, origin: unknown) => origins.push(origin))
  typing(alice).insert(0, 'Hi')
  bob.receive(...alice.commit())
  assert.deepEqual(origins, [textRemoteOrigin])
  assert.equal(bob.session.pendingCount(), 0)
  assert.equal(bob.session.takePending(), undefined)
})

test('an undo manager undoes and redoes, elements too, and all see the same', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = createRandom(seed)
      const people = [createPerson(crypto, 1), createPerson(crypto, 2)]
      const managers = people.map(({ session }) => manage(session.doc()))
      let typed = 0
      for (let step = 0; step < 40; step += 1) {
        const at = random(2)
        const person = people[at]!
        const [doc, undo] = managers[at]!
        // A document that was replaced has a new manager in a real editor.
        if (doc !== person.session.doc()) managers[at] = manage(person.session.doc())
        const page = person.session.doc().getXmlFragment('page')
        const element = page.length > 0 ? page.get(random(page.length)) : undefined
        const kind = random(8)
        if (kind === 0) undo.undo()
        else if (kind === 1) undo.redo()
        else if (kind === 2) give(people[1 - at]!, person)
        else if (kind === 3 && page.length > 0) page.delete(random(page.length), 1)
        else if (kind === 4 || !(element instanceof Y.XmlElement))
          page.insert(random(page.length + 1), [new Y.XmlElement('p')])
        else element.insert(random(element.length + 1), [new Y.XmlText(`${typed++} `)])
        if (random(2) === 0) person.commit()
      }
      for (const person of people) person.commit()
      give(people[0]!, people[1]!)
      give(people[1]!, people[0]!)
      const shown = people.flatMap(({ state, session }) => [showing(state.doc()), showing(session.doc())])
      assert.deepEqual(new Set(shown).size, 1)
    }),
    { numRuns: 300 },
  )
})

function manage(doc: Y.Doc): [Y.Doc, Y.UndoManager] {
  return [doc, new Y.UndoManager(doc.getXmlFragment('page'), { captureTimeout: 0 })]
}

test('a long paste becomes ops that each fit, and no character is cut', () => {
  const [alice, bob] = [createPerson(crypto, 1), createPerson(crypto, 2)]
  const paste = 'Zwölf 🍎 '.repeat(200_000)
  typing(alice).insert(0, paste)
  typing(alice).delete(5, 100)
  const ops = alice.commit()
  assert.ok(ops.length > 2)
  assert.ok(ops.every((op) => op.structs.length + op.deletes.length <= textOpBytesMax))
  bob.receive(...ops)
  assert.ok(bob.state.text() === paste.slice(0, 5) + paste.slice(105))
  assert.ok(typing(alice).toJSON() === bob.state.text())
})

test('many deletions at once become ops that each fit', () => {
  const alice = createPerson(crypto, 1)
  typing(alice).insert(0, 'ab'.repeat(17_000))
  alice.commit()
  alice.session.doc().transact(() => {
    for (let at = 17_000; at > 0; at -= 1) typing(alice).delete(at, 1)
  })
  const ops = alice.commit()
  assert.equal(alice.state.text(), typing(alice).toJSON())
  for (const op of ops) inspectTextOp(op)
})

test('what no op can hold is a typed error until it is undone', () => {
  const alice = createPerson(crypto, 1)
  const meta = alice.session.doc().getMap('meta')
  typing(alice).insert(0, 'kept')
  meta.set('picture', new Uint8Array(600_000))
  assert.throws(() => alice.session.takePending(), hasCode('too-large'))
  meta.delete('picture')
  meta.set('inner', new Y.Doc())
  assert.throws(() => alice.session.takePending(), hasCode('bad-value'))
  meta.delete('inner')
  alice.commit()
  assert.equal(alice.state.text(), 'kept')
})

test('an update from elsewhere is refused and leaves nothing', () => {
  const alice = createPerson(crypto, 1)
  typing(alice).insert(0, 'mine')
  const foreign = new Y.Doc()
  foreign.getText('text').insert(0, 'theirs')
  assert.throws(() => Y.applyUpdate(alice.session.doc(), Y.encodeStateAsUpdate(foreign)), hasCode('not-supported'))
  alice.commit()
  assert.equal(typing(alice).toJSON(), 'mine')
  assert.equal(alice.state.text(), 'mine')
})

test('half a surrogate pair shows at once as all others will see it', () => {
  const alice = createPerson(crypto, 1)
  typing(alice).insert(0, 'a\ud83d')
  alice.commit()
  assert.equal(alice.state.text(), 'a\ufffd')
  assert.equal(typing(alice).toJSON(), 'a\ufffd')
})

test('our own op that is held back leaves the open document too, and typing goes on under a fresh id', () => {
  const replica = createReplica(crypto)
  let replaced = 0
  const device = new Uint8Array(32).fill(1)
  const session = createTextSession({ crypto, device, state: replica.state, replaced: () => (replaced += 1) })
  const before = session.doc().clientID
  session.doc().getText('text').insert(0, 'held back')
  const bytes = session.takePending()!
  session.doc().getText('text').insert(0, 'typed since ')
  replica.receive(toOp(crypto, device, 0, 0, bytes, 'void'))
  assert.equal(replaced, 1)
  assert.equal(session.doc().getText('text').toJSON(), 'typed since ')
  assert.notEqual(session.doc().clientID, before)
  replica.receive(toOp(crypto, device, 1, 0, session.takePending()!))
  session.doc().getText('text').insert(12, 'and after')
  replica.receive(toOp(crypto, device, 2, 0, session.takePending()!))
  assert.equal(replica.state.text(), 'typed since and after')
})

test('an op that could not be stored is taken again before what was typed after it', () => {
  const alice = createPerson(crypto, 1)
  typing(alice).insert(0, 'one ')
  const lost = alice.session.takePending()!
  typing(alice).insert(4, 'two')
  alice.session.putBack(lost)
  assert.equal(alice.session.pendingCount(), 2)
  alice.commit()
  assert.equal(alice.state.text(), 'one two')
  assert.equal(alice.state.waitingCount(), 0)
})

test('a text that was rebuilt keeps what is typed and not stored yet', () => {
  const [alice, bob] = [createPerson(crypto, 1), createPerson(crypto, 2)]
  typing(alice).insert(0, 'stored ')
  alice.commit()
  typing(alice).insert(7, 'taken ')
  const taken = alice.session.takePending()!
  typing(alice).insert(13, 'typed')
  alice.state.rebuild()
  assert.equal(typing(alice).toJSON(), 'stored taken typed')
  alice.receive(toOp(crypto, alice.device, 1, 0, taken))
  alice.receive(toOp(crypto, alice.device, 2, 0, alice.session.takePending()!))
  typing(alice).insert(18, '!')
  alice.receive(toOp(crypto, alice.device, 3, 0, alice.session.takePending()!))
  give(alice, bob)
  assert.equal(bob.state.text(), 'stored taken typed!')
  assert.equal(typing(alice).toJSON(), 'stored taken typed!')
})

test('a restart goes on from a snapshot without the ops before it', () => {
  const alice = createPerson(crypto, 1)
  typing(alice).insert(0, 'before ')
  alice.commit()
  const snapshot = alice.state.snapshot()
  typing(alice).insert(7, 'after')
  const later = alice.commit()
  const loadOps = (): never => assert.fail('no rebuild is needed')
  const state = createTextState({ crypto, row: trialRow, column: trialColumn, loadOps, snapshot })
  assert.deepEqual(state.accept(later), ['integrated'])
  assert.equal(state.text(), 'before after')
  const damaged = createTextState({
    crypto,
    row: trialRow,
    column: trialColumn,
    loadOps: () => alice.stored,
    snapshot: snapshot.subarray(1),
  })
  assert.equal(damaged.text(), 'before after')
})
