import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as Y from 'yjs'
import { createTextState, type TextOp } from './index.ts'
import { textOpKey, toKnownOp } from './op.ts'
import { createRandom, type Habits, type Random, shuffled, tellStory } from './people.fixture.ts'
import { nodeTrialCrypto, trialColumn, trialRow } from './text.fixture.ts'

const crypto = nodeTrialCrypto
const habits: Habits = { deletes: true, rich: false, values: false, fork: false, hostile: false }
const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 })

/** The characters that ought to be there: typed by somebody whose op counts, and deleted by nobody whose op counts. */
const expectedOf = (ops: readonly TextOp[]): string => {
  const left = new Map<string, string>()
  const counting = ops.filter(({ verdict }) => verdict === 'applied')
  for (const op of counting) {
    const structs = op.structs.length === 0 ? [] : (Y.decodeUpdate(op.structs).structs as Y.Item[])
    for (const { id, content } of structs) {
      if (!(content instanceof Y.ContentString)) continue
      for (const [at, character] of Array.from(content.str).entries())
        left.set(`${id.client}/${id.clock + at}`, character)
    }
  }
  for (const op of counting) {
    for (const { client, start, end } of toKnownOp(op).shape.deletes)
      for (let clock = start; clock < end; clock += 1) left.delete(`${client}/${clock}`)
  }
  return sorted([...left.values()].join(''))
}
const sorted = (text: string): string => Array.from(text).sort().join('')

/** A replica to which ops come in any order, with verdicts that turn meanwhile, some of them again and again. */
const deliver = (random: Random, ops: readonly TextOp[]): string => {
  const stored = new Map<string, TextOp>()
  const state = createTextState({ crypto, row: trialRow, column: trialColumn, loadOps: () => stored.values() })
  const queue = shuffled(random, ops)
  while (queue.length > 0) {
    const batch = queue
      .splice(0, 1 + random(6))
      .map((op): TextOp => (random(3) === 0 ? { ...op, verdict: random(2) === 0 ? 'void' : 'applied' } : op))
    for (const op of batch) stored.set(textOpKey(op), op)
    state.accept(batch)
  }
  for (const op of ops) stored.set(textOpKey(op), op)
  state.rebuild()
  assert.equal(state.waitingCount(), 0)
  return state.text()
}

test('whoever turns out void takes no honest character along: typed inside, beside or after theirs, or deleted by them', () => {
  fc.assert(
    fc.property(seeds, fc.boolean(), (seed, isDevice) => {
      const random = createRandom(seed)
      const { ops } = tellStory(crypto, random, habits)
      const from = random(40)
      // All of a device from some moment on, as a cut does it; or here and there.
      const isVoid = (op: TextOp): boolean => (isDevice ? op.device[0] === 1 && op.seq >= from % 8 : random(3) === 0)
      const judged = ops.map((op): TextOp => ({ ...op, verdict: isVoid(op) ? 'void' : 'applied' }))
      const expected = expectedOf(judged)
      const texts = Array.from({ length: 4 }, () => deliver(random, judged))
      for (const text of texts) {
        assert.equal(text, texts[0])
        assert.equal(sorted(text), expected)
      }
    }),
    { numRuns: 150 },
  )
})
