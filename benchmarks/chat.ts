/**
 * `npm run benchmark -- chat [messages] [people]`: what somebody waits for who joins a chat that others have written one message at a time, after members
 * have joined the messages into packs. Writes `results/chat.md` for the usual numbers.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Crowd, Joined } from './chat.worker.ts'
import { startWorker } from './processes.ts'
import { median } from './statistics.ts'

const usual = { messages: 20_000, people: 5 }
const messages = Number(process.argv[3] ?? usual.messages)
const people = Number(process.argv[4] ?? usual.people)
const repeats = 5
const folder = mkdtempSync(join(tmpdir(), 'kith-chat-'))
const load = (): string => (loadavg()[0] ?? 0).toFixed(1)
const loadBefore = load()
const hub = startWorker('./hub.worker.ts')
const crowd = startWorker('./chat.worker.ts')
const joined: Joined[] = []
let written: Crowd
try {
  const hubs = [await hub.ask<string>('start', join(folder, 'hub.db'))]
  written = await crowd.ask<Crowd>('crowd', { path: folder, hubs, people, messages })
  // Whoever invited is gone: the hub alone is there.
  await crowd.ask('close')
  await crowd.stop()
  for (let run = 0; run < repeats; run += 1) {
    const newcomer = startWorker('./chat.worker.ts')
    const what = { path: join(folder, `newcomer-${run}`), hubs, link: written.link, messages }
    joined.push(await newcomer.ask<Joined>('join', what).finally(() => newcomer.stop()))
  }
} finally {
  await crowd.stop()
  await hub.stop()
  rmSync(folder, { recursive: true, force: true })
}

const number = (value: number): string => Math.round(value).toLocaleString('en-GB')
const of = (what: keyof Joined): number => median(joined.map((each) => each[what]))
const goals = messages === 100_000
const row = (text: string, value: string, goal = ''): string => `| ${text} | ${value} | ${goals ? goal : ''} |`
const document = `# A chat of ${people} people, ${number(messages)} messages written one at a time

Node ${process.versions.node}, ${cpus().length} cores (${cpus()[0]?.model.trim()}). **Measured under a load average of ${loadBefore} at the start, ${load()} at the end.** Medians of ${repeats} newcomers, each a new process with an empty folder, while nobody else is online; milliseconds from the call of \`join\`.
All ${people} were online in one process while they wrote: ${(written.writeMs / messages).toFixed(1)} ms a message, with ${people - 1} deliveries each. ${written.entries} entries were in no pack in the end. \`npm run benchmark -- chat ${messages} ${people}\`.

| | | goal |
|---|---|---|
${[
  row('member', number(of('memberMs'))),
  row('the newest 50 messages are shown', number(of('newestMs')), '≤ 300'),
  row('entries still to be read then', number(of('unread'))),
  row('all messages are here', number(of('completeMs')), '≤ 1,500'),
  row('bytes a message, down', (of('bytes') / messages).toFixed(1)),
  row('memory at most, MB', number(of('peakMegabytes'))),
].join('\n')}
`
if (messages === usual.messages && people === usual.people)
  writeFileSync(new URL('./results/chat.md', import.meta.url), document)
console.log(document)
