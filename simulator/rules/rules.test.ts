import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scriptToCommand } from '../shared/script.ts'
import { growRulesScript, runRules } from './run.ts'

const steps = 80

test('a seed tells the same story each time', async () => {
  const script = growRulesScript('same', steps)
  const [first, second] = [await runRules(script), await runRules(script)]
  assert.equal(first.hash, second.hash)
})

test('no story of honest and hostile devices breaks a promise of the rules', async (context) => {
  const counts: Record<string, number> = {}
  for (let n = 0; n < 150; n += 1) {
    const script = growRulesScript(`fixed${n}`, steps)
    const outcome = await runRules(script)
    assert.deepEqual(outcome.violations, [], scriptToCommand(script))
    for (const [name, count] of Object.entries(outcome.counts)) counts[name] = (counts[name] ?? 0) + count
  }
  context.diagnostic(`${150 * steps} steps: ${JSON.stringify(counts)}`)
  // A simulation in which nothing happens finds nothing.
  for (const name of [
    'removal',
    'demotion',
    'join applied',
    'device cut applied',
    'revocation applied',
    'epoch',
    'share',
    'recovery removal',
  ])
    assert.ok((counts[name] ?? 0) > 0, `${name} never happened`)
})
