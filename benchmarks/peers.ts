/**
 * `npm run benchmark -- peers [records…] [--rounds=3] [--limit=120] [--only=kith,sqlite]`: the same workloads on Kith and on others, in turn, in one run.
 * Writes `results/peers.md` and its plots, unless only some products are asked for.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { install } from './workloads/install.ts'
import { isPeer, type ProductName, productNames } from './workloads/products.ts'
import { type Measured, toMarkdown } from './workloads/report.ts'
import { type Description, measureProduct, type Outcome } from './workloads/workloads.ts'

const { values, positionals } = parseArgs({
  args: process.argv.slice(3),
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    limit: { type: 'string', default: '120' },
    only: { type: 'string' },
  },
})
const sizes = positionals.length > 0 ? positionals.map(Number) : [1_000, 10_000, 100_000, 1_000_000]
const names = values.only === undefined ? [...productNames] : (values.only.split(',') as ProductName[])
const unknown = names.find((name) => !productNames.includes(name))
if (unknown !== undefined) throw new Error(`${unknown} is none of ${productNames.join(', ')}`)
if (sizes.some((size) => !(size >= 1_000))) throw new Error('give numbers of records, from 1000 on')
if (names.some(isPeer)) install()

/** A product that does not load stands in the table without numbers. */
const unloaded = (title: string): Description => ({
  title: `${title} (does not load)`,
  packages: [],
  traits: { encryption: '', queries: '', permissions: '', durability: '' },
})
const load = (): string => (loadavg()[0] ?? 0).toFixed(1)
const folder = mkdtempSync(join(tmpdir(), 'kith-peers-'))
const loadBefore = load()
const all: Measured[] = []
try {
  for (const records of sizes) {
    // A round of slow products takes a quarter of an hour at 100,000: one.
    const rounds = records >= 100_000 ? 1 : Number(values.rounds)
    const products = new Map<ProductName, { description: Description; outcomes: Outcome[] }>()
    // With a million the others would not come to an end.
    const able = records > 100_000 ? names.filter((name) => !isPeer(name)) : names
    for (let round = 0; round < rounds; round += 1)
      for (const name of able) {
        console.log(`${records} records, round ${round + 1} of ${rounds}: ${name} (load ${load()})`)
        const { description, outcome } = await measureProduct(name, join(folder, name), {
          records,
          batch: 1_000,
          singles: 2_000,
          edits: 200,
          many: 2_000,
          idle: 1_000,
          limitMs: Number(values.limit) * 1000,
        })
        console.log(outcome)
        const outcomes = products.get(name)?.outcomes ?? []
        products.set(name, { description: description ?? unloaded(name), outcomes: [...outcomes, outcome] })
      }
    all.push({ records, rounds, products })
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

const packageVersion = (name: string): string => {
  const path = new URL(`./peers/node_modules/${name}/package.json`, import.meta.url)
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
}
const versions = new Map<ProductName, string>()
for (const [name, { description }] of all[0]?.products ?? [])
  versions.set(name, description.packages.map((each) => `${each} ${packageVersion(each)}`).join(', '))

const isWhole = values.only === undefined
const results = new URL('./results/', import.meta.url)
/** By a path that the type checker does not follow: see `workloads/products.ts`. */
const plotter: string = './peers/plots.ts'
type Plotter = { writePlots: (all: readonly Measured[], folder: URL) => Promise<string[]> }
const plots = isWhole ? await ((await import(plotter)) as Plotter).writePlots(all, results) : []
const machine = `Node ${process.versions.node}, ${cpus().length} cores (${cpus()[0]?.model.trim()})`
const document = toMarkdown(all, { machine, load: `${loadBefore} at the start, ${load()} at the end`, versions }, plots)
if (isWhole) writeFileSync(new URL('peers.md', results), document)
console.log(document)
