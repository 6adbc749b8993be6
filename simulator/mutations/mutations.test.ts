import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Script } from '../shared/script.ts'
import { growRulesScript, runRules } from '../rules/run.ts'
import { loadMutant } from './mutate.fixture.ts'
import { mutations } from './mutations.fixture.ts'

/** More than the slowest of them needs; the right evaluator passes all of these seeds (rules/rules.test.ts). */
const seedsMax = 150
const steps = 80

/** Scripts that once broke a promise: the right evaluator passes these too (regressions/regressions.test.ts). */
const folder = join(import.meta.dirname, '..', 'regressions')
const kept = readdirSync(folder)
  .filter((name) => name.startsWith('rules-') && name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Script)

for (const mutation of mutations) {
  test(`the simulator finds that ${mutation.mistake}`, async (context) => {
    const create = await loadMutant(mutation)
    const all = Array.from({ length: seedsMax }, (_, n) => n)
    // What found it last finds it first; when the stories have changed since, another does.
    const seeds = [mutation.foundBy, ...all].map((n) => growRulesScript(`fixed${n}`, steps))
    for (const script of [...kept, ...seeds]) {
      const { violations } = await runRules(script, undefined, create)
      const [first] = violations
      if (first === undefined) continue
      context.diagnostic(`seed ${script.seed}: ${first.promise}`)
      return
    }
    assert.fail(`${kept.length} kept scripts and ${seedsMax} seeds found nothing`)
  })
}
