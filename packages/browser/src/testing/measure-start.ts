import type { BrowserContext } from 'playwright-core'

export type StartMeasure = {
  /** From the navigation until a row typed by hand is on the screen: new data, and data that was there. */
  readonly firstMs: number
  readonly secondMs: number
  /** Names of the files that were fetched. */
  readonly fetched: readonly string[]
}

/** Opens the page on a CPU slowed down `slowdown` times and uses it. Chromium promises that of the page's thread only, not of the worker's. */
export const measureStart = async (browser: BrowserContext, url: string, slowdown: number): Promise<StartMeasure> => {
  const fetched: string[] = []
  const visit = async (store: string, isFirst: boolean): Promise<number> => {
    const page = await browser.newPage()
    page.on('request', (request) => fetched.push(request.url().split('/').at(-1) ?? ''))
    const session = await browser.newCDPSession(page)
    await session.send('Emulation.setCPUThrottlingRate', { rate: slowdown })
    await page.goto(url)
    await page.waitForFunction(() => 'test' in globalThis)
    const ms = await page.evaluate(
      async ([name, isNew]) => {
        const { test } = globalThis as unknown as {
          test: {
            open: (hub: string, store: string) => Promise<unknown>
            create: () => Promise<unknown>
            visit: (store: string) => Promise<unknown>
            shown: () => number
            add: (title: string) => Promise<unknown>
          }
        }
        if (isNew) {
          await test.open('', name)
          await test.create()
        } else await test.visit(name)
        const before = test.shown()
        await test.add('typed by hand')
        while (test.shown() <= before) await new Promise<number>(requestAnimationFrame)
        return performance.now()
      },
      [store, isFirst] as const,
    )
    await page.close()
    return ms
  }
  const store = `start-${slowdown}`
  const firstMs = await visit(store, true)
  const secondMs = await visit(store, false)
  return { firstMs, secondMs, fetched: [...new Set(fetched)] }
}
