import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { get, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { brotliDecompressSync } from 'node:zlib'
import { type Hub, startHub } from './index.ts'
import { nodeClock } from './node-clock.ts'

const folder = mkdtempSync(join(tmpdir(), 'kith-site-'))
const site = join(folder, 'dist')
let hub: Hub
let url: string
/** Runs as the test says. */
let atMs = 0
before(async () => {
  mkdirSync(join(site, 'assets'), { recursive: true })
  mkdirSync(join(site, 'docs'))
  writeFileSync(join(folder, 'secret.txt'), 'secret')
  writeFileSync(join(site, 'index.html'), '<title>Home</title>')
  writeFileSync(join(site, 'docs', 'index.html'), '<title>Docs</title>')
  writeFileSync(join(site, 'assets', 'app-1a2b.js'), 'export {}')
  writeFileSync(join(site, 'assets', 'empty.css'), '')
  writeFileSync(join(site, '.env'), 'secret')
  symlinkSync(join(folder, 'secret.txt'), join(site, 'link.txt'))
  hub = await startHub({
    storage: ':memory:',
    site,
    clock: { ...nodeClock, monotonic: () => performance.now() + atMs },
  })
  url = hub.url.replace('ws:', 'http:')
})
after(async () => {
  await hub.close()
  rmSync(folder, { recursive: true })
})

test('a file comes with its type, and is kept by browsers as long as its name says what is in it', async () => {
  const home = await fetch(`${url}/`)
  assert.equal(await home.text(), '<title>Home</title>')
  assert.equal(home.headers.get('content-type'), 'text/html; charset=utf-8')
  assert.equal(home.headers.get('cache-control'), 'no-cache')
  assert.equal(home.headers.get('x-content-type-options'), 'nosniff')
  const script = await fetch(`${url}/assets/app-1a2b.js?v=1`)
  assert.equal(script.headers.get('content-type'), 'text/javascript; charset=utf-8')
  assert.match(script.headers.get('cache-control') ?? '', /immutable/)
  assert.equal(await (await fetch(`${url}/docs/`)).text(), '<title>Docs</title>')
  assert.equal(await (await fetch(`${url}/assets/empty.css`)).text(), '')
})

test('what a browser has already is not sent again, and HEAD sends no content', async () => {
  const etag = (await fetch(`${url}/`)).headers.get('etag') ?? ''
  assert.equal((await fetch(`${url}/`, { headers: { 'if-none-match': etag } })).status, 304)
  const head = await fetch(`${url}/`, { method: 'HEAD' })
  assert.equal(head.headers.get('content-length'), '19')
  assert.equal(await head.text(), '')
  assert.equal((await fetch(`${url}/`, { method: 'POST' })).status, 405)
})

test('what a program takes compressed goes compressed, and a new build goes as it is now', async () => {
  const path = join(site, 'large.js')
  const code = (word: string): string => `console.log('${word}')\n`.repeat(2000)
  const ask = async (coding: string) => {
    const { headers, body } = await rawGet(`${url}/large.js`, coding)
    return { coding: headers['content-encoding'], etag: headers['etag'], vary: headers['vary'], body }
  }
  writeFileSync(path, code('one'))
  atMs += 2000
  const plain = await ask('gzip, identity')
  assert.equal(plain.coding, undefined)
  assert.equal(plain.body.toString(), code('one'))
  const small = await ask('gzip, deflate, br')
  assert.equal(small.coding, 'br')
  assert.equal(small.vary, 'accept-encoding')
  assert.notEqual(small.etag, plain.etag)
  assert.ok(small.body.length < plain.body.length / 10)
  assert.equal(brotliDecompressSync(small.body).toString(), code('one'))
  writeFileSync(path, code('two!'))
  atMs += 2000
  assert.equal(brotliDecompressSync((await ask('br')).body).toString(), code('two!'))
  assert.equal((await ask('broken')).coding, undefined)
})

test('nothing outside the folder, hidden or linked can be had, however it is written', async () => {
  const paths = [
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/..%5csecret.txt',
    '/%252e%252e/secret.txt',
    '//secret.txt',
    '/assets/..%00/secret.txt',
    '/%ff',
    '/%',
    `${folder}/secret.txt`,
    `file://${folder}/secret.txt`,
    '/.env',
    '/link.txt',
    '/docs',
    '/assets/',
    '*',
    '/constructor',
    '/__proto__',
  ]
  for (const path of paths) assert.match(await askRaw(path), /^HTTP\/1\.1 404 /, path)
})

test('after a build its files are there, and those before it that are gone are not', async () => {
  writeFileSync(join(site, 'assets', 'app-9z8y.js'), 'export {}')
  rmSync(join(site, 'assets', 'app-1a2b.js'))
  atMs += 2000
  assert.equal((await fetch(`${url}/assets/app-9z8y.js`)).status, 200)
  assert.equal((await fetch(`${url}/assets/app-1a2b.js`)).status, 404)
})

test('the hub beside it goes on telling how it is', async () => {
  assert.equal((await fetch(`${url}/health`)).status, 200)
})

test('a folder without a page is refused, before a port is taken', async () => {
  await assert.rejects(startHub({ storage: ':memory:', site: join(site, 'assets') }), { code: 'not-found' })
})

/** As no client that is well brought up would: the path as it is. */
const askRaw = (path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(hub.port, '127.0.0.1', () =>
      socket.end(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`),
    )
    let answer = ''
    socket.on('data', (data: Buffer) => {
      answer += data.toString()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
  })

/** As it comes over the wire: `fetch` unpacks by itself. */
const rawGet = (from: string, coding: string): Promise<{ headers: IncomingHttpHeaders; body: Buffer }> =>
  new Promise((resolve, reject) => {
    get(from, { headers: { 'accept-encoding': coding } }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(parts) }))
    }).on('error', reject)
  })
