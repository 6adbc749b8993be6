/** Prints the numbers of a browser: `node packages/browser/src/testing/measure.ts`. Takes about a minute. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startHub } from '@kith/hub'
import { startChromium } from './chromium.ts'
import { measureStart } from './measure-start.ts'
import { buildSite } from './site.ts'

const folder = mkdtempSync(join(tmpdir(), 'kith-measure-'))
const hub = await startHub({ port: 0, storage: join(folder, 'hub.db') })
const site = await buildSite(join(folder, 'site'))
let browser = await startChromium(join(folder, 'profile'))

const openPage = async (path = '') => {
  const page = await browser.newPage()
  await page.goto(`${site.url}/${path}`)
  await page.waitForFunction(() => 'test' in globalThis || 'ask' in globalThis)
  return page
}

for (const { file, gzipBytes, brotliBytes, isSqlite } of site.sizes)
  console.log(`${isSqlite ? 'SQLite' : 'ours  '} ${file}: gzip ${gzipBytes}, brotli ${brotliBytes}`)
const ours = site.sizes.filter(({ isSqlite }) => !isSqlite)
const sum = (size: 'gzipBytes' | 'brotliBytes'): number => ours.reduce((all, file) => all + file[size], 0)
console.log(`without SQLite: gzip ${sum('gzipBytes')}, brotli ${sum('brotliBytes')} bytes`)

for (const slowdown of [1, 4]) {
  const { firstMs, secondMs, fetched } = await measureStart(browser, site.url, slowdown)
  const code = ours.filter(({ file }) => fetched.includes(file)).reduce((all, file) => all + file.gzipBytes, 0)
  console.log(
    `CPU slowed down ${slowdown} times: interactive in ms, first start ${firstMs}, second ${secondMs}; code fetched ${code} by gzip`,
  )
}

const conformance = await openPage('conformance.html')
for (const mode of ['FULL', 'NORMAL', 'FULL', 'NORMAL']) {
  const rates = await conformance.evaluate(`ask('commits ${mode}')`)
  console.log(`bare SQLite, synchronous ${mode}`, rates)
}
await conformance.close()

let page = await openPage()
console.log('first start', await page.evaluate(`test.open('${hub.url}', 'measure').then(({ openMs }) => openMs)`))
for (let round = 0; round < 3; round += 1)
  console.log('100 transactions of 1,000 inserts', await page.evaluate('test.load(100, 1000)'))
console.log('single inserts, median ms', await page.evaluate('test.single(300)'))
await page.close()
await browser.close()
browser = await startChromium(join(folder, 'profile'))
for (let round = 0; round < 3; round += 1) {
  page = await openPage()
  console.log('second start', await page.evaluate(`test.reopenFirst('${hub.url}', 'measure')`))
  await page.close()
}

await browser.close()
await site.close()
await hub.close()
rmSync(folder, { recursive: true, force: true })
