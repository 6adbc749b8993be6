import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readSource } from './source.ts'

const run = (...parameters: string[]) =>
  spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts'), ...parameters], {
    encoding: 'utf8',
    timeout: 180_000,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, NODE_TEST_CONTEXT: undefined },
  })

for (const [data, parameters] of [
  ['Chinook', ['--once']],
  ['the sample', ['--once', '--sample']],
] as const) {
  test(`npm start -- ${parameters.join(' ')}: two processes share ${data}, and everything is as it should be`, (context) => {
    const { stdout, stderr, status } = run(...parameters)
    assert.equal(stderr, '')
    assert.match(stdout, /All is as it should be/)
    assert.equal(status, 0, stdout)
    for (const line of stdout.split('\n')) assert.ok(line.length <= 80, `wider than 80 columns: ${line}`)
    if (data === 'Chinook' && /the sample/.test(stdout)) context.diagnostic('Chinook is not here: ran on the sample.')
  })
}

test('the sample is what its script writes, small, and of Chinook’s shape', () => {
  const path = join(import.meta.dirname, 'sample', 'music.json.gz')
  assert.ok(statSync(path).size <= 40_000)
  const made = spawnSync(process.execPath, [join(import.meta.dirname, 'sample', 'make.ts'), '--check'], {
    timeout: 30_000,
  })
  assert.equal(made.status, 0, made.stderr.toString())
  const [sample, chinook] = [readSource('sample'), readSource('any')]
  for (const [table, rows] of Object.entries(chinook.tables)) {
    const others = sample.tables[table as keyof typeof sample.tables]
    assert.deepEqual(Object.keys(others[0] ?? {}).sort(), Object.keys(rows[0] ?? {}).sort(), table)
  }
})
