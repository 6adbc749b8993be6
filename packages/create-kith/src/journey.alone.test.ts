/** The way of somebody new, from nothing to two browsers that share: each command as the README says it. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { type Browser, chromium, type Page } from 'playwright-core'

const root = join(import.meta.dirname, '../../..')
const folder = mkdtempSync(join(tmpdir(), 'kith-journey-'))
const app = join(folder, 'my-app')
/** What `npx kith` runs. */
const kith = join(app, 'node_modules/.bin/kith')
const started: ChildProcess[] = []
const complaints: string[] = []
let browser: Browser

before(async () => {
  const executablePath = process.env['CHROMIUM'] || '/usr/bin/chromium'
  if (!existsSync(executablePath))
    throw new Error(`There is no Chromium at ${executablePath}: set CHROMIUM to its path.`)
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--no-first-run'] })
})
after(async () => {
  await browser?.close()
  await Promise.all(started.map(stop))
  rmSync(folder, { recursive: true, force: true })
})

const timeout = 240_000

test('an app is made, installed, given a table, checked, tested and built', { timeout }, async () => {
  await run(folder, process.execPath, join(root, 'packages/create-kith/src/main.ts'), 'my-app')
  await run(app, 'npm', 'install', '--no-audit', '--no-fund', '--loglevel=error')
  await run(app, kith, 'generate', 'table', 'lists', 'name:text')
  const columns = ['title', 'pinned:bool', 'due:time:optional', 'size:int:optional', 'weight:real:optional']
  const others = ['votes:counter', 'owner:person:optional', 'list:ref:lists:optional']
  await run(app, kith, 'generate', 'table', 'notes', ...columns, ...others)
  assert.match(await run(app, 'npm', 'test'), /pass 1\b/)
  await run(app, 'npm', 'run', 'build')
  assert.ok(existsSync(join(app, 'dist/index.html')))
  assert.match(await fails(app, kith, 'generate', 'table', 'notes', 'title'), /There is a table "notes" already/)
})

test('two people share by a link, in development', { timeout }, async () => {
  const { url, child } = await start(/(http:\/\/localhost:\d+)/, 'npm', 'run', 'dev', '--', '--port', '0')
  await share(url).finally(() => stop(child))
})

test('the built app is served by a hub, which it finds by itself', { timeout }, async () => {
  const { url, child } = await start(/Site (\S+)/, 'npm', 'run', 'serve', '--', '--port', '0')
  await share(url).finally(() => stop(child))
})

test('no page complained', () => assert.deepEqual(complaints, []))

/** Alice invites Bob; each sees what the other writes, in the list that was there and in the one that was generated. */
const share = async (url: string): Promise<void> => {
  const alice = await open(url, 'Alice', 'light')
  await add(alice, 'Title', 'Bread')
  await alice.getByRole('button', { name: 'Invite somebody' }).click()
  const link = await alice.getByLabel('Link to join').inputValue()
  await alice.locator('[data-kith=qr-code]').waitFor()
  await picture(alice, 'scaffold-share')
  const bob = await open(link, 'Bob', 'dark')
  await bob.getByText('Bread').waitFor()
  await alice.locator('[data-kith=members] li', { hasText: 'Bob' }).waitFor()
  await bob.getByLabel('done').click()
  await alice.locator('main li', { hasText: 'Bread' }).locator(':checked').waitFor()

  for (const page of [alice, bob]) await page.getByRole('button', { name: 'lists' }).click()
  await add(alice, 'Name', 'Weekend')
  await bob.getByText('Weekend').waitFor()
  for (const page of [alice, bob]) await page.getByRole('button', { name: 'notes' }).click()
  await bob.getByLabel('Due').fill('2027-03-01T12:30')
  await bob.getByLabel('Size').fill('3')
  await bob.getByLabel('Owner').selectOption({ label: 'Alice' })
  // Not by its label, which is the beginning of its options too.
  await bob.locator('select[name=list]').selectOption({ label: 'Weekend' })
  await add(bob, 'Title', 'See the sea')
  const note = alice.locator('main li', { hasText: 'See the sea' })
  await note.waitFor()
  assert.match(await note.innerText(), /2027[\s\S]*3[\s\S]*Alice[\s\S]*Weekend/)
  await note.getByRole('button', { name: 'Votes: 0' }).click()
  await bob.getByRole('button', { name: 'Votes: 1' }).waitFor()
  await picture(alice, 'scaffold-light')
  await bob.setViewportSize({ width: 390, height: 800 })
  await picture(bob, 'scaffold-dark')
  await note.getByRole('button', { name: 'Delete' }).click()
  await bob.locator('main li').waitFor({ state: 'detached' })
  for (const page of [alice, bob]) await page.context().close()
}

const add = async (page: Page, label: string, words: string): Promise<void> => {
  await page.getByLabel(label).fill(words)
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByText(words).waitFor()
}

/** A browser profile of its own. */
const open = async (url: string, name: string, colorScheme: 'light' | 'dark'): Promise<Page> => {
  const context = await browser.newContext({ viewport: { width: 1000, height: 720 }, colorScheme })
  const page = await context.newPage()
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.setDefaultTimeout(60_000)
  await page.goto(url)
  await page.getByLabel('What are you called?').fill(name)
  await page.getByRole('button', { name: 'Begin' }).click()
  return page
}

/** For whoever wants to look: KITH_PICTURES=folder. */
const picture = async (page: Page, name: string): Promise<void> => {
  const pictures = process.env['KITH_PICTURES']
  if (!pictures) return
  mkdirSync(pictures, { recursive: true })
  await page.screenshot({ path: join(pictures, `${name}.png`) })
}

/** Without what npm told the program that runs this test: it would answer for the folder where that began. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD|NODE_TEST_CONTEXT|FORCE_COLOR)/.test(name)),
)

const begin = (
  where: string,
  command: string,
  parameters: readonly string[],
): { child: ChildProcess; said: () => string } => {
  // A group of its own: what it starts ends with it.
  const child = spawn(command, parameters, {
    cwd: where,
    env: environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started.push(child)
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (data: Buffer) => {
      said += data.toString()
    })
  return { child, said: () => said }
}

const end = async (where: string, command: string, parameters: readonly string[]): Promise<[number, string]> => {
  const { child, said } = begin(where, command, parameters)
  const [status] = (await once(child, 'close')) as [number]
  return [status, said()]
}

const run = async (where: string, command: string, ...parameters: string[]): Promise<string> => {
  const [status, said] = await end(where, command, parameters)
  assert.equal(status, 0, `${command} ${parameters.join(' ')}:\n${said}`)
  return said
}

const fails = async (where: string, command: string, ...parameters: string[]): Promise<string> => {
  const [status, said] = await end(where, command, parameters)
  assert.equal(status, 1, said)
  return said
}

/** Starts what goes on, and waits until it says where it is. */
const start = async (
  pattern: RegExp,
  command: string,
  ...parameters: string[]
): Promise<{ url: string; child: ChildProcess }> => {
  const { child, said } = begin(app, command, parameters)
  for (;;) {
    // Vite colours the port.
    const found = pattern.exec(stripVTControlCharacters(said()))
    if (found?.[1] !== undefined) return { url: found[1], child }
    if (child.exitCode !== null) throw new Error(`${command} ${parameters.join(' ')} ended:\n${said()}`)
    await Promise.race([once(child.stdout ?? child, 'data'), once(child, 'close')])
  }
}

const stop = async (child: ChildProcess): Promise<void> => {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  try {
    process.kill(-child.pid, 'SIGTERM')
  } catch {
    // It has ended meanwhile.
  }
  await closed
}
