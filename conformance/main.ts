// `npm run conformance -- URL [--invite TEXT] [--carrier URL] [--wait SECONDS] [--seconds SECONDS]`: tries whether what answers there is a hub as
// docs/protocol/hub.md says. One line for each check; the exit status is 0 only if something passed and nothing failed.
import { parseArgs } from 'node:util'
import { runSuite, type Report } from './suite.ts'

const usage = `npm run conformance -- wss://hub.example.org [--invite TEXT] [--carrier URL] [--wait SECONDS] [--seconds SECONDS]

  --invite   what \`kith hub invite\` printed, for a hub that is not open to all
  --carrier  another hub that carries to this one (kith hub --forward)
  --wait     for one answer; 10 unless given
  --seconds  for everything; 60 unless given`

try {
  process.exitCode = await main()
} catch (cause) {
  console.error(cause instanceof Error ? cause.message : String(cause))
  console.log('0 passed, 1 failed, 0 skipped')
  process.exitCode = 1
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      invite: { type: 'string' },
      carrier: { type: 'string' },
      wait: { type: 'string' },
      seconds: { type: 'string' },
    },
  })
  const [url, ...more] = positionals
  if (url === undefined || more.length > 0 || !/^wss?:\/\/./.test(url)) throw new Error(usage)
  const started = performance.now()
  const { reports, sentBytes, logs } = await runSuite({
    url,
    invite: values.invite,
    carrier: values.carrier,
    waitMs: toMs('wait', values.wait ?? '10'),
    totalMs: toMs('seconds', values.seconds ?? '60'),
    told: ({ check, outcome, why }) => {
      console.log(`${outcome.padEnd(8)}${check.name.padEnd(28)}${check.section}: “${check.says}”`)
      if (why !== undefined) console.log(`${''.padEnd(8)}${why}`)
    },
  })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const mebibytes = (sentBytes / 2 ** 20).toFixed(1)
  console.log(`${seconds} s, ${mebibytes} MiB sent, ${logs} logs of fresh keys, trimmed again`)
  const count = (outcome: Report['outcome']): number => reports.filter((report) => report.outcome === outcome).length
  console.log(`${count('pass')} passed, ${count('fail')} failed, ${count('skipped')} skipped`)
  return count('fail') > 0 || count('pass') === 0 ? 1 : 0
}

function toMs(name: string, written: string): number {
  const seconds = Number(written)
  if (!(seconds > 0 && seconds <= 3600))
    throw new Error(`--${name} is a number of seconds, not "${written}".\n\n${usage}`)
  return seconds * 1000
}
