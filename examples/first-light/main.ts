// `npm start`: a hub, Alice and Bob, each a process of its own, share a database. `--once` ends by itself; `--sample` takes the
// data that comes with the example even where Chinook is there.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { AliceMethods } from './alice.ts'
import type { BobMethods } from './bob.ts'
import { type Child, startChild } from './child.ts'
import type { HubMethods } from './hub.ts'
import { bad, bold, dim, good, heading, line, milliseconds, say, title } from './screen.ts'
import { readSource } from './source.ts'
import { killAndHeal, searchHub, shareSpace, showContents, showLiveEdits, type Stage } from './story.ts'

/** The whole story, without what a person may watch afterwards. A slow machine takes a tenth of it. */
const storyMsMax = 150_000

const { once, sample } = parseArgs({
  options: { once: { type: 'boolean', default: false }, sample: { type: 'boolean', default: false } },
}).values
const folder = mkdtempSync(join(tmpdir(), 'kith-first-light-'))
const children: Child<Record<string, (parameter: never) => unknown>>[] = []
const interrupted = Promise.withResolvers<'interrupted'>()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => interrupted.resolve('interrupted'))
process.on('exit', cleanUpNow)
// Nobody watches any more.
process.stdout.on('error', () => process.exit(1))

process.exitCode = await run()
process.exit()

async function run(): Promise<number> {
  const lost = Promise.withResolvers<never>()
  // Whoever waits for it has a copy; a child that is lost while nobody waits must not end us without a word.
  lost.promise.catch(() => {})
  try {
    const timer = setTimeout(
      () => lost.reject(new Error(`The story took more than ${storyMsMax / 1000} s.`)),
      storyMsMax,
    )
    const told = await Promise.race([tell((why) => lost.reject(new Error(why))), lost.promise, interrupted.promise])
    clearTimeout(timer)
    if (told === 'interrupted') return await end('Interrupted.', 130)
    if (once) return await end(undefined, 0)
    say(`\n  The hub runs on at ${bold(told.url)}, and this link lets you in:\n\n${told.link}\n`)
    say(`  ${dim('npx kith join LINK --path ./carol --schema examples/first-light/music.ts')}`)
    say('\n  Ctrl-C ends everything and removes its files.')
    await Promise.race([interrupted.promise, lost.promise])
    return await end('Ended.', 0)
  } catch (error) {
    say(`\n  ${bad('✗')} ${error instanceof Error ? error.message : String(error)}`)
    return await end(undefined, 1)
  }
}

/** The story, in the order in which it is shown. Throws on the first thing that is not as it should be. */
async function tell(lost: (why: string) => void): Promise<{ url: string; link: string }> {
  title('Kith · first light', 'Two devices share a real database through a hub that cannot read it.')
  const wished = sample ? 'sample' : 'any'
  const source = readSource(wished)
  const stage = await setStage(lost)

  const { link, timing } = await shareSpace(stage, source, wished)
  await showContents(stage, source)
  await searchHub(stage, source)
  await showLiveEdits(stage)
  await killAndHeal(stage)

  say(`\n  ${bold('All is as it should be')}`)
  line('import', milliseconds(timing.importMs))
  line('Bob', `complete ${milliseconds(timing.completeMs)} after he opened the link`)
  line('wire', `${timing.bytesUp.toFixed(1)} bytes a row up, ${timing.bytesDown.toFixed(1)} down, all frames counted`)
  return { url: stage.url, link }
}

async function setStage(lost: (why: string) => void): Promise<Stage> {
  heading('A hub and two people, each a process of its own')
  const start = async <M extends Record<string, (parameter: never) => unknown>>(
    name: string,
    file: string,
    parameters: string[],
  ) => {
    const child = await startChild<M>(name, file, parameters)
    children.push(child)
    child.onLost = lost
    return child
  }
  const folders = { hub: join(folder, 'hub'), alice: join(folder, 'alice'), bob: join(folder, 'bob') }
  mkdirSync(folders.hub)
  const startHub = (port: string) => start<HubMethods>('The hub', 'hub.ts', [join(folders.hub, 'hub.db'), port])
  const hub = await startHub('0')
  const url = await hub.call('url')
  line('hub', `${url}  ${good('✓')}  process ${hub.pid}`)
  const alice = await start<AliceMethods>('Alice', 'alice.ts', [folders.alice, url])
  line('Alice', `${shorten(await alice.call('address'))}  process ${alice.pid}`)
  const bob = await start<BobMethods>('Bob', 'bob.ts', [folders.bob, url])
  line('Bob', `${shorten(await bob.call('address'))}  process ${bob.pid}`)
  return { url, hub, alice, bob, folders, restartHub: () => startHub(new URL(url).port) }
}

/** People first: each writes down what is open; then the hub. */
async function end(words: string | undefined, status: number): Promise<number> {
  if (words !== undefined) say(`\n  ${words}`)
  const [hubs, people] = [
    children.filter((child) => child.name === 'The hub'),
    children.filter((child) => child.name !== 'The hub'),
  ]
  for (const group of [people, hubs]) {
    for (const outcome of await Promise.allSettled(group.map((child) => child.close()))) {
      if (outcome.status === 'rejected') say(`  ${bad('✗')} ${String(outcome.reason)}`)
    }
  }
  say()
  return status
}

/** Also when something above failed: no process and no file is left. */
function cleanUpNow(): void {
  for (const child of children) child.killNow()
  rmSync(folder, { recursive: true, force: true })
}

function shorten(address: string): string {
  return address.length > 44 ? `${address.slice(0, 20)}…${address.slice(-12)}` : address
}
