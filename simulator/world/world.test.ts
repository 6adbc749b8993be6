import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scriptToCommand } from '../shared/script.ts'
import { growWorldScript, runWorld } from './run.ts'

const steps = 60
/** Few: most of what can go wrong between evaluators is tried at the level of rules, a thousand times as fast. */
const seeds = ['1', '2', '4', '5', '7', '8']

test('a seed plays the same world each time, to the last byte on the wire', async () => {
  const script = growWorldScript('1', steps)
  const [first, second] = [await runWorld(script), await runWorld(script)]
  assert.equal(first.hash, second.hash)
})

for (const seed of seeds) {
  test(`world ${seed} comes to rest with every promise kept`, async (context) => {
    const script = growWorldScript(seed, steps)
    const { violations, counts } = await runWorld(script)
    context.diagnostic(JSON.stringify(counts))
    assert.deepEqual(violations, [], scriptToCommand(script))
  })
}
