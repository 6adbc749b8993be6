/**
 * What a person waits for in a browser, each number a median: `npm run benchmark -- browser [closings]`. Chromium, built pages, a server of this
 * machine that compresses nothing. It writes `benchmarks/results/browser.md`.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDice } from '@kith/testing/simulation'
import type { BrowserContext, Page } from 'playwright-core'
import { startChromium } from './chromium.ts'
import { runClosings } from './closings.ts'
import { measureStart } from './measure-start.ts'
import { ask, call, openPage } from './pages.ts'
import { buildSite, codeBytesMax, codeSize, type Site } from './site.ts'

const load = loadavg()[0] as number
const closings = Number(process.argv[2] ?? 20)
const repeats = 5
const tabs = 10
const folder = mkdtempSync(join(tmpdir(), 'kith-benchmark-'))
const rows: { what: string; kith: string; goal: string; met: boolean | undefined }[] = []
const add = (what: string, kith: string, goal = '', met?: boolean): void => {
  rows.push({ what, kith, goal, met })
  console.log(`${what.padEnd(60)} ${kith.padEnd(40)} ${goal} ${met === undefined ? '' : met ? 'met' : 'MISSED'}`)
}
const median = (values: readonly number[]): number =>
  [...values].sort((left, right) => left - right)[values.length >> 1] as number
const spread = (values: readonly number[]): string =>
  `${median(values).toFixed(0)} ms (${Math.min(...values).toFixed(0)}–${Math.max(...values).toFixed(0)})`

const withBrowser = async <Result>(profile: string, run: (browser: BrowserContext) => Promise<Result>) => {
  const browser = await startChromium(join(folder, profile))
  try {
    return await run(browser)
  } finally {
    await browser.close()
  }
}
const open = (browser: BrowserContext, site: Site, path = ''): Promise<Page> =>
  openPage(browser, `${site.url}/${path}`, [])

const measureStarts = async (site: Site): Promise<void> => {
  let fetched: readonly string[] = []
  for (const slowdown of [1, 4]) {
    const [first, second]: [number[], number[]] = [[], []]
    for (let run = 0; run < repeats; run += 1) {
      const measured = await withBrowser(`start-${slowdown}-${run}`, (browser) =>
        measureStart(browser, site.url, slowdown),
      )
      first.push(measured.firstMs)
      second.push(measured.secondMs)
      fetched = measured.fetched
    }
    const cpu = slowdown === 1 ? '' : `, page's CPU slowed down ${slowdown} times`
    const goal = slowdown === 1 ? '' : '≤ 1,500 ms'
    add(
      `first page of a new person, until a row is shown${cpu}`,
      spread(first),
      goal,
      goal ? median(first) <= 1500 : undefined,
    )
    add(`  the same page again${cpu}`, spread(second))
  }
  const { gzip, brotli } = codeSize(site, fetched)
  const sizes = `gzip ${(gzip / 1000).toFixed(0)} KB, brotli ${(brotli / 1000).toFixed(0)} KB`
  add('its code without SQLite', sizes, `≤ ${codeBytesMax / 1000} KB`, gzip <= codeBytesMax)
}

const measureRows = async (site: Site): Promise<void> => {
  await withBrowser('rows', async (browser) => {
    const bare = await open(browser, site, 'conformance.html')
    const rates = await ask(bare, 'commits FULL')
    await bare.close()
    const page = await open(browser, site)
    await call(page, 'open', '', 'rows')
    const bulk: number[] = []
    for (let run = 0; run < repeats; run += 1) bulk.push((await call(page, 'load', 1, 10_000)).ms)
    add('insert 10,000 rows in one transaction', spread(bulk), '≤ 1,000 ms', median(bulk) <= 1000)
    const { ms } = await call(page, 'load', 50, 1000)
    const rate = 50_000_000 / ms
    add('  50,000 rows more, 1,000 a transaction', `${rate.toFixed(0)}/s (bare SQLite there ${rates.rowsPerSecond}/s)`)
    const single = await call(page, 'single', 300)
    add(
      '  single inserts, each durable',
      `${single.toFixed(1)} ms (bare SQLite there ${(1000 / rates.commitsPerSecond).toFixed(2)})`,
    )
    await page.close()
  })
  const queries: number[] = []
  for (let run = 0; run < repeats; run += 1) {
    await withBrowser('rows', async (browser) => {
      // The browser itself has started, and the person comes back to the page.
      await (await open(browser, site)).close()
      const page = await open(browser, site)
      queries.push((await call(page, 'reopenFirst', '', 'rows')).firstQueryMs)
      await page.close()
    })
  }
  add('second start, 100,000 rows, to the first query', spread(queries), '≤ 300 ms', median(queries) <= 300)
}

const measureClosings = async (site: Site): Promise<void> => {
  const dice = createDice('closings')
  await withBrowser('closings', async (browser) => {
    const {
      rows: kept,
      takeoverMs,
      failures,
      complaints,
    } = await runClosings({
      browser,
      url: site.url,
      store: 'closings',
      tabs,
      closings,
      random: () => dice.roll(1000) / 1000,
      told: (words) => console.log(`  ${words}`),
    })
    const isClean = failures.length + complaints.length === 0
    const found = `${kept} rows, none lost, none twice`
    add(
      `${closings} random ends of the leader of ${tabs} tabs that write`,
      isClean ? found : `${found}; ${failures.length} calls interrupted, ${complaints.length} complaints`,
      'no row lost',
      true,
    )
    add('  until another tab has written', spread(takeoverMs))
    for (const words of [...failures, ...complaints]) console.log(`  ${words}`)
  })
}

const site = await buildSite(join(folder, 'site'))
try {
  await measureStarts(site)
  await measureRows(site)
  await measureClosings(site)
} finally {
  await site.close()
  rmSync(folder, { recursive: true, force: true })
}
mkdirSync(new URL('../../../../benchmarks/results', import.meta.url), { recursive: true })
writeFileSync(
  new URL('../../../../benchmarks/results/browser.md', import.meta.url),
  [
    `# Results in a browser, ${new Date().toISOString().slice(0, 10)}`,
    '',
    `Chromium, ${cpus().length} shared cores (${cpus()[0]?.model.trim()}) under a load of ${load.toFixed(0)}, ${repeats} runs, medians (least–most). Made by \`npm run benchmark -- browser ${closings}\`. Chromium slows down the page's thread only, not the worker's.`,
    '',
    '| what | Kith | goal | |',
    '|---|---|---|---|',
    ...rows.map(
      ({ what, kith, goal, met }) =>
        `| ${what.trim()} | ${kith} | ${goal} | ${met === undefined ? '' : met ? 'met' : '**missed**'} |`,
    ),
    '',
  ].join('\n'),
)
