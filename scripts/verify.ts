// `npm run verify`, which is what CI runs: the tests, then every check. All of them run even if one fails; the last line
// is `N passed, N failed`, where N counts tests and checks.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { root } from './test-files.ts'

type Step = { name: string; command: string; parameters: string[] }

const bin = (name: string) => join('node_modules', '.bin', name)
const script = (name: string): Step => ({ name, command: process.execPath, parameters: [`scripts/${name}.ts`] })

const checks: Step[] = [
  ...typeChecks(),
  { name: 'format', command: bin('biome'), parameters: ['format', '--max-diagnostics=50', '.'] },
  {
    name: 'lint',
    command: bin('oxlint'),
    parameters: ['--deny-warnings', '--report-unused-disable-directives', '--format=unix'],
  },
  script('check-arrows'),
  script('check-tidy'),
  script('check-hub-bundle'),
  script('build'),
  script('docs'),
]

const tests = await runTests()
const failedChecks = checks.filter((step) => !runStep(step))
for (const step of failedChecks) console.log(`FAILED: ${step.name}`)
const failed = tests.failed + failedChecks.length
const passed = tests.passed + checks.length - failedChecks.length
console.log(`${passed} passed, ${failed} failed${tests.skipped > 0 ? `, ${tests.skipped} skipped` : ''}`)
process.exitCode = failed > 0 || tests.passed === 0 ? 1 : 0

/** One for each tsconfig, so that the core is checked without Node's and the DOM's names. */
function typeChecks(): Step[] {
  const configs = ['tsconfig.json', ...globSync('{packages,examples}/*/tsconfig*.json', { cwd: root }).sort()]
  return configs
    .filter(
      (config) =>
        config === 'tsconfig.json' || globSync(join(config, '..', 'src/**/*.{ts,tsx}'), { cwd: root }).length > 0,
    )
    .map((config) => ({ name: `types ${config}`, command: bin('tsc'), parameters: ['--noEmit', '-p', config] }))
}

/** Shows the tests' output while it comes, but for their own last line, which goes into the sum. */
async function runTests(): Promise<{ passed: number; failed: number; skipped: number }> {
  const started = performance.now()
  console.log('── tests')
  const child = spawn(process.execPath, ['scripts/test.ts'], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  let summary: RegExpExecArray | null = null
  for await (const line of createInterface({ input: child.stdout })) {
    const found = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/.exec(line)
    summary = found ?? summary
    if (found === null) console.log(line)
  }
  const status = await ended
  const [passed, failed, skipped] = (summary ?? []).slice(1).map((word) => Number(word ?? 0))
  console.log(`── tests: ${passed ?? 0} passed, ${failed ?? 0} failed, ${seconds(started)}`)
  const isBroken = summary === null || (status !== 0 && failed === 0)
  return { passed: passed ?? 0, failed: (failed ?? 0) + (isBroken ? 1 : 0), skipped: skipped ?? 0 }
}

function runStep(step: Step): boolean {
  const started = performance.now()
  console.log(`── ${step.name}`)
  const command = existsSync(join(root, step.command)) ? join(root, step.command) : step.command
  const result = spawnSync(command, step.parameters, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (result.error !== undefined) console.log(String(result.error))
  console.log(`── ${step.name}: ${result.status === 0 ? 'ok' : 'FAILED'}, ${seconds(started)}`)
  return result.status === 0
}

function seconds(started: number): string {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`
}
