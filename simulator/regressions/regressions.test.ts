import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runRules } from '../rules/run.ts'
import type { Script } from '../shared/script.ts'
import { runWorld } from '../world/run.ts'

type Kept = Script & {
  readonly promise: string
  /** Why it still fails, and whose it is to mend: then it is not run. Taken out with what mends it. */
  readonly skip?: string
}

const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.json'))

test('scripts that once broke a promise are kept', () => assert.ok(files.length > 0))

for (const file of files) {
  const kept = JSON.parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as Kept
  test(`${file}: ${kept.promise}`, { skip: kept.skip ?? false }, async () => {
    const { violations } = await (kept.level === 'rules' ? runRules(kept) : runWorld(kept))
    assert.deepEqual(violations, [])
  })
}
