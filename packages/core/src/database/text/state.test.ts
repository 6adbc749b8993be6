import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createTextState, type TextOp } from './index.ts'
import { textOpKey } from './op.ts'
import {
  createRandom,
  give,
  type Habits,
  type Random,
  showing,
  shuffled,
  type Story,
  tellStory,
} from './people.fixture.ts'
import { nodeTrialCrypto, trialColumn, trialRow } from './text.fixture.ts'

const crypto = nodeTrialCrypto

const plain: Habits = { deletes: true, rich: false, values: false, fork: false, hostile: false }
const everything: Habits = { deletes: true, rich: true, values: true, fork: true, hostile: true }
const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 })

function build(ops: readonly TextOp[], { isAncestor, hasSeen }: Knows) {
  return createTextState({ crypto, row: trialRow, column: trialColumn, loadOps: () => ops, isAncestor, hasSeen })
}

type Knows = Pick<Story, 'isAncestor' | 'hasSeen'>

/** Hands ops over in any order, some twice, in batches of any size, with a restart from a snapshot in between. */
function deliver(random: Random, ops: readonly TextOp[], { isAncestor, hasSeen }: Knows) {
  const stored = new Map<string, TextOp>()
  const options = { crypto, row: trialRow, column: trialColumn, loadOps: () => stored.values(), isAncestor, hasSeen }
  let state = createTextState(options)
  const queue = shuffled(random, [...ops, ...ops.filter(() => random(4) === 0)])
  while (queue.length > 0) {
    const batch = queue.splice(0, 1 + random(6))
    for (const op of batch) stored.set(textOpKey(op), op)
    state.accept(batch)
    if (random(12) === 0) state = createTextState({ ...options, snapshot: state.snapshot() })
  }
  return state
}

/** Each change counts or is void as a whole. */
function judged(random: Random, ops: readonly TextOp[], oneIn: number): TextOp[] {
  return ops.map((op) => (random(oneIn) === 0 ? { ...op, verdict: 'void' } : op))
}

for (const [name, habits] of Object.entries({
  'plain text': plain,
  'formats, elements, attributes and maps': { ...plain, rich: true, values: true },
  'a device that was cloned while typing': { ...plain, rich: true, fork: true },
  'an author who invents neighbours': { ...plain, rich: true, hostile: true },
  'all of it at once': everything,
})) {
  test(`five replicas show the same in every order: ${name}`, () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = createRandom(seed)
        const story = tellStory(crypto, random, habits)
        const ops = judged(random, story.ops, 6)
        const expected = build(ops, story)
        for (let replica = 0; replica < 5; replica += 1) {
          const state = deliver(random, ops, story)
          assert.equal(showing(state.doc()), showing(expected.doc()))
          assert.equal(state.waitingCount(), expected.waitingCount())
        }
      }),
      // Once an attribute of a void op, named as a neighbour from another list, stood in two places.
      { numRuns: 150, examples: [[2_093_508_234]] },
    )
  })
}

test('what everybody has open is what everybody stores', () => {
  fc.assert(
    fc.property(seeds, fc.boolean(), fc.boolean(), (seed, fork, hostile) => {
      const story = tellStory(crypto, createRandom(seed), { ...everything, fork, hostile })
      const { people, ops } = story
      for (const to of people) for (const from of people) give(from, to)
      const expected = showing(build(ops, story).doc())
      for (const { state, session } of people) {
        assert.equal(showing(state.doc()), expected)
        assert.equal(showing(session.doc()), expected)
      }
    }),
    { numRuns: 150 },
  )
})

test('no character is lost but those of void ops, whichever ops are void, forked or forged', () => {
  fc.assert(
    fc.property(seeds, fc.boolean(), fc.boolean(), fc.boolean(), (seed, rich, fork, hostile) => {
      const random = createRandom(seed)
      const story = tellStory(crypto, random, { ...everything, deletes: false, values: false, rich, fork, hostile })
      const honest = (op: TextOp) => op.device[0] !== 66
      for (const hidden of [undefined, ...shuffled(random, story.ops).slice(0, 6)]) {
        const all = story.ops.map((op): TextOp => (op === hidden ? { ...op, verdict: 'void' } : op))
        const state = build(all, story)
        const shown = showing(state.doc())
        assert.equal(state.waitingCount(), 0)
        for (const op of all.filter(honest)) {
          const isShown = Array.from(story.typed(op), (character) => shown.includes(character))
          assert.ok(isShown.every((is) => is === (op.verdict === 'applied')))
        }
      }
    }),
    { numRuns: 150 },
  )
})

test('a verdict that turns, and turns back, leaves no trace', () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const random = createRandom(seed)
      const story = tellStory(crypto, random, { ...everything, fork: false, hostile: false })
      const { ops } = story
      let now: readonly TextOp[] = ops
      const state = createTextState({ crypto, row: trialRow, column: trialColumn, loadOps: () => now, ...story })
      const before = showing(state.doc())
      now = judged(random, ops, 3)
      state.rebuild()
      assert.equal(showing(state.doc()), showing(build(now, story).doc()))
      now = ops
      state.rebuild()
      assert.equal(showing(state.doc()), before)
    }),
  )
})
