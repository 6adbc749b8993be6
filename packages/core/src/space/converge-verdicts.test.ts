import { test } from 'node:test'
import fc from 'fast-check'
import { check } from './trial-check.fixture.ts'
import { stepOf } from './trial-story.fixture.ts'
import { crowdedStep, turnsAlike } from './trial-verdicts.fixture.ts'

test('what membership takes back or lets pass after the fact leaves the state of a replica that knew it first', async () => {
  await check(
    import.meta.url,
    25,
    fc.asyncProperty(fc.array(crowdedStep, { minLength: 12, maxLength: 36, size: 'max' }), fc.nat(), turnsAlike),
  )
})

test('so it does where forks, twins and far clocks are more, and meetings fewer', async () => {
  await check(
    import.meta.url,
    10,
    fc.asyncProperty(fc.array(stepOf, { minLength: 1, maxLength: 24, size: 'max' }), fc.nat(), turnsAlike),
  )
})
