import { test } from 'node:test'
import fc from 'fast-check'
import { checkProperty } from '../check-property.fixture.ts'
import { converges } from './trial-converge.fixture.ts'
import { stepOf } from './trial-story.fixture.ts'

test('any order, doubling, segmentation and forking of changes gives the same state on five replicas', async (context) => {
  await checkProperty(
    context,
    80,
    fc.asyncProperty(fc.array(stepOf, { minLength: 1, maxLength: 24, size: 'max' }), fc.nat(), converges),
  )
})
