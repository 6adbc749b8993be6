/** The example of design §8 in a real browser, against a hub and another member in Node. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Hub, startHub } from '@kith/hub'
import { openKith } from '@kith/node'
import type { BrowserContext, Page } from 'playwright-core'
import { openSqlite } from '../../node/src/platform/sqlite.ts'
import { startChromium } from './testing/chromium.ts'
import { buildSite, type Site } from './testing/site.ts'
import type { Answers } from './testing/site/conformance-worker.ts'
import type { TestPage } from './testing/site/page.ts'
import { todo } from './testing/site/todo.ts'
import { sqlAnswers } from './testing/sql-answers.ts'

const folder = mkdtempSync(join(tmpdir(), 'kith-browser-'))
const profile = join(folder, 'profile')
/** What the pages said on their consoles: an error there is a failure here. */
const complaints: string[] = []
let hub: Hub
let site: Site
let browser: BrowserContext

before(async () => {
  hub = await startHub({ port: 0, storage: join(folder, 'hub.db') })
  site = await buildSite(join(folder, 'site'))
  browser = await startChromium(profile)
})

after(async () => {
  await browser?.close()
  await site?.close()
  await hub?.close()
  rmSync(folder, { recursive: true, force: true })
})

const openPage = async (path = ''): Promise<Page> => {
  const page = await browser.newPage()
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(`${site.url}/${path}`)
  await page.waitForFunction(() => 'test' in globalThis || 'ask' in globalThis)
  return page
}

/** Calls a method of the page's `test`. */
const call = async <M extends keyof TestPage>(
  page: Page,
  method: M,
  ...parameters: Parameters<TestPage[M]>
): Promise<Awaited<ReturnType<TestPage[M]>>> =>
  page.evaluate(
    async ([name, values]) => {
      const { test } = globalThis as unknown as { test: Record<string, (...values: unknown[]) => Promise<never>> }
      return test[name]?.(...values) as Promise<never>
    },
    [method, parameters] as const,
  )

const ask = async <Q extends keyof Answers>(page: Page, question: Q): Promise<Answers[Q]> =>
  page.evaluate(
    async (what) => (globalThis as unknown as { ask: (what: string) => Promise<never> }).ask(what),
    question,
  )

test('the ports keep their promises in a worker: crypto, compression, timers, and SQL that answers as in Node', {
  timeout: 60_000,
}, async () => {
  const page = await openPage('conformance.html')
  const { passed, failed } = await ask(page, 'suites')
  assert.deepEqual(failed, [])
  assert.ok(passed > 20, `${passed} cases`)

  const { order, soonMs } = await ask(page, 'clock')
  assert.deepEqual(order.toSorted(), ['after', 'first', 'second'])
  assert.ok(order.indexOf('first') < order.indexOf('second'))
  assert.ok(soonMs < 2, `a turn of soon() took ${soonMs} ms`)

  const file = join(folder, 'reference.db')
  assert.deepEqual(
    await ask(page, 'sql'),
    // Cloned as the worker's answers were: Node's rows have no prototype.
    structuredClone(sqlAnswers(() => openSqlite(file))),
  )
  await page.close()
})

test('a full disk is storage-full, and what was acknowledged stays', { timeout: 60_000 }, async () => {
  const page = await openPage('conformance.html')
  const session = await browser.newCDPSession(page)
  await session.send('Storage.overrideQuotaForOrigin', { origin: site.url, quotaSize: 24 * 1024 * 1024 })
  const { failure, acknowledged, kept } = await ask(page, 'full')
  await session.send('Storage.overrideQuotaForOrigin', { origin: site.url })
  assert.equal(failure, 'storage-full')
  assert.ok(acknowledged > 2 && acknowledged === kept, `${acknowledged} acknowledged, ${kept} kept`)
  await page.close()
})

test('a damaged database is storage-damaged and left as it is; without files of the origin the store is in memory', {
  timeout: 30_000,
}, async () => {
  const page = await openPage('conformance.html')
  assert.deepEqual(await ask(page, 'damaged'), { failure: 'storage-damaged', isUntouched: true })
  assert.deepEqual(await ask(page, 'memory'), { kind: 'memory', rows: 2 })
  await page.close()
})

