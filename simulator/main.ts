// `npm run simulate -- [--level world|rules] [--seed S] [--steps N] [--minutes M] [--shrink] [--script FILE] [--trace]`
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Outcome, type Script, scriptToCommand } from './shared/script.ts'
import { shrink } from './shared/shrink.ts'

type Level = {
  readonly grow: (seed: string, length: number) => Script
  readonly run: (script: Script, show?: (line: string) => void) => Promise<Outcome>
}

const { values } = parseArgs({
  options: {
    level: { type: 'string', default: 'world' },
    seed: { type: 'string' },
    steps: { type: 'string' },
    /** Tries seeds until the time is over. */
    minutes: { type: 'string' },
    /** Cuts a failing script down and keeps it under regressions/. */
    shrink: { type: 'boolean', default: false },
    /** Runs a script that was kept. */
    script: { type: 'string' },
    trace: { type: 'boolean', default: false },
  },
})
const kept = values.script === undefined ? undefined : (JSON.parse(readFileSync(values.script, 'utf8')) as Script)
const isRules = (kept?.level ?? values.level) === 'rules'
const { grow, run }: Level = isRules
  ? await import('./rules/run.ts').then(({ growRulesScript, runRules }) => ({ grow: growRulesScript, run: runRules }))
  : await import('./world/run.ts').then(({ growWorldScript, runWorld }) => ({ grow: growWorldScript, run: runWorld }))
const steps = Number(values.steps ?? (isRules ? 80 : 150))

if (values.minutes !== undefined) await explore(Number(values.minutes))
else await once(kept ?? grow(values.seed ?? '1', steps))

async function once(script: Script): Promise<void> {
  const started = performance.now()
  const outcome = await run(script, values.trace ? (line) => console.log(line) : undefined)
  console.log(JSON.stringify(outcome.counts))
  for (const { promise, detail, step } of outcome.violations)
    console.log(`VIOLATION of "${promise}" after step ${step}: ${detail}`)
  if (outcome.violations.length > 0) {
    console.log(`Repeat: ${scriptToCommand(script)}`)
    process.exitCode = 1
    await keepShort(script, outcome)
  }
  const ms = Math.round(performance.now() - started)
  console.log(`seed ${script.seed}, ${script.steps.length} steps, trace ${outcome.hash}, ${ms} ms`)
}

async function explore(minutes: number): Promise<void> {
  const end = performance.now() + minutes * 60_000
  const counts: Record<string, number> = {}
  let [done, failed] = [0, 0]
  for (; performance.now() < end; done += 1) {
    const script = grow(`${values.seed ?? `x${process.pid}-`}${done}`, steps)
    const outcome = await run(script)
    for (const [name, count] of Object.entries(outcome.counts)) counts[name] = (counts[name] ?? 0) + count
    const [first] = outcome.violations
    if (first === undefined) continue
    failed += 1
    console.log(`seed ${script.seed}: "${first.promise}" after step ${first.step}: ${first.detail.slice(0, 1500)}`)
    await keepShort(script, outcome)
  }
  console.log(JSON.stringify(counts))
  console.log(`${done} seeds, ${done * steps} steps, ${failed} with a violation`)
  process.exitCode = failed > 0 ? 1 : 0
}

async function keepShort(script: Script, { violations }: Outcome): Promise<void> {
  const [first] = violations
  if (!values.shrink || !first) return
  const short = await shrink({ ...script, steps: script.steps.slice(0, first.step + 1) }, first.promise, run)
  const folder = join(import.meta.dirname, 'regressions')
  mkdirSync(folder, { recursive: true })
  const name = `${script.level}-${first.promise.replace(/[^a-z]+/g, '-')}-${script.seed}.json`
  // A short note of what is broken stands in the file, so that whoever mends it knows when it is mended.
  writeFileSync(
    join(folder, name),
    `${JSON.stringify({ promise: first.promise, detail: first.detail, ...short }, null, 2)}\n`,
  )
  console.log(`kept regressions/${name}: ${short.steps.length} steps`)
}
