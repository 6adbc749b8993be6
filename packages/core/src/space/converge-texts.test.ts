import { test } from 'node:test'
import fc from 'fast-check'
import { checkProperty } from '../check-property.fixture.ts'
import { converges } from './trial-converge.fixture.ts'
import type { Step } from './trial-story.fixture.ts'

/** Two people who type in few texts, from restored backups again and again. */
const typingStep: fc.Arbitrary<Step> = fc.record({
  who: fc.nat({ max: 1 }),
  view: fc.nat({ max: 1 }),
  ms: fc.nat({ max: 12 }),
  counter: fc.nat({ max: 1 }),
  fork: fc.nat({ max: 4 }),
  twin: fc.constant(1),
  seeds: fc.array(
    fc.record({
      kind: fc.constantFrom(0, 12, 12, 12, 12, 12, 6, 9),
      table: fc.constant(0),
      row: fc.nat({ max: 1 }),
      at: fc.nat({ max: 15 }),
      value: fc.nat({ max: 15 }),
      odd: fc.nat({ max: 9 }),
    }),
    { minLength: 1, maxLength: 2 },
  ),
})

test('texts are the same on five replicas, whatever came first of two branches of one device', async (context) => {
  await checkProperty(
    context,
    40,
    fc.asyncProperty(fc.array(typingStep, { minLength: 4, maxLength: 20, size: 'max' }), fc.nat(), converges),
  )
})
