import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as Y from 'yjs'
import type { Claims } from './claims.ts'
import { createTextDocument, prepareOp } from './document.ts'
import { frameStructs } from './bytes.ts'
import { toKnownOp } from './op.ts'
import { isImpossible } from './place.ts'
import { createRandom, type Random, shuffled } from './people.fixture.ts'

/** A character of a client of its own, put between two that need not be neighbours. */
type Forged = { readonly client: number; readonly left: number | undefined; readonly right: number | undefined }

/** Invented neighbours: each character names any two earlier ones. */
function forge(random: Random, count: number): Forged[] {
  const clients = shuffled(
    random,
    Array.from({ length: count }, (_, at) => at + 1),
  )
  return clients.map((client, at) => {
    const some = () => (at === 0 || random(3) === 0 ? undefined : clients[random(at)])
    return { client, left: some(), right: some() }
  })
}

function toUpdate({ client, left, right }: Forged): Uint8Array {
  const encoder = new Y.UpdateEncoderV1()
  const id = (of: number | undefined) => (of === undefined ? null : Y.createID(of, 0))
  const parent = 'text' as unknown as Y.AbstractType<unknown>
  const content = new Y.ContentString(String.fromCharCode(64 + client))
  new Y.Item(Y.createID(client, 0), null, id(left), null, id(right), parent, null, content).write(encoder, 0)
  return frameStructs(client, 0, 1, encoder.toUint8Array())
}

/** Orders in which each character comes after those it names. */
function anOrder(random: Random, forged: readonly Forged[]): Forged[] {
  const left = [...forged]
  const order: Forged[] = []
  while (left.length > 0) {
    const ready = left.filter(
      (each) => ![each.left, each.right].some((named) => left.some(({ client }) => client === named)),
    )
    const next = ready[random(ready.length)]!
    left.splice(left.indexOf(next), 1)
    order.push(next)
  }
  return order
}

const noClaims: Claims = new Map()

function showOurs(order: readonly Forged[]): string {
  const document = createTextDocument(new Y.Doc())
  for (const each of order) {
    const bytes = { salt: new Uint8Array(16), structs: toUpdate(each), deletes: new Uint8Array(0) }
    const at = { device: new Uint8Array(32), change: new Uint8Array(32).fill(each.client), seq: 0, index: 0 }
    const known = toKnownOp({ ...bytes, ...at, verdict: 'applied' })
    document.integrate((one) => one(prepareOp(noClaims, known, undefined, () => true)))
  }
  return document.doc.getText('text').toJSON()
}

function showBare(order: readonly Forged[]): string {
  const doc = new Y.Doc()
  for (const each of order) Y.applyUpdate(doc, toUpdate(each))
  return doc.getText('text').toJSON()
}

test('characters that claim neighbours which never were stand alike in every order of arrival', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 2, max: 12 }), (seed, count) => {
      const random = createRandom(seed)
      const forged = forge(random, count)
      const shown = Array.from({ length: 6 }, () => showOurs(anOrder(random, forged)))
      assert.deepEqual(new Set(shown), new Set(shown.slice(0, 1)))
      assert.equal(shown[0]!.length, count)
    }),
    { numRuns: 400 },
  )
})

test('bare Yjs is split for ever by four such characters', () => {
  const random = createRandom(1)
  const split = Array.from({ length: 500 }, () => {
    const forged = forge(random, 4)
    return new Set(Array.from({ length: 6 }, () => showBare(anOrder(random, forged)))).size > 1
  })
  assert.ok(split.some((is) => is))
})

test('what people really type is always possible', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = createRandom(seed)
      const docs = [1, 2, 3].map((client) => {
        const doc = new Y.Doc()
        doc.clientID = client
        return doc
      })
      for (let step = 0; step < 40; step += 1) {
        const doc = docs[random(3)]!
        const text = doc.getText('text')
        const kind = random(8)
        if (kind <= 1) Y.applyUpdate(doc, Y.encodeStateAsUpdate(docs[random(3)]!))
        else if (kind === 2 && text.length > 0) text.delete(random(text.length), 1)
        else if (kind === 3 && text.length > 2) text.format(random(text.length - 2), 2, { bold: true })
        else text.insert(random(text.length + 1), 'ab')
      }
      for (const doc of docs) for (const other of docs) Y.applyUpdate(doc, Y.encodeStateAsUpdate(other))
      const { store } = docs[0]!
      const items = [...store.clients.values()].flat() as Y.Item[]
      for (const { origin, rightOrigin } of items) assert.ok(!isImpossible(store, origin, rightOrigin))
    }),
  )
})
