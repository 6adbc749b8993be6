/** The suite against hubs in processes of their own: honest ones pass, and each that does one thing wrong is found out by the checks that say so. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { checks } from './checks/index.ts'
import { runSuite } from './suite.ts'
import { faults, startFaultyHub } from './testing/faulty-hub.ts'

const folder = mkdtempSync(join(tmpdir(), 'kith-conformance-'))
const children: ChildProcess[] = []
/** A machine under load answers late. */
const patience = { waitMs: 60_000, totalMs: 500_000 }
let url = ''
let carrier = ''

before(async () => {
  url = await startHub('hub.db')
  carrier = await startHub('carrier.db', '--forward', url)
})

async function startHub(storage: string, ...more: string[]): Promise<string> {
  const command = join(import.meta.dirname, '../packages/node/src/command/main.ts')
  const parameters = ['hub', '--port', '0', '--operator-port', 'off', '--storage', join(folder, storage), ...more]
  const child = spawn(process.execPath, [command, ...parameters], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  let said = ''
  for await (const data of child.stdout) {
    said += String(data)
    if (said.includes('Ctrl-C')) break
  }
  return /^Hub (\S+)$/m.exec(said)![1]!
}

after(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

const failed = ({ reports }: Awaited<ReturnType<typeof runSuite>>) =>
  reports.filter(({ outcome }) => outcome === 'fail').map(({ check, why }) => `${check.name}: ${why}`)

test('each check has a name of its own, and quotes docs/protocol/hub.md under the heading that it names', () => {
  const plain = (text: string): string => text.replace(/\s+/g, ' ').replaceAll("'", '’')
  const page = readFileSync(join(import.meta.dirname, '../docs/protocol/hub.md'), 'utf8')
  const sections = new Map(
    page.split(/^#+ /m).map((part) => {
      const [heading = '', ...lines] = part.split('\n')
      return [heading, plain(lines.join('\n'))]
    }),
  )
  for (const { name, section, says } of checks)
    assert.ok(sections.get(section)?.includes(plain(says)), `${name}: "${says}" does not stand under ${section}`)
  assert.equal(new Set(checks.map(({ name }) => name)).size, checks.length)
})

test('a hub that everybody may use passes, by the command that a stranger types', async () => {
  const main = join(import.meta.dirname, 'main.ts')
  const parameters = [main, url, '--carrier', carrier, '--wait', '60', '--seconds', '500']
  const { stdout } = await promisify(execFile)(process.execPath, parameters)
  assert.match(stdout, /^pass +carried /m)
  const lines = stdout.trim().split('\n')
  const count = (outcome: string) => lines.filter((line) => line.startsWith(outcome.padEnd(8))).length
  assert.equal(lines.at(-1), `${count('pass')} passed, 0 failed, ${count('skipped')} skipped`)
  assert.equal(count('pass') + count('skipped'), checks.length)
  assert.ok(count('pass') > 50, stdout)
})

test('a metered hub passes with an invite, again with the same, and without one says what it skipped', async () => {
  const child = fork(join(import.meta.dirname, 'testing/small-hub.ts'), [join(folder, 'small.db')])
  children.push(child)
  const [told] = (await once(child, 'message')) as [{ url: string; invite: string }]
  for (let run = 0; run < 2; run += 1) {
    const result = await runSuite({ ...told, ...patience })
    assert.deepEqual(failed(result), [])
    const skipped = result.reports.filter(({ outcome }) => outcome === 'skipped').map(({ check }) => check.name)
    assert.deepEqual(skipped.sort(), ['carried', 'knocks-are-few'])
  }
  const stranger = await runSuite({ url: told.url, ...patience })
  assert.deepEqual(failed(stranger), [])
  const reasons = stranger.reports.filter(({ outcome }) => outcome === 'skipped').map(({ why }) => why)
  assert.ok(reasons.length > 10 && reasons.every((why) => /--invite|--carrier|on this machine/.test(why ?? '')))
  await assert.rejects(runSuite({ url: told.url, invite: 'A'.repeat(64), ...patience }), /does not take the invite/)
})

test('where nobody answers, or somebody who is no hub, the command says so and fails', async () => {
  const main = join(import.meta.dirname, 'main.ts')
  for (const wrong of ['ws://127.0.0.1:9', 'http://127.0.0.1:9', '']) {
    const run = promisify(execFile)(process.execPath, [main, wrong])
    await assert.rejects(run, (error: { code: number; stdout: string }) => {
      assert.equal(error.code, 1)
      assert.match(error.stdout, /^0 passed, 1 failed, 0 skipped$/m)
      return true
    })
  }
})

test('an honest hub passes through the proxy that the faults are made by', async (context) => {
  const proxy = await startFaultyHub(url, undefined)
  context.after(proxy.close)
  assert.deepEqual(failed(await runSuite({ url: proxy.url, ...patience })), [])
})

for (const [what, fault] of Object.entries(faults)) {
  test(`a hub that ${what} is caught by ${fault.caughtBy.join(', ')}`, async (context) => {
    const proxy = await startFaultyHub(url, fault)
    context.after(proxy.close)
    const { reports } = await runSuite({ url: proxy.url, ...patience })
    const names = reports.filter(({ outcome }) => outcome === 'fail').map(({ check }) => check.name)
    assert.deepEqual(names.sort(), [...fault.caughtBy].sort())
  })
}
