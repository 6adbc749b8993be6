import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as Y from 'yjs'
import { retype } from './retype.ts'

/** Two documents that share a start; `seen` of the edits in the old one got into the new one. */
const replaced = (edit: ((text: Y.Text) => void)[], seen: number): { old: Y.Doc; next: Y.Doc } => {
  const start = new Y.Doc()
  start.getText('text').insert(0, 'The quick brown fox')
  const [old, next] = [new Y.Doc(), new Y.Doc()]
  old.clientID = 7
  next.clientID = 8
  for (const doc of [old, next]) {
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(start))
    doc.getText('text')
  }
  edit.forEach((one, at) => {
    one(old.getText('text'))
    if (at < seen) Y.applyUpdate(next, Y.encodeStateAsUpdate(old))
  })
  return { old, next }
}

test('what was typed and deleted in the last moments stands in the new document, wherever it was cut off', () => {
  const edit = fc.oneof(
    fc.tuple(fc.nat(), fc.string({ minLength: 1, maxLength: 5, unit: 'grapheme-ascii' })).map(
      ([at, words]) =>
        (text: Y.Text) =>
          text.insert(at % (text.length + 1), words),
    ),
    fc.tuple(fc.nat(), fc.integer({ min: 1, max: 4 })).map(([at, count]) => (text: Y.Text) => {
      const from = at % (text.length + 1)
      text.delete(from, Math.min(count, text.length - from))
    }),
  )
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 12 }), fc.nat({ max: 12 }), (edits, seen) => {
      const { old, next } = replaced(edits, seen)
      const wanted = old.getText('text').toJSON()
      retype(old, next)
      assert.equal(next.getText('text').toJSON(), wanted)
      // All of it is the new client's: nothing of the old one's came along that no op would hold.
      assert.equal(Y.getState(next.store, 7) <= Y.getState(old.store, 7), true)
    }),
    { numRuns: 2000 },
  )
})

test('what others typed meanwhile stays, next to it', () => {
  const { old, next } = replaced([(text) => text.insert(3, ' very')], 0)
  next.getText('text').insert(0, 'Bob: ')
  next.getText('text').insert(next.getText('text').length, '!')
  retype(old, next)
  assert.equal(next.getText('text').toJSON(), 'Bob: The very quick brown fox!')
})
