/** A hub, the test's site and a browser, for tests that share them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { type Hub, startHub } from '@kith/hub'
import type { BrowserContext, Page } from 'playwright-core'
import { openPage } from './pages.ts'
import { buildSite, type Site } from './site.ts'

export type World = {
  /** Of the browser. */
  readonly name: string
  readonly folder: string
  readonly hub: () => Hub
  readonly site: () => Site
  readonly browser: () => BrowserContext
  /** Ends the browser and starts it again on the same profile. */
  readonly restart: () => Promise<void>
  readonly openPage: (path?: string) => Promise<Page>
  /** What the pages said on their consoles: an error there is a failure. */
  readonly complaints: string[]
}

type Shared = { readonly folder: string; readonly hub: Hub; readonly site: Site }

let starting: Promise<Shared> | undefined
let shared: Shared | undefined
let users = 0

const startShared = async (folder: string): Promise<Shared> => {
  const hub = await startHub({ port: 0, storage: join(folder, 'hub.db') })
  return { folder, hub, site: await buildSite(join(folder, 'site')) }
}

/** Makes the world before the tests of a file and ends it after them. Hub and site are the same for all browsers of a file. */
export const createWorld = (name: string, start: (profile: string) => Promise<BrowserContext>): World => {
  const folder = mkdtempSync(join(tmpdir(), 'kith-browser-'))
  const complaints: string[] = []
  let browser: BrowserContext | undefined
  let started: Promise<BrowserContext> | undefined
  const browserOf = async (): Promise<BrowserContext> => {
    started ??= start(join(folder, 'profile'))
    browser = await started
    return browser
  }
  const sharedOf = () => {
    if (!shared) throw new Error('The world is made before the tests.')
    return shared
  }
  users += 1
  // The hooks of a file may run at the same time.
  before(async () => {
    shared = await (starting ??= startShared(folder))
  })
  after(async () => {
    await browser?.close()
    users -= 1
    if (users > 0) return
    await shared?.site.close()
    await shared?.hub.close()
    if (shared) rmSync(shared.folder, { recursive: true, force: true })
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    name,
    folder,
    hub: () => sharedOf().hub,
    site: () => sharedOf().site,
    browser: () => {
      if (!browser) throw new Error('A page is opened first.')
      return browser
    },
    restart: async () => {
      await browser?.close()
      browser = undefined
      started = undefined
    },
    openPage: async (path = '') => openPage(await browserOf(), `${sharedOf().site.url}/${path}`, complaints),
    complaints,
  }
}
