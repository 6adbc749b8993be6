/** What every browser is asked, first the example of design §8, against a hub and another member in Node. */
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openKith } from '@kith/node'
import type { Page } from 'playwright-core'
import { openSqlite } from '../../../node/src/platform/sqlite.ts'
import { ask, call } from './pages.ts'
import { todo } from './site/todo.ts'
import { sqlAnswers } from './sql-answers.ts'
import type { World } from './world.ts'

export const testSmoke = (world: World): void => {
  const { openPage } = world
  test(`${world.name}: the ports keep their promises in a worker: crypto, compression, timers, and SQL that answers as in Node`, {
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

    const file = join(world.folder, 'reference.db')
    assert.deepEqual(
      await ask(page, 'sql'),
      // Cloned as the worker's answers were: Node's rows have no prototype.
      structuredClone(sqlAnswers(() => openSqlite(file))),
    )
    await page.close()
  })

  test(`${world.name}: a damaged database is storage-damaged and left as it is; without files of the origin the store is in memory`, {
    timeout: 30_000,
  }, async () => {
    const page = await openPage('conformance.html')
    assert.deepEqual(await ask(page, 'damaged'), { failure: 'storage-damaged', isUntouched: true })
    assert.deepEqual(await ask(page, 'memory'), { kind: 'memory', rows: 2 })
    await page.close()
  })

  test(`${world.name}: Alice in a browser and Bob in Node share a space, and the browser keeps it`, {
    timeout: 60_000,
  }, async () => {
    let page = await openPage()
    const { address, storage } = await call(page, 'open', world.hub().url, 'alice')
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

    const bob = await openKith({ path: join(world.folder, 'bob'), hubs: [world.hub().url], name: 'Bob' })
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
    for (const end of [() => page.close(), () => world.restart()]) {
      await end()
      page = await openPage()
      const again = await call(page, 'reopen', world.hub().url, 'alice')
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

  test(`${world.name}: what a page may not do is refused with its code, and nothing gets to SQLite but queries of the app`, {
    timeout: 30_000,
  }, async () => {
    const page = await openPage()
    await call(page, 'open', world.hub().url, 'refusals')
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
}

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
