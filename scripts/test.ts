// `npm test [FILE|FOLDER|PART …] [--timeout=SECONDS] [--node-option …]`: finds and runs the tests, and ends with the
// line `N passed, N failed`. The exit status is 0 only if at least one test ran and none failed.
import { availableParallelism } from 'node:os'
import { findTestFiles, runsAlone } from './test-files.ts'
import { type FileResult, runTestFile } from './test-run.ts'

const timeoutPattern = /^--timeout=(\d+)$/
const words = process.argv.slice(2)
const names = words.filter((word) => !word.startsWith('--'))
const nodeParameters = words.filter((word) => word.startsWith('--') && !timeoutPattern.test(word))
// The longest file (50 kills) takes a few minutes on two slow cores; a hung one must not eat CI's 90 minutes.
const timeoutSeconds = Number(words.flatMap((word) => timeoutPattern.exec(word)?.[1] ?? [])[0] ?? 600)

const files = findFilesOrExit()
const options = { timeoutMs: timeoutSeconds * 1000, nodeParameters, live: files.length === 1 }
const results: FileResult[] = []
const together = files.filter((file) => !runsAlone(file))
await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, () => runQueue(together)))
await runQueue(files.filter(runsAlone))
summarise()

async function runQueue(queue: string[]): Promise<void> {
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    const result = await runTestFile(file, options)
    results.push(result)
    const state = result.problem === undefined ? 'ok  ' : 'FAIL'
    const seconds = (result.milliseconds / 1000).toFixed(1).padStart(6)
    console.log(`${state} ${seconds} s ${String(result.passed).padStart(4)} passed  ${file}`)
    if (result.problem !== undefined && !options.live) console.log(result.output.replace(/^/gm, '  | '))
  }
}

function summarise(): void {
  const broken = results.filter((result) => result.problem !== undefined)
  for (const result of results) {
    for (const note of result.notes) console.log(`note: ${result.file}: ${note}`)
    for (const name of result.skipped) console.log(`skipped: ${result.file}: ${name}`)
  }
  for (const result of broken) console.log(`FAILED: ${result.file}: ${result.problem}`)
  const passed = results.reduce((sum, result) => sum + result.passed, 0)
  // A file that crashed, hung or ran nothing counts as one failure.
  const failed = broken.reduce((sum, result) => sum + Math.max(1, result.failed), 0)
  const skipped = results.reduce((sum, result) => sum + result.skipped.length, 0)
  if (passed + failed === 0) console.log('No test ran.')
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0
}

function findFilesOrExit(): string[] {
  try {
    return findTestFiles(names)
  } catch (error) {
    console.error((error as Error).message)
    console.log('0 passed, 1 failed')
    process.exit(1)
  }
}
