/** `npm run benchmark -- [records] [part…]`, `npm run benchmark -- browser [closings]`: what a page waits for, `npm run benchmark -- shared-hub [entries]`: a hub on PostgreSQL, or `npm run benchmark -- carried`: connections that another hub carries; measured beside what it needs. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const elsewhere = new Map([
  ['browser', 'browser'],
  ['shared-hub', 'hub'],
]).get(process.argv[2] ?? '')
if (elsewhere !== undefined) {
  const measure = join(import.meta.dirname, `../packages/${elsewhere}/src/testing/measure.ts`)
  const { status } = spawnSync(process.execPath, [measure, ...process.argv.slice(3)], { stdio: 'inherit' })
  process.exitCode = status ?? 1
} else {
  const here = new Map([
    ['carried', './carried.ts'],
    ['load', './load/main.ts'],
  ])
  await import(here.get(process.argv[2] ?? '') ?? './first-light.ts')
}
