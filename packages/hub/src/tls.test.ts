import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { WebSocket } from 'ws'
import { startHub } from './hub.ts'
import type { HubLogEvent } from './log.ts'
import { createTestClock } from './testing/clock.ts'

const folder = mkdtempSync(join(tmpdir(), 'kith-tls-'))

function makeCertificate(name: string): { certificate: string; key: string } {
  const [certificate, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)]
  const parameters = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=${name} -addext subjectAltName=DNS:localhost`
  execFileSync('openssl', [...parameters.split(' '), '-keyout', key, '-out', certificate], { stdio: 'ignore' })
  return { certificate, key }
}

test('a hub serves with its certificate, takes a renewed one over, and keeps the old where the new is wrong', async (context) => {
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  const [first, second] = [makeCertificate('first'), makeCertificate('second')]
  const [clock, events] = [createTestClock(), [] as HubLogEvent[]]
  const hub = await startHub({ storage: ':memory:', tls: first, clock, log: (event) => events.push(event) })
  context.after(() => hub.close())
  assert.match(hub.url, /^wss:/)
  const nameOf = () =>
    new Promise((resolve, reject) => {
      const socket = connect({ port: hub.port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().subject.CN)
        socket.destroy()
      })
      socket.on('error', reject)
    })
  const socket = new WebSocket(hub.url, { rejectUnauthorized: false })
  await new Promise((resolve, reject) => socket.once('message', resolve).once('error', reject))
  assert.equal(await nameOf(), 'first')

  writeFileSync(first.certificate, 'half a file')
  clock.advance(30_000)
  assert.equal(await nameOf(), 'first')
  assert.equal(events.at(-1)?.event, 'certificate-failed')

  copyFileSync(second.certificate, first.certificate)
  copyFileSync(second.key, first.key)
  utimesSync(first.certificate, 1, 1)
  clock.advance(30_000)
  assert.equal(await nameOf(), 'second')
  socket.terminate()
})

test('files that do not belong together are refused by name', async () => {
  const files = { certificate: join(folder, 'none.pem'), key: join(folder, 'none.key') }
  await assert.rejects(startHub({ storage: ':memory:', tls: files }), {
    code: 'storage-unavailable',
    message: /none\.pem/,
  })
})
