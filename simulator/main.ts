// `npm run simulate -- [--level world|rules] [--seed S] [--steps N] [--minutes M] [--trace]`
import { parseArgs } from 'node:util'
import type { Outcome, Script } from './shared/script.ts'

type Level = {
  readonly grow: (seed: string, length: number) => Script
  readonly run: (script: Script, show?: (line: string) => void) => Promise<Outcome>
}

const { values } = parseArgs({
  options: {
    level: { type: 'string', default: 'world' },
    seed: { type: 'string' },
    steps: { type: 'string' },
    minutes: { type: 'string' },
    trace: { type: 'boolean', default: false },
  },
})
const isRules = values.level === 'rules'
const steps = Number(values.steps ?? (isRules ? 60 : 150))
const { grow: growScript, run }: Level = isRules
  ? await import('./rules/run.ts').then(({ growRulesScript, runRules }) => ({ grow: growRulesScript, run: runRules }))
  : await import('./world/run.ts').then(({ growWorldScript, runWorld }) => ({ grow: growWorldScript, run: runWorld }))
const grow = (seed: string): Script => growScript(seed, steps)

if (values.minutes !== undefined) await explore(Number(values.minutes))
else await once(values.seed ?? '1')

async function once(seed: string): Promise<void> {
  const started = performance.now()
  const outcome = await run(grow(seed), values.trace ? (line) => console.log(line) : undefined)
  console.log(JSON.stringify(outcome.counts))
  for (const { promise, detail, step } of outcome.violations)
    console.log(`VIOLATION of "${promise}" after step ${step}: ${detail}`)
  console.log(`seed ${seed}, ${steps} steps, trace ${outcome.hash}, ${Math.round(performance.now() - started)} ms`)
  process.exitCode = outcome.violations.length > 0 ? 1 : 0
}

async function explore(minutes: number): Promise<void> {
  const end = performance.now() + minutes * 60_000
  let done = 0
  for (let n = 0; performance.now() < end; n += 1) {
    const seed = `${values.seed ?? 'x'}${n}`
    const outcome = await run(grow(seed))
    done += 1
    if (outcome.violations.length > 0) {
      const [first] = outcome.violations
      console.log(`seed ${seed}: "${first?.promise}" after step ${first?.step}: ${first?.detail.slice(0, 1500)}`)
      process.exitCode = 1
    }
  }
  console.log(`${done} seeds, ${done * steps} steps`)
}
