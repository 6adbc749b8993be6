/**
 * `npm run benchmark -- load [clients] [part…]`: what a hub bears, with the generator of the load on the same machine. Writes `results/load.md` where all parts were run.
 * Parts: live, crowd, returning, relay, abuse, startup. KITH_PROFILES=FOLDER writes a processor profile of the hub for each.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { measureAbuse } from './abuse.part.ts'
import { measureCrowd } from './crowd.part.ts'
import { measureLive } from './live.part.ts'
import { measureRelay } from './relay.part.ts'
import { goalsTable, type Part } from './report.ts'
import { measureReturning } from './returning.part.ts'
import { measureStartup } from './startup.part.ts'

const isCount = (word: string): boolean => /^\d+$/.test(word)
const clients = Number(process.argv.slice(3).find(isCount) ?? 10_000)

const parts: Record<string, () => Promise<Part>> = {
  live: () => measureLive(100_000),
  crowd: () => measureCrowd(clients),
  returning: measureReturning,
  relay: () => measureRelay(100_000),
  abuse: measureAbuse,
  startup: measureStartup,
}

const asked = process.argv.slice(3).filter((word) => !isCount(word))
const names = asked.length > 0 ? asked : Object.keys(parts)
const loads: string[] = []
const measured: Part[] = []
for (const name of names) {
  const measure = parts[name]
  if (measure === undefined) throw new Error(`There is no part ${name}. Parts: ${Object.keys(parts).join(', ')}.`)
  loads.push(`${name} ${(loadavg()[0] as number).toFixed(1)}`)
  const part = await measure()
  measured.push(part)
  console.log(`\n## ${part.title}\n\n${part.text}\n\n${goalsTable([part])}`)
}

const version = (path: string): string =>
  (JSON.parse(readFileSync(join(import.meta.dirname, '../..', path), 'utf8')) as { version: string }).version
const [cpu] = cpus()
const about = `${cpus().length} × ${cpu?.model.trim()}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Linux ${release()}; Node ${process.versions.node}, SQLite ${process.versions.sqlite}, ws ${version('node_modules/ws/package.json')}; ${new Date().toISOString().slice(0, 10)}.
Load average of the machine before each part (the benchmark itself makes 2): ${loads.join(', ')}.`
const report = `# What a hub bears

\`npm run benchmark -- load\`. Hub, load generator and attackers share the machine; rates are lifted where a few connections do what thousands would. ${about}
Times on a shared machine vary by half; processor time and memory do not.

${goalsTable(measured)}

${measured.map(({ title, text }) => `## ${title}\n\n${text}\n`).join('\n')}`
if (process.argv.length === 3) writeFileSync(join(import.meta.dirname, '../results/load.md'), report)
