import type { BrowserContext, Page } from 'playwright-core'
import type { Answers } from './site/conformance-worker.ts'
import type { TestPage } from './site/page.ts'
import type { PeoplePage } from './site/people.ts'

/** Opens a page of the test's site; what it says on its console goes to `complaints`. */
export const openPage = async (
  browser: BrowserContext,
  url: string,
  complaints: string[],
  bindings: Readonly<Record<string, (...words: never[]) => void>> = {},
): Promise<Page> => {
  const page = await browser.newPage()
  const complain = (words: string): void => {
    if (!isAboutHub(words)) complaints.push(words)
  }
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complain(message.text())
  })
  // Of a worker, Firefox says here what Chromium says on its console.
  page.on('pageerror', (error) => complain(String(error)))
  for (const [name, run] of Object.entries(bindings)) await page.exposeFunction(name, run)
  await page.goto(url)
  await page.waitForFunction(() => 'test' in globalThis || 'ask' in globalThis)
  return page
}

/** Calls a method of the page's `test`. */
export const call = async <M extends keyof TestPage>(
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

/** Calls a method of the page's `people`: the page is one device of a person. */
export const askPerson = async <M extends keyof PeoplePage>(
  page: Page,
  method: M,
  ...parameters: Parameters<PeoplePage[M]>
): Promise<Awaited<ReturnType<PeoplePage[M]>>> =>
  page.evaluate(
    async ([name, values]) => {
      const { people } = globalThis as unknown as { people: Record<string, (...values: unknown[]) => Promise<never>> }
      return people[name]?.(...values) as Promise<never>
    },
    [method, parameters] as const,
  )

/** Asks the conformance page's worker. */
export const ask = async <Q extends keyof Answers>(page: Page, question: Q): Promise<Answers[Q]> =>
  page.evaluate(
    async (what) => (globalThis as unknown as { ask: (what: string) => Promise<never> }).ask(what),
    question,
  )

/**
 * A hub that has ended, or is yet to begin, and a page that was closed while it was connected (Firefox now and then calls that interrupted):
 * browsers say so by themselves, and pages can not keep them from it.
 */
const isAboutHub = (words: string): boolean =>
  /establish a connection to the server at ws:|connection to ws:\S+ was interrupted while|ERR_CONNECTION_REFUSED/.test(
    words,
  )
