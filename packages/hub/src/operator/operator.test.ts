import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { toHex } from '@kith/core/bytes'
import { restoreStorage } from '../backup.ts'
import { startHub } from '../hub.ts'
import { random } from '../node-crypto.ts'
import { createTestClock } from '../testing/clock.ts'
import { connectTestClient, createTestLog, openLog, pullAll, pullItem, putEntries } from '../testing/client.ts'

const token = 'a-token-of-some-length'
const bearer = { authorization: `Bearer ${token}` }
const basic = (password: string) => ({ authorization: `Basic ${Buffer.from(`me:${password}`).toString('base64')}` })

async function start(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'kith-hub-'))
  const storage = join(folder, 'hub.db')
  const clock = createTestClock()
  const hub = await startHub({ storage, clock, operator: { port: 0, token } })
  context.after(async () => {
    await hub.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const get = (path: string, headers: Record<string, string> = bearer, method = 'GET') =>
    fetch(`${hub.operatorUrl}${path}`, { method, headers })
  return { hub, clock, folder, storage, get }
}

test('the page and the numbers want the token, and are not on the clients’ port', async (context) => {
  const { hub, get } = await start(context)
  for (const path of ['/', '/metrics', '/backup']) {
    assert.equal((await get(path, {})).status, 401)
    assert.equal((await get(path, basic('a-token-of-some-lengtH'))).status, 401)
    assert.equal((await fetch(`http://127.0.0.1:${hub.port}${path}`, { headers: bearer })).status, 404)
  }
  assert.equal((await get('/', basic(token))).status, 200)
  assert.equal((await get('/backup', basic(token), 'POST')).status, 404, 'no page can make a browser ask for a copy')
  for (const path of ['/invite', '/remove?n=1']) assert.equal((await get(path, basic(token), 'POST')).status, 404)
  const { n, secret } = (await (await get('/invite', bearer, 'POST')).json()) as { n: number; secret: string }
  assert.match(secret, /^[\w-]{64}$/)
  assert.equal(await (await get('/remove?n=x', bearer, 'POST')).json(), false)
  assert.equal(((await (await get('/members', bearer)).json()) as unknown[]).length, 1)
  assert.equal(await (await get(`/remove?n=${n}`, bearer, 'POST')).json(), true)
  await assert.rejects(startHub({ storage: ':memory:', operator: { port: 0, token: 'short' } }), { code: 'bad-value' })
})

test('what happens is counted, and nothing that is shown names a log, an entry or an address', async (context) => {
  const { hub, clock, storage, get } = await start(context)
  const [writer, reader] = [await connectTestClient(hub.url), await connectTestClient(hub.url)]
  const log = createTestLog()
  await openLog(writer, log)
  await openLog(reader, log, 'read')
  await reader.ask({ type: 'pull', pulls: [pullItem(log, { follow: true })] })
  const entries = [random(300), random(500)]
  await putEntries(writer, log, entries)
  await putEntries(writer, createTestLog(), entries)
  await writer.ask({ type: 'signal', signals: [{ log: log.id, to: undefined, bytes: random(10) }] })
  clock.advance(30_000)
  clock.advance(30_000)
  const metrics = await (await get('/metrics')).text()
  for (const line of [
    'kith_hub_healthy 1',
    'kith_hub_connections_open 2',
    'kith_hub_logs 1',
    'kith_hub_entries 2',
    'kith_hub_entry_bytes 800',
    'kith_hub_entries_put_total 2',
    'kith_hub_bytes_put_total 800',
    'kith_hub_entries_sent_total 2',
    'kith_hub_logs_opened_total 2',
    'kith_hub_signals_total 1',
    'kith_hub_refusals_total{reason="refused"} 1',
  ]) {
    assert.ok(metrics.split('\n').includes(line), `${line} is not in\n${metrics}`)
  }
  // Nothing has been moved into the database file yet: what lies in its log of changes counts.
  const databaseBytes = Number(/^kith_hub_database_bytes (\d+)$/m.exec(metrics)?.[1])
  assert.ok(databaseBytes > statSync(storage).size, `${databaseBytes} bytes`)
  assert.match(metrics, /^(# (HELP|TYPE) kith_hub_\w+ .+\n|kith_hub_\w+(\{(reason|mode)="[a-z-]+"\})? [\d.]+\n)+$/)
  const page = await (await get('/')).text()
  assert.match(page, /<svg/)
  for (const shown of [metrics, page]) {
    for (const secret of [log.id, ...entries.map((entry) => entry.subarray(0, 16)), log.seeds.read]) {
      assert.ok(!shown.includes(toHex(secret)) && !shown.includes(Buffer.from(secret).toString('base64').slice(0, 12)))
    }
    assert.ok(!/127\.0\.0\.1|::1/.test(shown))
  }
})

test('a copy that is made while entries come is a hub with its key and another generation', async (context) => {
  const { hub, folder, get } = await start(context)
  const client = await connectTestClient(hub.url)
  const log = createTestLog()
  const { generation } = await openLog(client, log)
  const put = async (from: number) => {
    for (let at = from; at < from + 20; at += 1) await putEntries(client, log, [random(at % 5 === 0 ? 80_000 : 3_000)])
  }
  await put(0)
  const [copied] = await Promise.all([get('/backup', bearer, 'POST'), put(20)])
  await put(40)
  // A second copy into the same folder takes what is new.
  await get('/backup', bearer, 'POST')
  const { folder: made } = (await copied.json()) as { folder: string }
  const restored = join(folder, 'restored', 'hub.db')
  assert.throws(() => restoreStorage(join(folder, 'nothing'), restored), { code: 'not-found' })
  assert.throws(() => restoreStorage(made, join(folder, 'hub.db')), { code: 'storage-busy' })
  restoreStorage(made, restored)
  assert.ok(existsSync(`${restored}-entries`))
  const second = await startHub({ storage: restored })
  context.after(() => second.close())
  const other = await connectTestClient(second.url)
  assert.deepEqual(other.hello.hubKey, client.hello.hubKey)
  assert.notDeepEqual((await openLog(other, log)).generation, generation)
  assert.equal((await pullAll(other, pullItem(log))).length, 60)
})
