import { test } from 'node:test'
import fc from 'fast-check'
import { checkProperty } from '../check-property.fixture.ts'
import { stepOf } from './trial-story.fixture.ts'
import { crowdedStep, removesAlike, turnsAlike } from './trial-verdicts.fixture.ts'

const crowded = fc.array(crowdedStep, { minLength: 12, maxLength: 36, size: 'max' })

test('what membership takes back or lets pass after the fact leaves the state of a replica that knew it first', async (context) => {
  await checkProperty(context, 12, fc.asyncProperty(crowded, fc.nat(), turnsAlike))
})

test('so it does where forks, twins and far clocks are more, and meetings fewer', async (context) => {
  const steps = fc.array(stepOf, { minLength: 1, maxLength: 24, size: 'max' })
  await checkProperty(context, 8, fc.asyncProperty(steps, fc.nat(), turnsAlike))
})

test('removals that come before, between and after what they cut leave one state, across restarts too', async (context) => {
  await checkProperty(context, 10, fc.asyncProperty(crowded, fc.nat(), removesAlike))
})
