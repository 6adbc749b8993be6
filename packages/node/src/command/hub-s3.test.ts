/** `kith hub` with large entries on S3. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startLine, startS3 } from '../../../hub/src/testing/s3.ts'
import { readSaid, toSettings } from './hub-settings.ts'
import { UsageError } from './output.ts'
import { runCommand } from './run.ts'

const main = join(import.meta.dirname, 'main.ts')
const folder = mkdtempSync(join(tmpdir(), 'kith-hub-s3-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('a hub on S3 says no key anywhere; the doctor sees when the service is away and when the key is wrong', {
  timeout: 180_000,
}, async (context) => {
  const service = await startS3()
  const line = await startLine(service.port)
  context.after(async () => {
    await line.close()
    await service.stop()
  })
  const { bucket, keyId, secret } = service.createOptions()
  const storage = join(folder, 'hub.db')
  const flags = ['--storage', storage, '--s3-endpoint', `http://127.0.0.1:${line.port}`, '--s3-bucket', bucket]
  const keys = { KITH_HUB_S3_KEY_ID: keyId, KITH_HUB_S3_SECRET: secret }
  let said = ''
  const serve = (environment: Record<string, string>) => {
    const child = spawn(process.execPath, [main, 'hub', '--port', '0', ...flags], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    context.after(() => child.kill('SIGKILL'))
    child.stderr.on('data', (data) => (said += String(data)))
    return child
  }
  const wrong = serve({ ...keys, KITH_HUB_S3_SECRET: 'mistyped' })
  assert.deepEqual(await once(wrong, 'exit'), [1, null])
  assert.match(said, /The hub's S3: it refuses the key or its rights/)

  const child = serve(keys)
  for await (const data of child.stdout) if ((said += String(data)).includes('Ctrl-C')) break
  assert.match(said, /^Storage .*hub\.db, S3$/m)
  const port = /^Hub ws:\S+:(\d+)$/m.exec(said)?.[1] ?? ''
  const kith = async (what: string, more: Record<string, string> = {}) => {
    Object.assign(process.env, keys, more)
    const out: string[] = []
    const print = (text: string) => void out.push(text)
    const parameters = ['hub', ...what.split(' '), ...flags, '--port', port]
    const status = await runCommand(parameters, { print, printError: print, columns: undefined })
    for (const name of Object.keys(keys)) delete process.env[name]
    said += out.join('\n')
    return { status, out: out.join('\n') }
  }
  const well = await kith('doctor')
  assert.equal(well.status, 0, well.out)
  assert.match(well.out, /✔ S3 answers$/m)
  const refused = await kith('doctor', { KITH_HUB_S3_SECRET: 'mistyped' })
  assert.equal(refused.status, 1)
  assert.match(refused.out, /✘ S3: it refuses the key or its rights \(\w+\)/)
  line.cut()
  assert.match((await kith('doctor')).out, /✘ S3: it cannot be reached/)
  line.mend()
  assert.match((await kith(`backup ${join(folder, 'copy')}`)).out, /Its large entries stay on S3/)
  assert.match((await kith('take-bucket')).out, /is open in another process/)
  child.kill('SIGTERM')
  assert.deepEqual(await once(child, 'exit'), [0, null])
  assert.match((await kith('take-bucket')).out, /The bucket is this hub’s now/)
  assert.ok(!said.includes(secret) && !said.includes('mistyped') && !said.includes(keyId))
})

test('keys are refused as flags, and settings that do not go together', () => {
  for (const name of ['s3-key-id', 's3-secret'])
    assert.throws(() => readSaid([`--${name}`, 'x'], {}), /seen by the machine’s other users/)
  const whole = {
    's3-endpoint': 'https://s3.example.org',
    's3-bucket': 'kith',
    's3-key-id': 'id',
    's3-secret': 'secret',
  }
  assert.equal(toSettings(whole).s3?.prefix, 'kith/')
  for (const wrong of [
    { 's3-endpoint': 'https://user:pass@s3.example.org' },
    { 's3-endpoint': 'https://s3.example.org/kith' },
    { 's3-endpoint': 'ftp://s3.example.org' },
    { 's3-bucket': '../etc' },
    { 's3-prefix': '/kith' },
    { 's3-region': 'a b' },
    { 's3-key-id': '' },
    { 's3-secret': 'two\nlines' },
  ])
    assert.throws(
      () => toSettings({ ...whole, ...wrong }),
      (cause) => cause instanceof UsageError && !cause.message.includes('two'),
      JSON.stringify(wrong),
    )
  assert.throws(() => toSettings({ 's3-bucket': 'kith' }), UsageError)
})
