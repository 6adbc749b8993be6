import { setTimeout as after } from 'node:timers/promises'
import type { AliceMethods } from './alice.ts'
import { readState, search } from './blindness.ts'
import type { BobMethods } from './bob.ts'
import type { Child } from './child.ts'
import { describeDifference, describeLoss, showTables } from './contents.ts'
import type { DeviceMethods } from './device.ts'
import type { HubMethods } from './hub.ts'
import { firstWords } from './names.ts'
import { chooseNeedles } from './needles.ts'
import { bytes, count, createBar, dim, good, heading, line, milliseconds, number, say } from './screen.ts'
import { countRows, type Source, type SourceWish } from './source.ts'

/** Everything that plays along. `hub` is another process after `killAndHeal`. */
export type Stage = {
  readonly url: string
  hub: Child<HubMethods>
  readonly alice: Child<AliceMethods>
  readonly bob: Child<BobMethods>
  readonly folders: { readonly hub: string; readonly alice: string; readonly bob: string }
  readonly restartHub: () => Promise<Child<HubMethods>>
  note?: string
}

type Person = Pick<Child<DeviceMethods>, 'name' | 'call'>

export type Timing = { importMs: number; completeMs: number; bytesUp: number; bytesDown: number }

/** Edits of which the median is shown, and the pause between them: a person is never faster. */
const editCount = 21
const editPauseMs = 25

export const shareSpace = async (
  stage: Stage,
  source: Source,
  wished: SourceWish,
): Promise<{ link: string; timing: Timing }> => {
  const { alice, bob } = stage
  const rows = countRows(source)
  heading(`Alice makes a space from ${source.name}; Bob joins by a link`)

  const importing = createBar('import', rows, 'rows')
  alice.onProgress = importing.update
  const before = await alice.call('traffic')
  const made = await alice.call('create', wished)
  importing.finish(`${number(rows)} rows  ${milliseconds(made.importMs)}`)
  line('hub', `has all of it ${milliseconds(made.atHubMs)} after the first row`)
  const link = await alice.call('invite')
  const up = (await alice.call('traffic')).sent - before.sent

  const joining = createBar('Bob', rows, 'rows')
  bob.onProgress = joining.update
  const down = (await bob.call('traffic')).received
  const joined = await bob.call('join', { link, note: made.note, rows })
  joining.finish(`${number(rows)} rows  ${milliseconds(joined.completeMs)}`)
  const received = (await bob.call('traffic')).received - down
  stage.note = made.note
  return {
    link,
    timing: { importMs: made.importMs, completeMs: joined.completeMs, bytesUp: up / rows, bytesDown: received / rows },
  }
}

export const showContents = async ({ alice, bob }: Stage, source: Source): Promise<void> => {
  heading('What each side holds')
  const [hers, his] = await Promise.all([alice.call('content'), bob.call('content')])
  showTables(hers, his)
  const difference = describeLoss(hers, source) ?? describeDifference(hers, his)
  if (difference !== undefined) throw new Error(difference)
}

export const searchHub = async ({ hub, alice, bob, folders }: Stage, source: Source): Promise<void> => {
  heading('What the hub holds')
  const totals = await hub.call('totals')
  line(
    'holds',
    `${count(totals.logs, 'log')}, ${count(totals.entries, 'sealed entry', 'sealed entries')}, ${bytes(totals.bytes)}`,
  )

  const addresses = await Promise.all([alice.call('address'), bob.call('address')])
  const { secrets, logs } = chooseNeedles(source, folders.alice, addresses)
  if (secrets.length < 20 || logs.length === 0)
    throw new Error(`Only ${secrets.length} known strings and ${logs.length} log ids.`)
  const hubState = readState(folders.hub)
  line(
    'searched',
    `all ${hubState.files.length} files (${bytes(hubState.fileBytes)}): raw, hex, base64, and row by row`,
  )

  const found = search(hubState, secrets).filter((where) => where !== undefined)
  if (found.length > 0) throw new Error(`The hub is not blind: ${found.join('; ')}.`)
  line('found', `${good(`0 of ${secrets.length}`)} known strings: data, names, keys  ${good('✓')}`)
  const hers = search(readState(folders.alice), secrets)
  const missed = secrets.filter((_, at) => hers[at] === undefined).map((needle) => needle.what)
  if (missed.length > 0) throw new Error(`The search is no good: on Alice's disk it misses ${missed.join('; ')}.`)
  line('control', dim(`the same search finds ${hers.length} of ${secrets.length} on Alice’s own disk,`))
  const known = search(hubState, logs).filter((where) => where !== undefined).length
  if (known < logs.length) throw new Error('The search is no good: it does not find the id of each log at the hub.')
  line('', dim('and at the hub the id of the space’s log, which a hub must know'))
}

export const showLiveEdits = async (stage: Stage): Promise<void> => {
  heading('An edit on one side, seen on the other')
  const { alice, bob }: { alice: Person; bob: Person } = stage
  for (const [from, to] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    const took: number[] = []
    for (let n = 0; n <= editCount; n += 1) {
      const title = `Opening hours, ${from.name}’s edit ${n}`
      const began = await from.call('retitle', { note: stage.note ?? '', title })
      took.push(millisecondsBetween(began, await to.call('titleSeen', title)))
      await after(editPauseMs)
    }
    edit(from, to, 'a title', median(took.slice(1)), `median of ${editCount}, in a live query`)
  }
  let words = firstWords
  for (const [from, to] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    const took: number[] = []
    for (const letter of 'kith!') {
      const began = await from.call('type', { text: letter, at: words.length })
      words += letter
      took.push(millisecondsBetween(began, await to.call('textSeen', words)))
    }
    edit(from, to, 'a keystroke', median(took), 'median of 5; sent every 50 ms')
  }
}

export const killAndHeal = async (stage: Stage): Promise<void> => {
  heading('The hub is killed, and comes back')
  const { alice, bob } = stage
  const { pid } = stage.hub
  await stage.hub.kill()
  for (const person of [alice, bob]) while (await person.call('isConnected')) await after(10)
  line('kill -9', `process ${pid} is gone; Alice and Bob each write a note offline`)
  await Promise.all([alice.call('addNote', 'Alice was offline'), bob.call('addNote', 'Bob was offline')])

  stage.hub = await stage.restartHub()
  const back = process.hrtime.bigint()
  const url = await stage.hub.call('url')
  if (url !== stage.url) throw new Error(`The hub came back at another address: ${url}.`)
  const seen = await Promise.all([
    alice.call('titleSeen', 'Bob was offline'),
    bob.call('titleSeen', 'Alice was offline'),
  ])
  const last = seen.reduce((a, b) => (a > b ? a : b))
  line('restart', `process ${stage.hub.pid}, same port, same storage`)
  line('healed', `both have the other’s note after ${milliseconds(Math.max(0, millisecondsBetween(back, last)))}`)
  await Promise.all([alice.call('synced'), bob.call('synced')])
  const [hers, his] = await Promise.all([alice.call('content'), bob.call('content')])
  const difference = describeDifference(hers, his)
  if (difference !== undefined) throw new Error(difference)
  line('digest', `${hers.digest.slice(0, 16)}…  on both sides  ${good('✓')}`)
}

const edit = (from: Person, to: Person, what: string, took: number, how: string): void =>
  say(
    `     ${dim(`${from.name} → ${to.name}`.padEnd(15))}${what.padEnd(13)}${milliseconds(took).padStart(8)}   ${dim(how)}`,
  )

const millisecondsBetween = (from: bigint, to: bigint): number => Number(to - from) / 1e6

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
