import { existsSync } from 'node:fs'
import { type BrowserContext, firefox } from 'playwright-core'

/** Where Debian's Firefox ESR is, unless FIREFOX says otherwise. */
export const firefoxPath = (): string => process.env['FIREFOX'] || '/usr/bin/firefox-esr'

/** Starts Firefox on a profile folder, driven by WebDriver BiDi. `isPrivate`: all its windows are private ones. */
export const startFirefox = async (profile: string, isPrivate = false): Promise<BrowserContext> => {
  const executablePath = firefoxPath()
  if (!existsSync(executablePath)) {
    throw new Error(
      `There is no Firefox at ${executablePath}. Install it (node scripts/setup.mjs --browsers), or set FIREFOX to its path.`,
    )
  }
  return firefox.launchPersistentContext(profile, {
    channel: 'moz-firefox',
    executablePath,
    headless: true,
    viewport: { width: 800, height: 600 },
    timeout: 40_000,
    ...(isPrivate ? { firefoxUserPrefs: { 'browser.privatebrowsing.autostart': true } } : {}),
  })
}
