/**
 * Writes `vectors/text/two-people.json`: two made-up people who type, delete and paste in one text at once, in the form of
 * josephg/editing-traces. Everything in it comes from this script. Run:
 * node packages/core/src/database/text/write-trace.fixture.ts
 *
 * The end content comes from Yjs itself, replayed with the ids 1 and 2: a tie between the two is left out, for real ids are random.
 */
import { writeFileSync } from 'node:fs'
import * as Y from 'yjs'

let seed = 20_251
const random = (below: number): number => {
  seed = (seed + 0x6d2b79f5) >>> 0
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) % below
}

const words = ['tea ', 'bread ', 'milk ', 'Äpfel ', 'καφές ', '茶 ', '🍎 ', 'ask Ana 👩‍🌾 ', 'no, ', 'two of them\n']

type Patch = [position: number, deleted: number, inserted: string]
type Txn = { parents: number[]; agent: number; patches: Patch[] }

/** Both replay under swapped ids too: only a trace that ends alike either way is kept. */
const replay = (txns: readonly Txn[], ids: readonly [number, number]): string => {
  const updates: Uint8Array[] = []
  const docs = ids.map((id) => {
    const doc = new Y.Doc()
    doc.clientID = id
    return doc
  })
  const past: Set<number>[] = []
  for (const [index, { parents, agent, patches }] of txns.entries()) {
    const doc = docs[agent]!
    const seen = new Set(parents.flatMap((parent) => [...past[parent]!, parent]))
    past.push(seen)
    for (const each of seen) Y.applyUpdate(doc, updates[each]!)
    const before = Y.encodeStateVector(doc)
    const text = doc.getText('text')
    doc.transact(() => {
      for (const [position, deleted, inserted] of patches) {
        const units = (points: number) => Array.from(text.toJSON()).slice(0, points).join('').length
        const at = units(position)
        if (deleted > 0) text.delete(at, units(position + deleted) - at)
        text.insert(at, inserted)
      }
    })
    updates[index] = Y.encodeStateAsUpdate(doc, before)
  }
  for (const update of updates) for (const doc of docs) Y.applyUpdate(doc, update)
  return docs[0]!.getText('text').toJSON()
}

const docs = [0, 1].map((id) => {
  const doc = new Y.Doc()
  doc.clientID = id + 1
  return doc
})
const txns: Txn[] = []
/** What each has of the other, as an index into `txns`, and each one's own last. */
const heads: [number, number] = [-1, -1]
const other: [number, number] = [-1, -1]
const updates: Uint8Array[] = []

for (let round = 0; round < 60; round += 1) {
  for (const agent of [0, 1] as const) {
    // The first text is one person's, so that two have room to type apart.
    for (let word = round === 0 ? 12 * (1 - agent) : random(4); word > 0; word -= 1) {
      const doc = docs[agent]!
      const text = doc.getText('text')
      const points = Array.from(text.toJSON())
      // Each prefers a place of their own, so that ties are rare.
      const position = points.length === 0 ? 0 : Math.floor(points.length * (agent === 0 ? 0.25 : 0.75)) + random(3)
      const at = Math.min(position, points.length)
      const deleted = random(4) === 0 ? Math.min(random(5), points.length - at) : 0
      const inserted = words[random(words.length)]!
      for (const [index, key] of Array.from(inserted).entries()) {
        const parents = [heads[agent], other[agent]].filter((parent) => parent >= 0)
        const patch: Patch = [at + index, index === 0 ? deleted : 0, key]
        const before = Y.encodeStateVector(doc)
        const now = Array.from(text.toJSON())
        const unit = now.slice(0, patch[0]).join('').length
        doc.transact(() => {
          if (patch[1] > 0) text.delete(unit, now.slice(patch[0], patch[0] + patch[1]).join('').length)
          text.insert(unit, key)
        })
        heads[agent] = txns.length
        other[agent] = -1
        txns.push({ parents: [...new Set(parents)].sort((left, right) => left - right), agent, patches: [patch] })
        updates.push(Y.encodeStateAsUpdate(doc, before))
      }
    }
  }
  if (round > 0 && random(3) === 0) continue
  for (const agent of [0, 1] as const) {
    if (round > 0 && random(4) === 0) continue
    const from = heads[1 - agent]!
    if (from < 0) continue
    other[agent] = from
    for (const [index, update] of updates.entries())
      if (txns[index]!.agent !== agent) Y.applyUpdate(docs[agent]!, update)
  }
}

const endContent = replay(txns, [1, 2])
if (replay(txns, [2, 1]) !== endContent) throw new Error('The trace holds a tie. Change the seed.')
const licence = 'CC0-1.0: made by vectors/text/make.ts of the Kith project; no rights reserved.'
const trace = { licence, kind: 'concurrent', endContent, numAgents: 2, txns }
writeFileSync(new URL('../../../../../vectors/text/two-people.json', import.meta.url), `${JSON.stringify(trace)}\n`)
console.log(`${txns.length} transactions, ${Array.from(endContent).length} code points`)
