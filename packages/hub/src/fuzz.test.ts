import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { fuzzHub } from './testing/fuzz.ts'

setFlagsFromString('--expose_gc')
const collect = runInNewContext('gc') as () => void

const heapMib = (): number => {
  collect()
  return process.memoryUsage().heapUsed / 2 ** 20
}

test('20,000 malformed frames: each is answered or ends its connection with a reason, others are served, nothing piles up', async (context) => {
  const cases = 20_000
  const seed = Number(process.env['KITH_SEED'] ?? Date.now() >>> 0)
  context.diagnostic(`KITH_SEED=${seed} npm test packages/hub/src/fuzz.test.ts`)
  let middle = 0
  const report = await fuzzHub(cases, seed, (done) => {
    if (done === cases / 2) middle = heapMib()
  })
  const grown = heapMib() - middle
  context.diagnostic(JSON.stringify({ ...report, grownMib: Math.round(grown) }))
  // A fuzzer that never comes past the decoder, or never fails in it, tests nothing.
  assert.ok(report.answered > cases / 10 && report.granted > cases / 100)
  for (const reason of ['refused', 'bad-policy', 'other-generation', 'not-carried', 'not-reached'])
    assert.ok((report.refused[reason] ?? 0) > 0, `nothing was refused as ${reason}`)
  for (const reason of ['bad-encoding', 'too-large'])
    assert.ok((report.ended[reason] ?? 0) > 0, `no connection ended as ${reason}`)
  assert.ok(grown < 16, `the second half left ${Math.round(grown)} MiB behind`)
})
