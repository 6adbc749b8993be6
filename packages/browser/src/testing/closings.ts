/** Tabs that write while whichever leads is closed or crashes, again and again. */
import assert from 'node:assert/strict'
import type { BrowserContext, Page } from 'playwright-core'
import { call, openPage } from './pages.ts'

export type Closings = {
  readonly browser: BrowserContext
  readonly url: string
  readonly store: string
  readonly tabs: number
  readonly closings: number
  /** From 0 to 1: which tab goes, and how. */
  readonly random: () => number
  readonly told?: (words: string) => void
}

export type ClosingsResult = {
  readonly rows: number
  readonly takeoverMs: readonly number[]
  /** Of calls that could not be said to be done or not. */
  readonly failures: readonly string[]
  readonly complaints: readonly string[]
}

type Tab = { readonly page: Page; readonly name: string }

export const runClosings = async (options: Closings): Promise<ClosingsResult> => {
  const { browser, url, store, tabs: count, closings, random } = options
  const acked = new Set<string>()
  const failures: string[] = []
  const complaints: string[] = []
  const takeoverMs: number[] = []
  let lastName = 0
  let heard = (_title: string): void => {}

  const bindings = {
    acked: (title: string) => {
      assert(!acked.has(title), `${title} was acknowledged twice`)
      acked.add(title)
      heard(title)
    },
    failed: (words: string) => void failures.push(words),
  }
  const open = async (isFirst: boolean): Promise<Tab> => {
    const page = await openPage(browser, url, complaints, bindings)
    const name = `tab${(lastName += 1)}`
    if (isFirst) {
      await call(page, 'open', '', store)
      await call(page, 'create')
    } else await call(page, 'visit', store)
    await call(page, 'startWriting', name)
    return { page, name }
  }
  const tabs: Tab[] = [await open(true)]
  while (tabs.length < count) tabs.push(await open(false))

  const findLeader = async (): Promise<Tab> => {
    const answers = await Promise.all(tabs.map(async (tab) => ((await call(tab.page, 'isLeader')) ? tab : undefined)))
    const leaders = answers.filter((tab) => tab !== undefined)
    assert.equal(leaders.length, 1, `${leaders.length} leaders`)
    return leaders[0] as Tab
  }
  /** Somebody is heard whose write was begun after the takeover, or nearly. */
  const nextAck = async (): Promise<void> =>
    new Promise((resolve) => {
      heard = () => resolve()
    })

  const checkKept = (titles: readonly string[], told: ReadonlySet<string>): void => {
    const kept = new Set(titles)
    assert.deepEqual(
      [...told].filter((title) => !kept.has(title)),
      [],
      'acknowledged rows are gone',
    )
  }

  for (let at = 0; at < closings; at += 1) {
    const leader = await findLeader()
    const how = Math.floor(random() * 10)
    tabs.splice(tabs.indexOf(leader), 1)
    await nextAck()
    const started = performance.now()
    if (how < 6) await leader.page.close()
    else if (how < 9) await crash(leader.page)
    else {
      // The worker alone: its page stays, and starts another.
      await call(leader.page, 'endWorker')
      tabs.push(leader)
    }
    await nextAck()
    takeoverMs.push(performance.now() - started)
    // Each time, so that a loss is found where it happens.
    const told = new Set(acked)
    checkKept(await call((tabs[0] as Tab).page, 'titles'), told)
    if (how < 9) {
      if (how >= 6) await leader.page.close().catch(() => {})
      tabs.push(await open(false))
    }
    options.told?.(
      `closing ${at + 1} (${how < 6 ? 'closed' : how < 9 ? 'crashed' : 'worker ended'}): ${acked.size} rows`,
    )
  }
  await Promise.all(tabs.map(({ page }) => call(page, 'stopWriting')))
  await Promise.all(
    tabs.map(async ({ page }) => {
      const titles = await call(page, 'titles')
      const doubles = titles.filter((title, at) => titles.indexOf(title) !== at)
      assert.deepEqual(doubles, [], 'rows were written twice')
      checkKept(titles, acked)
      // Who is still there was told of every one of its own rows.
      const own = new Set(tabs.map(({ name }) => name))
      const untold = titles.filter((title) => own.has(title.split(':')[0] ?? '') && !acked.has(title))
      assert.deepEqual(untold, [], 'rows are there that were not acknowledged')
      await page.waitForFunction(
        (rows) => (globalThis as unknown as { test: { shown: () => number } }).test.shown() === rows,
        titles.length,
      )
    }),
  )
  await Promise.all(tabs.map(({ page }) => page.close()))
  return { rows: acked.size, takeoverMs, failures, complaints: complaints.filter((words) => !/crash/i.test(words)) }
}

/** Ends the page's process, as the system does when memory is short. */
const crash = async (page: Page): Promise<void> => {
  const session = await page.context().newCDPSession(page)
  const crashed = new Promise((resolve) => page.once('crash', resolve))
  session.send('Page.crash').catch(() => {})
  await crashed
}
