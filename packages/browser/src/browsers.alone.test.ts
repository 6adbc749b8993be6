/** Real browsers: Debian's Chromium and Firefox ESR, on the same pages and against the same hub. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startChromium } from './testing/chromium.ts'
import { runClosings } from './testing/closings.ts'
import { startFirefox } from './testing/firefox.ts'
import { measureStart } from './testing/measure-start.ts'
import { ask, call, openPage } from './testing/pages.ts'
import { codeBytesMax, codeSize } from './testing/site.ts'
import { testSmoke } from './testing/smoke.ts'
import { testTabs } from './testing/tabs.ts'
import { createWorld } from './testing/world.ts'

const chromium = createWorld('Chromium', startChromium)
const firefox = createWorld('Firefox', startFirefox)

testSmoke(chromium)
testTabs(chromium)

test('tabs write while the one that leads is closed, crashes or loses its worker: no row is lost, none written twice', {
  timeout: 90_000,
}, async () => {
  await (await chromium.openPage()).close()
  const { rows, failures, complaints } = await runClosings({
    browser: chromium.browser(),
    url: chromium.site().url,
    store: 'closings',
    tabs: 4,
    closings: 6,
    // Each way to go, in turn.
    random: ((ways) => () => (ways.push(ways.shift() as number), ways.at(-1) as number))([0, 0.7, 0.95]),
  })
  assert.ok(rows > 20, `${rows} rows`)
  assert.deepEqual([failures, complaints], [[], []])
})

test('a full disk is storage-full with what this site has of how much; what was acknowledged stays, and work goes on', {
  timeout: 60_000,
}, async () => {
  const page = await chromium.openPage('conformance.html')
  const session = await chromium.browser().newCDPSession(page)
  const origin = chromium.site().url
  // What the tests before left behind is more or less: it must not be what fills the disk.
  const { usage = 0 } = await page.evaluate(async () => navigator.storage.estimate())
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: usage + 24 * 1024 * 1024 })
  const { failure, acknowledged, kept } = await ask(page, 'full')
  assert.equal(failure, 'storage-full')
  assert.ok(acknowledged > 2 && acknowledged === kept, `${acknowledged} acknowledged, ${kept} kept`)

  const app = await chromium.openPage()
  await session.send('Storage.overrideQuotaForOrigin', { origin })
  await call(app, 'open', '', 'crammed')
  await call(app, 'create')
  const { usedBytes = 0 } = await call(app, 'storageStatus')
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: usedBytes + 3_000_000 })
  const filled = await call(app, 'fill')
  assert.equal(filled.code, 'storage-full')
  assert.match(filled.message, /this site has \d+ MB here/)
  assert.ok(Number(filled.usedBytes) > usedBytes)
  await session.send('Storage.overrideQuotaForOrigin', { origin })
  assert.equal((await call(app, 'titles')).length, filled.acknowledged)
  await call(app, 'single', 1)
  await call(app, 'close')
  await Promise.all([app.close(), page.close()])
})

testSmoke(firefox)
testTabs(firefox)

test('a private window of Firefox keeps no files: tabs share what is in memory, the status says so, and its end is told', {
  timeout: 60_000,
}, async () => {
  await firefox.restart()
  const browser = await startFirefox(`${firefox.folder}/private`, true)
  try {
    const open = () => openPage(browser, firefox.site().url, firefox.complaints)
    const [first, second] = [await open(), await open()]
    assert.equal((await call(first, 'open', '', 'private')).storage, 'memory')
    await call(first, 'create')
    await call(second, 'visit', 'private')
    await call(second, 'single', 1)
    const { kind, isPersistent, warning } = await call(second, 'storageStatus')
    assert.deepEqual([kind, isPersistent], ['memory', false])
    assert.match(warning ?? '', /keeps no files/)
    await first.close()
    assert.equal(await call(second, 'endsWith'), 'closed')
  } finally {
    await browser.close()
  }
})

test('what a first page fetches of our code stays within its bound', async () => {
  const { fetched } = await measureStart(chromium.browser(), chromium.site().url, 1)
  const { gzip } = codeSize(chromium.site(), fetched)
  assert.ok(gzip > 100_000, `${gzip} bytes: what a page fetches is not seen any more`)
  assert.ok(gzip <= codeBytesMax, `${gzip} bytes: load later what a first page does not need`)
})

test('nothing that was built needs Node, and no page complained', () => {
  for (const { file, text } of chromium.site().scripts) {
    assert.doesNotMatch(text, /(from|import\()\s*["'`]node:/, file)
    assert.doesNotMatch(text, /__vite-browser-external/, file)
  }
  assert.deepEqual(chromium.complaints, [])
  assert.deepEqual(firefox.complaints, [])
})
