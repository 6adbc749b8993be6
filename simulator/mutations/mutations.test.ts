import assert from 'node:assert/strict'
import { test } from 'node:test'
import { growRulesScript, runRules } from '../rules/run.ts'
import { loadMutant } from './mutate.fixture.ts'
import { mutations } from './mutations.fixture.ts'

/** More than the slowest of them needs; the right evaluator passes all of these seeds (rules/rules.test.ts). */
const seedsMax = 150
const steps = 80

for (const mutation of mutations) {
  test(`the simulator finds that ${mutation.mistake}`, async (context) => {
    const create = await loadMutant(mutation)
    const all = Array.from({ length: seedsMax }, (_, n) => n)
    // What found it last finds it first; when the stories have changed since, another does.
    for (const n of [mutation.foundBy, ...all]) {
      const { violations } = await runRules(growRulesScript(`fixed${n}`, steps), undefined, create)
      const [first] = violations
      if (first === undefined) continue
      context.diagnostic(`seed fixed${n}: ${first.promise}`)
      return
    }
    assert.fail(`${seedsMax} seeds found nothing`)
  })
}
