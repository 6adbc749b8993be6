/** `npm run benchmark -- [records] [part…]`, or `npm run benchmark -- browser [closings]`: what a page waits for, measured beside what it needs. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

if (process.argv[2] === 'browser') {
  const measure = join(import.meta.dirname, '../packages/browser/src/testing/measure.ts')
  const { status } = spawnSync(process.execPath, [measure, ...process.argv.slice(3)], { stdio: 'inherit' })
  process.exitCode = status ?? 1
} else await import('./first-light.ts')
