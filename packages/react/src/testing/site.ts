/** Builds pages as their authors would, and opens them for several people at once: each in a browser context of its own, over a real hub, in Chromium or Firefox. */
import { createReadStream, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { type Hub, startHub } from '@kith/hub'
import { type Browser, chromium, firefox, type Page } from 'playwright-core'
import { build } from 'vite'
import { firefoxPath } from '../../../browser/src/testing/firefox.ts'

export type BrowserName = 'Chromium' | 'Firefox'

export type Site = {
  /** A page of somebody who was never here: at its start, or at a link. */
  readonly open: (link?: string) => Promise<Page>
  /** For whoever wants to look: KITH_PICTURES=folder. */
  readonly picture: (page: Page, name: string) => Promise<void>
}

export type Sites = {
  readonly hub: Hub
  /** Each page that is opened is in the next of these browsers, in turn; in Chromium where none is named. */
  readonly of: (name: string, ...browsers: BrowserName[]) => Site
  /** What pages said on their consoles, errors and warnings. */
  readonly complaints: string[]
  readonly close: () => Promise<void>
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
}

/** Flags for a Chromium in a container, which neither phones home nor looks for a screen. */
const flags = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync']

/** `names`: folders in `root`, each with an index.html. */
export const openSites = async (root: string, names: readonly string[]): Promise<Sites> => {
  const folder = mkdtempSync(join(tmpdir(), 'kith-sites-'))
  const hub = await startHub({ port: 0, storage: join(folder, 'hub.db') })
  await buildSites(root, names, folder, hub.url)
  const site = await serve(join(folder, 'site'))
  const started = new Map<BrowserName, Promise<Browser>>([['Chromium', startChromium()]])
  await started.get('Chromium')
  /** Firefox takes its time: it is started where somebody wants it. */
  const browserOf = (name: BrowserName): Promise<Browser> => {
    let browser = started.get(name)
    if (!browser) started.set(name, (browser = startFirefox()))
    return browser
  }
  const complaints: string[] = []
  const open = async (url: string, name: BrowserName): Promise<Page> => {
    const context = await (await browserOf(name)).newContext({ viewport: { width: 900, height: 640 } })
    const page = await context.newPage()
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.setDefaultTimeout(20_000)
    await page.goto(url)
    return page
  }
  return {
    hub,
    complaints,
    of: (name, ...browsers) => {
      let opened = 0
      return {
        open: (link) => {
          const browser = browsers[opened % browsers.length] ?? 'Chromium'
          opened += 1
          return open(link ?? `${site.url}${name}/index.html`, browser)
        },
        picture: async (page, picture) => {
          const pictures = process.env['KITH_PICTURES']
          if (!pictures) return
          mkdirSync(pictures, { recursive: true })
          await page.screenshot({ path: join(pictures, `${picture}.png`) })
        },
      }
    },
    close: async () => {
      await Promise.all([...started.values()].map(async (browser) => (await browser).close()))
      await site.close()
      await hub.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** All in one build, which shares what they share: four would take four times as long. */
const buildSites = async (root: string, names: readonly string[], folder: string, hub: string): Promise<void> => {
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    define: { 'import.meta.env.VITE_HUB': JSON.stringify(hub) },
    build: {
      outDir: join(folder, 'site'),
      emptyOutDir: true,
      target: 'esnext',
      reportCompressedSize: false,
      rolldownOptions: { input: names.map((name) => join(root, name, 'index.html')) },
    },
    worker: { format: 'es' },
  })
}

const serve = async (folder: string): Promise<{ url: string; close: () => Promise<void> }> => {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const file = join(folder, pathname)
    if (!file.startsWith(folder) || !existsSync(file)) {
      response.writeHead(404).end()
      return
    }
    response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' })
    createReadStream(file).pipe(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const startChromium = async (): Promise<Browser> => {
  const executablePath = process.env['CHROMIUM'] || '/usr/bin/chromium'
  if (!existsSync(executablePath)) {
    throw new Error(
      `There is no Chromium at ${executablePath}. Install it (node scripts/setup.mjs --browsers), or set CHROMIUM to its path.`,
    )
  }
  return chromium.launch({ executablePath, headless: true, args: flags, timeout: 20_000 })
}

const startFirefox = (): Promise<Browser> =>
  firefox.launch({ channel: 'moz-firefox', executablePath: firefoxPath(), headless: true, timeout: 60_000 })
