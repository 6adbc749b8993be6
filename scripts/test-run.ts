// Runs one test file in a process group of its own, so that a hung file and all that it started can be ended.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './test-files.ts'
import type { TestReport } from './test-reporter.ts'

export type FileResult = TestReport & {
  file: string
  milliseconds: number
  output: string
  problem: string | undefined
}

/** Killed at exit, so that Ctrl-C leaves nothing behind. */
const running = new Set<number>()
process.on('exit', () => running.forEach(killGroup))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))

/** `live` shows the output while it comes; otherwise it is kept in the result. */
export async function runTestFile(
  file: string,
  options: { timeoutMs: number; nodeParameters: readonly string[]; live: boolean },
): Promise<FileResult> {
  const folder = mkdtempSync(join(tmpdir(), 'kith-test-'))
  const reportPath = join(folder, 'report.json')
  const started = performance.now()
  const child = spawn(
    process.execPath,
    [
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      `--test-reporter=${join(import.meta.dirname, 'test-reporter.ts')}`,
      `--test-reporter-destination=${reportPath}`,
      ...options.nodeParameters,
      file,
    ],
    { cwd: root, detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: childEnvironment() },
  )
  if (child.pid !== undefined) running.add(child.pid)
  let output = ''
  const keep = (chunk: Buffer) => {
    if (options.live) process.stdout.write(chunk)
    else output += chunk.toString()
  }
  // Both pipes read to their end; a process that left the group may hold them for ever.
  const closed = new Promise<void>((resolve) => child.on('close', () => resolve()))
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)

  const end = await new Promise<{ code: number | null; how: string | undefined }>((resolve) => {
    const timer = setTimeout(() => {
      if (child.pid !== undefined) killGroup(child.pid)
      resolve({ code: null, how: `did not end within ${options.timeoutMs / 1000} s and was killed` })
    }, options.timeoutMs)
    child.on('error', (error) => resolve({ code: null, how: `did not start: ${error.message}` }))
    child.on('exit', (code, signal) => {
      clearTimeout(timer)
      // What a test left running would hold the pipes open, and ports and files too.
      if (child.pid !== undefined) killGroup(child.pid)
      resolve({ code, how: signal === null ? undefined : `was ended by ${signal}` })
    })
  })
  await Promise.race([closed, after(1000)])
  if (child.pid !== undefined) running.delete(child.pid)

  const report = readReport(reportPath)
  rmSync(folder, { recursive: true, force: true })
  const milliseconds = Math.round(performance.now() - started)
  return { file, milliseconds, output, ...report, problem: end.how ?? problemOf(end.code, report) }
}

function problemOf(code: number | null, report: TestReport): string | undefined {
  if (report.failed > 0) return `${report.failed} failed`
  if (code !== 0) return `ended with status ${code}`
  if (report.passed + report.skipped.length === 0) return 'ran no test'
  return undefined
}

function readReport(path: string): TestReport {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  return text === '' ? { passed: 0, failed: 0, skipped: [], notes: [] } : (JSON.parse(text) as TestReport)
}

/** npm's and node:test's own variables would change how tests and the programs they start behave. */
function childEnvironment(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env
  return { ...environment, FORCE_COLOR: process.stdout.isTTY ? '1' : '0' }
}

async function after(milliseconds: number): Promise<void> {
  await new Promise<void>((resolve) => setTimeout(resolve, milliseconds).unref())
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Everything in the group has ended already.
  }
}
