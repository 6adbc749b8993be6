/** `kith hub --acme` as an operator has it: a process, a real authority, and the doctor. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { connect } from 'node:tls'
import { startAuthority, type TestAuthority } from '../../../hub/src/testing/pebble.ts'
import { freePort } from '../../../hub/src/testing/servers.ts'
import { runCommand } from './run.ts'

const main = join(import.meta.dirname, 'main.ts')
const folder = mkdtempSync(join(tmpdir(), 'kith-hub-acme-'))
const children: ChildProcess[] = []
let authority: TestAuthority
let port = 0

before(async () => {
  port = await freePort()
  authority = await startAuthority(port)
})

after(async () => {
  for (const child of children) child.kill('SIGKILL')
  await authority.stop()
  rmSync(folder, { recursive: true, force: true })
})

const settingsOf = (storage: string): string[] =>
  [
    ['--storage', join(folder, storage), '--host', '127.0.0.1', '--port', String(port), '--operator-port', 'off'],
    ['--acme', 'hub.example.org', '--acme-terms', 'agreed'],
    ['--acme-directory', authority.directory, '--acme-roots', authority.directoryRoots],
  ].flat()

/** Until it has told what came of its certificate. */
async function serve(storage: string): Promise<{ said: string; stop: () => Promise<void> }> {
  const child = spawn(process.execPath, [main, 'hub', ...settingsOf(storage)], { stdio: ['ignore', 'ignore', 'pipe'] })
  children.push(child)
  let said = ''
  for await (const data of child.stderr) {
    said += String(data)
    if (said.includes('"certificate-')) break
  }
  return {
    said,
    async stop() {
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

async function examine(storage: string): Promise<string> {
  const out: string[] = []
  const output = {
    print: (text: string) => out.push(text),
    printError: (text: string) => out.push(text),
    columns: undefined,
  }
  await runCommand(['hub', 'doctor', ...settingsOf(storage)], output)
  return out.join('\n')
}

test('a hub started with its name alone serves wss:// for it, and the doctor says for how many days', async () => {
  assert.match(await examine('good.db'), /✘ No certificate for hub\.example\.org was got yet/)
  const hub = await serve('good.db')
  assert.match(hub.said, /^\{"event":"certificate-obtained","until":"2\d{3}-/m)
  assert.doesNotMatch(hub.said, /PRIVATE|account/)
  const ca = await authority.root()
  const socket = connect({ port, host: '127.0.0.1', servername: 'hub.example.org', ca })
  await once(socket, 'secureConnect')
  socket.destroy()
  const found = await examine('good.db')
  assert.match(found, /✔ The certificate for hub\.example\.org is good for \d+ days$/m)
  assert.match(found, /✔ A hub answers on wss:/)
  await hub.stop()
})

test('where none is given the hub says why, goes on, and the doctor says when it tries again', async () => {
  await authority.setNames(false)
  const hub = await serve('ill.db')
  assert.match(hub.said, /"certificate-failed".*No certificate for hub\.example\.org/)
  assert.match(
    await examine('ill.db'),
    /✘ There is no certificate; the last try failed, the next is at 2\d{3}-.*Could not resolve/,
  )
  await hub.stop()
  await authority.setNames(true)
})
