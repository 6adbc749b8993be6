/** `npm run benchmark -- [what]`: README.md lists what there is to measure. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const what = process.argv[2] ?? ''
const elsewhere = new Map([
  ['browser', 'browser'],
  ['shared-hub', 'hub'],
]).get(what)
const here = new Map([
  ['carried', './carried.ts'],
  ['chat', './chat.ts'],
  ['load', './load/main.ts'],
  ['peers', './peers.ts'],
  ['spaces', './spaces.ts'],
  ['--check', './check.ts'],
])
if (elsewhere !== undefined) {
  const measure = join(import.meta.dirname, `../packages/${elsewhere}/src/testing/measure.ts`)
  const { status } = spawnSync(process.execPath, [measure, ...process.argv.slice(3)], { stdio: 'inherit' })
  process.exitCode = status ?? 1
} else await import(here.get(what) ?? './first-light.ts')
