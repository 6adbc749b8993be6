import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startHub } from './hub.ts'

function createFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'kith-hub-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

test('a port in use is named as such, and no database is made for it', async (context) => {
  const folder = createFolder(context)
  const hub = await startHub({ storage: ':memory:' })
  context.after(() => hub.close())
  await assert.rejects(startHub({ storage: join(folder, 'hub.db'), port: hub.port }), {
    code: 'port-unavailable',
    message: new RegExp(`Port ${hub.port} of 127\\.0\\.0\\.1 is in use`),
  })
  assert.deepEqual(readdirSync(folder), [])
})

test('a number that is no port is named as such, and no database is made for it', async (context) => {
  const folder = createFolder(context)
  await assert.rejects(startHub({ storage: join(folder, 'hub.db'), port: 65_536 }), {
    code: 'port-unavailable',
    message: /65536 is no port/,
  })
  assert.deepEqual(readdirSync(folder), [])
})

test('an address that the machine does not have is named as such, and no database is made for it', async (context) => {
  const folder = createFolder(context)
  // TEST-NET-1 of RFC 5737.
  await assert.rejects(startHub({ storage: join(folder, 'hub.db'), host: '192.0.2.1' }), {
    code: 'host-unavailable',
    message: /the address 192\.0\.2\.1/,
  })
  assert.deepEqual(readdirSync(folder), [])
})

test('a hub whose database cannot be opened lets go of its port', async (context) => {
  const folder = createFolder(context)
  const port = await freePort()
  await assert.rejects(startHub({ storage: join(folder, 'no-folder', 'hub.db'), port }), {
    code: 'storage-unavailable',
  })
  await assert.rejects(
    new Promise((resolve, reject) => connect(port, '127.0.0.1', () => resolve(port)).on('error', reject)),
  )
})

async function freePort(): Promise<number> {
  const hub = await startHub({ storage: ':memory:' })
  await hub.close()
  return hub.port
}