test('Alice in a browser and Bob in Node share a space, and the browser keeps it', { timeout: 60_000 }, async () => {
  let page = await openPage()
  const { address, storage } = await call(page, 'open', hub.url, 'alice')
  assert.equal(storage, 'kept')
  await call(page, 'create')
  const { id, tea } = await call(page, 'write')
  const written = [
    { id, title: 'Buy milk', done: false, votes: 1, notes: 'Two litres' },
    { id: tea.made, title: 'Tea', done: false, votes: 2, notes: '' },
  ]
  assert.equal(tea.note, `${tea.made} is new`)
  assert.deepEqual(await call(page, 'rows'), written)
  assert.deepEqual(await call(page, 'get', id), written[0])
  assert.equal((await call(page, 'everywhere')).length, 1)
  assert.deepEqual(await call(page, 'summaries'), [['Home', true]])
  const link = await call(page, 'invite')
  await call(page, 'synced')

  const bob = await openKith({ path: join(folder, 'bob'), hubs: [hub.url], name: 'Bob' })
  try {
    const his = await bob.join(todo, link)
    await his.synced()
    const query = () =>
      his.query((q) => q.selectFrom('tasks').select(['id', 'title', 'done', 'votes', 'notes']).orderBy('id'))
    assert.deepEqual(await query(), written)

    await his.tables.tasks.insert({ title: 'Sugar, says Bob' })
    assert.deepEqual(await call(page, 'until', 'Sugar, says Bob'), ['Buy milk', 'Tea', 'Sugar, says Bob'])
    assert.deepEqual(await call(page, 'members'), ['Alice', 'Bob'])

    const note = await his.text('tasks', id, 'notes')
    const text = note.doc.getText('text')
    const together = call(page, 'typeTogether', id, ' of milk', 'Bob: ')
    text.insert(0, 'Bob: ')
    await note.saved()
    assert.equal(await together, 'Bob: Two litres of milk')
    await his.synced()
    await waitFor(() => text.toJSON() === 'Bob: Two litres of milk')
    await note.close()
    await screenshot(page)
    await call(page, 'synced')
  } finally {
    await bob.close()
  }

  // The page goes without a word, as pages do; then the whole browser.
  const titles = ['Buy milk', 'Tea', 'Sugar, says Bob']
  for (const end of [() => page.close(), () => browser.close()]) {
    await end()
    if (end.toString().includes('browser')) browser = await startChromium(profile)
    page = await openPage()
    const again = await call(page, 'reopen', hub.url, 'alice')
    assert.equal(again.address, address)
    assert.deepEqual(
      again.rows.map(({ title }) => title),
      titles,
    )
    assert.equal(again.rows[0]?.notes, 'Bob: Two litres of milk')
  }
  await call(page, 'close')
  await page.close()
})

test('what a page may not do is refused with its code, and nothing gets to SQLite but queries of the app', {
  timeout: 30_000,
}, async () => {
  const page = await openPage()
  await call(page, 'open', hub.url, 'refusals')
  await call(page, 'create')
  assert.deepEqual(await call(page, 'refusals'), [
    'bad-value',
    'bad-value',
    'bad-value',
    'bad-value',
    'not-allowed',
    'not-found',
    'bad-value',
    'not-found',
    'bad-link',
    'bad-value',
  ])
  await call(page, 'close')
  await page.close()
})

test('nothing that was built needs Node, and no page complained', () => {
  for (const { file, text } of site.scripts) {
    assert.doesNotMatch(text, /(from|import\()\s*["'`]node:/, file)
    assert.doesNotMatch(text, /__vite-browser-external/, file)
  }
  assert.deepEqual(complaints, [])
})

/** Looks again at each turn; the test's own time limit ends it. */
const waitFor = async (isThere: () => boolean): Promise<void> => {
  while (!isThere()) await new Promise((resolve) => setImmediate(resolve))
}

/** To look at, where somebody wants to: KITH_PICTURES=folder. */
const screenshot = async (page: Page): Promise<void> => {
  const pictures = process.env['KITH_PICTURES']
  if (!pictures) return
  mkdirSync(pictures, { recursive: true })
  await page.screenshot({ path: join(pictures, 'browser.png') })
}
