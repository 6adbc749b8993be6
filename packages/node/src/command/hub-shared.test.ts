/** `kith hub` where several processes share one hub. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startNats, startPostgres } from '../../../hub/src/testing/servers.ts'
import { toSettings } from './hub-settings.ts'
import { UsageError } from './output.ts'
import { runCommand } from './run.ts'

const main = join(import.meta.dirname, 'main.ts')
const folder = mkdtempSync(join(tmpdir(), 'kith-hub-shared-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('two processes serve one hub, none of them says a password, and the doctor looks at what they share', {
  timeout: 120_000,
}, async (context) => {
  const [postgres, nats] = [await startPostgres(), await startNats()]
  context.after(() => Promise.all([postgres.stop(), nats.stop()]))
  const database = (await postgres.createDatabase()).replace('kith@', 'kith:hunter2@')
  const serve = async (name: string) => {
    const child = spawn(process.execPath, [main, 'hub', '--port', '0', '--storage', join(folder, name)], {
      env: { ...process.env, KITH_HUB_DATABASE: database, KITH_HUB_NATS: nats.url },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    context.after(() => child.kill('SIGKILL'))
    let said = ''
    child.stderr.on('data', (data) => (said += String(data)))
    for await (const data of child.stdout) if ((said += String(data)).includes('Ctrl-C')) break
    return { child, said: () => said, port: /^Hub ws:\S+:(\d+)$/m.exec(said)?.[1] ?? '' }
  }
  const processes = [await serve('a'), await serve('b')]
  const kith = async (what: string, storage: string, ...more: string[]) => {
    const out: string[] = []
    const print = (text: string) => void out.push(text)
    const parameters = ['hub', what, ...more, '--storage', join(folder, storage), '--database', database]
    const status = await runCommand(parameters, { print, printError: print, columns: undefined })
    return { status, out: out.join('\n') }
  }
  for (const [at, { port }] of processes.entries()) {
    const { status, out } = await kith('doctor', 'ab'[at]!, '--port', port, '--nats', nats.url)
    assert.equal(status, 0, out)
    assert.match(out, /✔ PostgreSQL \d+\.\d+ answers\n✔ NATS answers/)
    assert.match(out, /✔ Healthy/)
  }
  const ill = await kith('doctor', 'a', '--port', processes[0]!.port, '--nats', 'nats://127.0.0.1:1')
  assert.match(ill.out, /✘ NATS does not answer/)
  const invited = await kith('invite', 'a', '--access', 'invited')
  assert.match(invited.out, /This is invite 1,/)
  assert.match((await kith('members', 'b')).out, /^1\tinvite/, 'the other process knows it')
  assert.match((await kith('invite', 'c')).out, /No process of the hub can be asked/)
  assert.match((await kith('backup', 'a', join(folder, 'copy'))).out, /pg_dump/)
  for (const { child, said } of processes) {
    child.kill('SIGTERM')
    assert.deepEqual(await once(child, 'exit'), [0, null])
    assert.match(said(), /Storage PostgreSQL, NATS/)
    assert.ok(!said().includes('hunter2') && !ill.out.includes('hunter2'))
  }
  const renewed = await kith('new-generation', 'a')
  assert.equal(renewed.status, 0, renewed.out)
})

test('settings that do not go together are refused', () => {
  for (const said of [{ nats: 'nats://h' }, { database: 'postgres://h/x', 'storage-max': '1G' }])
    assert.throws(() => toSettings(said), UsageError)
})
