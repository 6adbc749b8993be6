import { existsSync } from 'node:fs'
import { chromium, type BrowserContext } from 'playwright-core'

/** Flags for a Chromium in a container, which neither phones home nor looks for a screen. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Starts Debian's Chromium on a profile folder. Its processes end with `close()`. */
export const startChromium = async (profile: string): Promise<BrowserContext> => {
  const executablePath = process.env['CHROMIUM'] || '/usr/bin/chromium'
  if (!existsSync(executablePath)) {
    throw new Error(
      `There is no Chromium at ${executablePath}. Install it (node scripts/setup.mjs --browsers), or set CHROMIUM to its path.`,
    )
  }
  return chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: flags,
    viewport: { width: 800, height: 600 },
    timeout: 20_000,
  })
}
