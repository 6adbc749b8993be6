import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createKith } from '@kith/core'
import { KithError } from '@kith/core/bytes'
import { createNodePlatform } from '../platform/platform.ts'
import { askForSettings } from './hub-questions.ts'
import { readSaid, type Said, settingsFile, toSettings } from './hub-settings.ts'
import { serveHub } from './hub-serve.ts'
import { UsageError } from './output.ts'
import { runCommand } from './run.ts'

const main = join(import.meta.dirname, 'main.ts')
const folder = mkdtempSync(join(tmpdir(), 'kith-hub-command-'))
const children: ChildProcess[] = []
after(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

const kith = async (at: string, what: string, ...parameters: string[]) => {
  const [out, problem]: [string[], string[]] = [[], []]
  const storage = parameters.includes('--storage') ? [] : ['--storage', join(at, 'hub.db')]
  const status = await runCommand(['hub', what, ...parameters, ...storage], {
    print: (text) => out.push(text),
    printError: (text) => problem.push(text),
    columns: undefined,
  })
  return { status, out: out.join('\n'), problem: problem.join('\n') }
}

const serve = async (at: string, ...parameters: string[]) => {
  const child = spawn(process.execPath, [main, 'hub', '--port', '0', ...parameters], {
    cwd: at,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  let said = ''
  for await (const data of child.stdout) {
    said += String(data)
    if (said.includes('Ctrl-C')) break
  }
  return {
    said,
    url: /^Hub (\S+)$/m.exec(said)?.[1] ?? '',
    stop: async () => {
      child.kill('SIGTERM')
      const [status] = (await once(child, 'exit')) as [number]
      return status
    },
  }
}

const place = (name: string): string => {
  const path = join(folder, name)
  mkdirSync(path)
  return path
}

test('flags come before the environment, and that before the file; what cannot be meant is refused', () => {
  const file = join(folder, 'settings.json')
  writeFileSync(file, JSON.stringify({ port: 9000, storage: 'of-file.db', 'lease-days': '30' }))
  const { said } = readSaid(['--config', file, '--storage', 'of-flag.db'], {
    KITH_HUB_PORT: '9001',
    KITH_HUB_STORAGE: 'of-environment.db',
  })
  const settings = toSettings(said)
  assert.deepEqual(
    [settings.port, settings.storage, settings.leaseDays, settings.operatorPort],
    [9001, 'of-flag.db', 30, 9002],
  )
  assert.equal(toSettings({ 'operator-port': 'off', 'storage-max': '20G' }).storageBytesMax, 20 * 1024 ** 3)
  assert.equal(toSettings({ forward: 'off' }).forward, undefined)
  assert.deepEqual(toSettings({ forward: 'public, ws://10.0.0.2:8790' }).forward, {
    isPublic: true,
    hubs: ['ws://10.0.0.2:8790'],
  })
  for (const wrong of [
    { forward: 'everybody' },
    { forward: 'https://hub.example.org' },
    { forward: '' },
    { port: '70000' },
    { host: '0.0.0.0' },
    { certificate: 'a.pem' },
    { acme: 'hub.example.org' },
    { acme: 'localhost', 'acme-terms': 'agreed' },
    { acme: 'hub.example.org', 'acme-terms': 'agreed', 'proxy-header': 'x-forwarded-for' },
    { acme: 'hub.example.org', 'acme-terms': 'agreed', 'acme-directory': 'elsewhere' },
    { 'acme-terms': 'agreed' },
    { url: 'https://hub.example.org' },
    { 'lease-days': '0' },
    { 'storage-max': 'much' },
    { 'operator-host': '0.0.0.0' },
    { access: 'closed' },
    { tokens: '5000' },
    { 'token-room': '0x' },
    { work: 'sometimes' },
    { 'work-bits': '21' },
  ]) {
    assert.throws(() => toSettings(wrong), UsageError, JSON.stringify(wrong))
  }
  writeFileSync(file, '{"colour": "red"}')
  assert.throws(() => readSaid(['--config', file], {}), KithError)
})

test('a person at a terminal answers four questions at most, and none the next time', async (context) => {
  const before = process.cwd()
  process.chdir(place('asked'))
  context.after(() => process.chdir(before))
  writeFileSync('fullchain.pem', '')
  writeFileSync('privkey.pem', '')
  for (const [answers, expected] of [
    [['', ''], { storage: 'hub.db' }],
    [
      ['a.db', '2', 'wss://h.example', '3'],
      { storage: 'a.db', 'proxy-header': 'x-forwarded-for', url: 'wss://h.example', access: 'metered' },
    ],
    [['', '4', 'h.example.org', 'yes'], { storage: 'hub.db', acme: 'h.example.org', 'acme-terms': 'agreed' }],
    [['', '3', '', ''], { storage: 'hub.db', host: '0.0.0.0', certificate: 'fullchain.pem', key: 'privkey.pem' }],
  ] as const) {
    const left: string[] = [...answers]
    const said = await askForSettings(
      async () => left.shift() ?? assert.fail('a fifth question'),
      () => {},
    )
    assert.deepEqual(said, expected)
    assert.deepEqual(readSaid([], {}).said, expected)
    assert.equal(statSync(settingsFile).mode & 0o077, 0)
    toSettings(said)
  }
})

test('a hub is examined, copied while it runs, stopped, copied again and restored', { timeout: 60_000 }, async () => {
  const at = place('whole')
  const hub = await serve(at)
  const port = new URL(hub.url).port
  assert.ok(!hub.said.includes('operator:'), 'no token in a journal')
  const well = await kith(at, 'doctor', '--port', port)
  assert.equal(well.problem, '')
  assert.equal(well.status, 0, well.out)
  assert.match(well.out, /✔ Healthy: 0 connections, 0 logs/)
  assert.ok(!well.out.includes('✘') && !well.out.includes('\u001b'))

  assert.match((await kith(at, 'backup', join(at, 'one'))).out, /Copied to .*one/)
  assert.equal(await hub.stop(), 0)
  assert.match((await kith(at, 'backup', join(at, 'two'))).out, /Copied to .*two/)
  const ill = await kith(at, 'doctor', '--port', port)
  assert.equal(ill.status, 1)
  assert.match(ill.out, /✔ The database is whole/)
  assert.match(ill.out, /✘ Nothing answers on ws:.*Start it/)

  assert.match((await kith(at, 'restore', join(at, 'one'))).problem, /hub\.db is there already/)
  for (const copy of ['one', 'two']) {
    assert.equal((await kith(at, 'restore', join(at, copy), '--storage', join(at, `${copy}.db`))).problem, '')
    assert.equal(statSync(join(at, `${copy}.db`)).mode & 0o077, 0)
  }
  writeFileSync(join(at, 'two.db'), readFileSync(join(at, 'two.db')).fill(0xa5, 8192))
  chmodSync(join(at, 'two.db'), 0o644)
  const { out } = await kith(
    at,
    'doctor',
    '--port',
    port,
    '--storage',
    join(at, 'two.db'),
    '--url',
    `ws://127.0.0.1:${port}`,
  )
  assert.match(out, /✘ \S*two\.db (is damaged|cannot be read)/)
  assert.match(out, /✘ \S*two\.db can be read by others.*chmod 600/)
  assert.match(out, /✘ ws:\S+ cannot be reached/)
})

test('the doctor looks at certificates and at who answers from outside', { timeout: 60_000 }, async () => {
  const at = place('secure')
  const make = (name: string, days: string) =>
    execFileSync(
      'openssl',
      [
        ...`req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days ${days} -subj /CN=x -addext subjectAltName=DNS:localhost`.split(
          ' ',
        ),
        '-keyout',
        join(at, `${name}.key`),
        '-out',
        join(at, `${name}.pem`),
      ],
      { stdio: 'ignore' },
    )
  make('good', '90')
  make('short', '3')
  const quiet = { print: () => {}, printError: () => {}, columns: undefined }
  const start = (said: Said) => serveHub(toSettings({ port: '0', ...said }), quiet)
  const pem = (name: string, key = name) => ({ certificate: join(at, `${name}.pem`), key: join(at, `${key}.key`) })
  const flags = (name: string, key = name) => ['--certificate', pem(name).certificate, '--key', pem(name, key).key]
  await using hub = await start({ storage: join(at, 'hub.db'), ...pem('good') })
  await using other = await start({ storage: join(at, 'other.db') })
  const port = new URL(hub.url).port
  assert.match(hub.url, /^wss:/)
  const examine = (...more: string[]) => kith(at, 'doctor', '--port', port, ...more)
  const fine = await examine(...flags('good'))
  assert.equal(fine.status, 0, fine.out)
  assert.match(fine.out, /✔ The certificate is good for \d+ days/)
  const pair = [...flags('good'), '--url']
  assert.match((await examine(...pair, other.url)).out, /✘ Another hub answers/)
  assert.match((await examine(...pair, hub.url)).out, /✘ wss:\S+ cannot be reached \(self-signed certificate/)
  assert.match((await examine(...flags('short'))).out, /✘ The certificate ends in \d days/)
  assert.match((await examine(...flags('short', 'good'))).out, /✘ \S+good\.key is not the key/)
  assert.ok(existsSync(join(at, 'hub.db-operator.json')))
})

test('members are invited, listed and removed, at a running hub and at one that is not; the doctor counts them', {
  timeout: 120_000,
}, async () => {
  const at = place('members')
  const metered = ['--access', 'metered', '--tokens', '3']
  const hub = await serve(at, ...metered)
  const port = new URL(hub.url).port
  const run = (what: string, ...more: string[]) => kith(at, what, ...more, '--port', port, ...metered)
  const first = await run('invite', '--url', 'wss://hub.example.org')
  assert.match(first.out, /^wss:\/\/hub\.example\.org#[\w-]{64}\nThis is invite 1, /)
  const second = await run('invite')
  assert.match(second.out, /^ws:\/\/127\.0\.0\.1:\d+#[\w-]{64}\n/)
  const alice = await createKith(await createNodePlatform(join(at, 'alice.db')), { name: 'Alice' })
  await alice.joinHub(second.out.split('\n')[0]!)
  await alice.close()
  assert.match((await run('members')).out, /^1\tinvite, good until \d{4}-\d\d-\d\d\n2\tmember$/)
  assert.match((await run('doctor')).out, /✔ For members, metered: 1 member, 1 invite/)
  assert.match((await kith(at, 'doctor', '--port', port)).out, /✘ The hub runs as metered, and is set to open/)
  assert.match((await run('remove', '1')).out, /1 is gone/)
  assert.match((await run('remove', '1')).problem, /no member or invite 1/)
  assert.match((await run('remove', 'all')).problem, /"all" is no number/)
  assert.equal(await hub.stop(), 0)
  assert.match((await run('members')).out, /^2\tmember$/)
  assert.match((await run('invite')).out, /This is invite 3/)
  for (const file of ['hub.db', 'hub.db-wal'].filter((name) => existsSync(join(at, name))))
    assert.ok(
      !readFileSync(join(at, file)).includes(
        Buffer.from(first.out.split('#')[1]!.slice(0, 64), 'base64url').subarray(32),
      ),
    )
})
