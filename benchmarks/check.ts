/**
 * `npm run benchmark -- --check`: has Kith become slower or larger than `baselines.json` says? `--check --update` writes them anew.
 * Times count as ratios to the yardsticks of the same round, so that a slower machine or a busy one changes little.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { median } from './statistics.ts'
import {
  type Baselines,
  compareWithBaselines,
  type Round,
  toleratedShare,
  type Verdict,
} from './workloads/baselines.ts'
import type { ProductName } from './workloads/products.ts'
import { type Effort, type Figure, measureProduct } from './workloads/workloads.ts'

const file = new URL('./baselines.json', import.meta.url)
const rounds = 5
const effort: Effort = {
  records: 20_000,
  batch: 1_000,
  singles: 500,
  edits: 50,
  many: 500,
  idle: 300,
  limitMs: 60_000,
}
const folder = mkdtempSync(join(tmpdir(), 'kith-check-'))

const measure = async (name: ProductName): Promise<(figure: Figure) => number> => {
  const { outcome } = await measureProduct(name, join(folder, name), effort)
  return (figure) => {
    const value = outcome[figure]
    if (typeof value !== 'number') throw new Error(`${name} has no ${figure}: ${value ?? 'not measured'}`)
    return value
  }
}

const measureRound = async (): Promise<Round> => {
  const [sqlite, relay, kith] = [await measure('sqlite'), await measure('relay'), await measure('kith')]
  const commitMs = 1000 / sqlite('singlesPerSecond')
  /** What this machine now takes to write the records bare. */
  const storeMs = (1000 * effort.records) / sqlite('batchesPerSecond')
  return {
    'units written, to SQLite': kith('batchesPerSecond') / sqlite('batchesPerSecond'),
    'singles written, to SQLite': kith('singlesPerSecond') / sqlite('singlesPerSecond'),
    'join, to SQLite writing the same': kith('joinMs') / storeMs,
    'live edit p50, to ws and two commits': kith('liveP50Ms') / (relay('liveP50Ms') + 2 * commitMs),
    'singles through, to ws': kith('throughPerSecond') / relay('throughPerSecond'),
    'ten more, to SQLite writing all': kith('tenMoreMs') / storeMs,
    'first page, to SQLite writing all': kith('reopenMs') / storeMs,
    'memory opened again, MB': kith('reopenMegabytes'),
    'join, B a record': kith('joinBytesPerRecord'),
    'ten more, B': kith('tenMoreBytes'),
    'idle connection, B': kith('idleBytes'),
    'server’s disk, B a record': kith('serverBytesPerRecord'),
    'device’s disk, B a record': kith('deviceBytesPerRecord'),
  }
}
const moreIsBetter: ReadonlySet<string> = new Set([
  'units written, to SQLite',
  'singles written, to SQLite',
  'singles through, to ws',
])

const measureRounds = async (): Promise<Round[]> => {
  const measured: Round[] = []
  for (let round = 0; round < rounds; round += 1) {
    console.log(`round ${round + 1} of ${rounds} (load ${loadavg()[0]?.toFixed(1)})`)
    measured.push(await measureRound())
  }
  return measured
}

const toText = (value: number): string => value.toPrecision(3)

const show = (verdicts: readonly Verdict[]): void => {
  console.log(`${''.padEnd(40)} ${'baseline'.padStart(10)} ${'now'.padStart(10)}`)
  for (const { name, baseline, median: now, worseBy, isLoss } of verdicts) {
    const change = `${Math.abs(100 * worseBy).toFixed(0)} % ${worseBy > 0 ? 'worse' : 'better'}`
    console.log(
      `${name.padEnd(40)} ${toText(baseline).padStart(10)} ${toText(now).padStart(10)}  ${change}${isLoss ? '  LOST' : ''}`,
    )
  }
}

const update = (measured: readonly Round[]): void => {
  const names = Object.keys(measured[0] ?? {})
  const baselines: Baselines = Object.fromEntries(
    names.map((name) => [
      name,
      {
        value: Number(toText(median(measured.map((round) => round[name] as number)))),
        isMoreBetter: moreIsBetter.has(name),
      },
    ]),
  )
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim()}), Node ${process.versions.node}, load average ${loadavg()[0]?.toFixed(1)}`
  writeFileSync(file, `${JSON.stringify({ machine, baselines }, null, 2)}\n`)
  console.log(`wrote ${names.length} baselines`)
}

try {
  const measured = await measureRounds()
  if (process.argv.includes('--update')) update(measured)
  else {
    const { machine, baselines } = JSON.parse(readFileSync(file, 'utf8')) as { machine: string; baselines: Baselines }
    let verdicts = compareWithBaselines(baselines, measured)
    if (verdicts.some(({ isLoss }) => isLoss)) {
      show(verdicts)
      console.log('A second look, since the machine may have been busy:')
      verdicts = compareWithBaselines(baselines, [...measured, ...(await measureRounds())])
    }
    show(verdicts)
    const losses = verdicts.filter(({ isLoss }) => isLoss)
    const tolerated = `${100 * toleratedShare} %`
    console.log(
      losses.length === 0
        ? `Nothing lost more than ${tolerated} against the baselines (${machine}).`
        : `${losses.length} lost more than ${tolerated} against the baselines (${machine}). If it is meant: npm run benchmark -- --check --update, and say why in the commit.`,
    )
    process.exitCode = losses.length === 0 ? 0 : 1
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
