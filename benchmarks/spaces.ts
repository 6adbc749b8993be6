/** `npm run benchmark -- spaces [count]`: what one person of many spaces waits for, 500 unless said otherwise. Writes `results/spaces.md` for 500. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { startWorker } from './processes.ts'
import type { Opened } from './spaces.worker.ts'
import { median } from './statistics.ts'

const usual = 500
const count = Number(process.argv[3] ?? usual)
const repeats = 5
const folder = mkdtempSync(join(tmpdir(), 'kith-spaces-'))
const load = (): string => (loadavg()[0] ?? 0).toFixed(1)
const loadBefore = load()
const hub = startWorker('./hub.worker.ts')
const opened: Opened[] = []
let createMs = 0
try {
  const url = await hub.ask<string>('start', join(folder, 'hub.db'))
  const options = { path: join(folder, 'alice'), hubs: [url], name: 'Alice' }
  const maker = startWorker('./spaces.worker.ts')
  createMs = await maker.ask<number>('create', { ...options, count }).finally(() => maker.stop())
  for (let run = 0; run < repeats; run += 1) {
    const device = startWorker('./spaces.worker.ts')
    opened.push(await device.ask<Opened>('open', { ...options, count }).finally(() => device.stop()))
  }
} finally {
  await hub.stop()
  rmSync(folder, { recursive: true, force: true })
}

const rows = (
  [
    ['openMs', 'open, from the call in a new process', '≤ 200'],
    ['listMs', 'and list the spaces', ''],
    ['spanningMs', 'and a query over all of them', ''],
    ['queryMs', 'and a query of each, all at once', ''],
    ['syncedMs', 'and all are synced with the hub', ''],
    ['bytes', 'bytes of that, both directions', ''],
    ['peakMegabytes', 'memory at most, MB', ''],
  ] as [keyof Opened, string, string][]
).map(([what, text, goal]) => {
  const value = median(opened.map((each) => each[what]))
  const verdict = goal === '' ? '' : value <= Number(goal.slice(2)) ? 'met' : '**missed**'
  return `| ${text} | ${Math.round(value).toLocaleString('en-GB')} | ${goal} | ${verdict} |`
})
const document = `# One person of ${count} spaces

Node ${process.versions.node}, ${cpus().length} cores (${cpus()[0]?.model.trim()}). **Measured under a load average of ${loadBefore} at the start, ${load()} at the end.** Medians of ${repeats} new processes; milliseconds from the first call, each row from the same start; ten records a space.
Making a space, with its records and until it is at the hub: ${(createMs / count).toFixed(1)} ms. \`npm run benchmark -- spaces\`.

| | | goal | |
|---|---|---|---|
${rows.join('\n')}
`
if (count === usual) writeFileSync(new URL('./results/spaces.md', import.meta.url), document)
console.log(document)
