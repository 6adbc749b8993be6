// A node:test reporter that writes what scripts/test.ts needs as JSON: the counts, each test that was skipped, and what
// tests say by `t.diagnostic()` (seeds, smaller data than usual).
import type { TestEvent } from 'node:test/reporters'

export type TestReport = { passed: number; failed: number; skipped: string[]; notes: string[] }

/** The lines that node:test adds itself at the end. */
const countPattern = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/

export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const found: TestReport = { passed: 0, failed: 0, skipped: [], notes: [] }
  for await (const event of events) {
    if (event.type === 'test:diagnostic' && !countPattern.test(event.data.message)) found.notes.push(event.data.message)
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue
    const { data } = event
    if (data.details.type === 'suite' && event.type === 'test:pass') continue
    const left = data.skip ?? data.todo
    if (left !== undefined && left !== false) {
      found.skipped.push(typeof left === 'string' && left !== '' ? `${data.name} (${left})` : data.name)
    } else if (event.type === 'test:pass') {
      found.passed += 1
    } else if (data.details.type !== 'suite') {
      found.failed += 1
    }
  }
  yield `${JSON.stringify(found)}\n`
}
