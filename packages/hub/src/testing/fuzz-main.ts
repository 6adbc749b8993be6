/** `npm run fuzz -- [cases] [seed]`: a night of malformed frames against a hub. */
import { fuzzHub } from './fuzz.ts'

const [cases = 1_000_000, seed = Date.now() >>> 0] = process.argv.slice(2).map(Number)
console.log(`${cases} cases of seed ${seed}`)
const report = await fuzzHub(cases, seed, (done) => {
  if (done % 50_000 !== 0) return
  console.log(`${done}: ${Math.round(process.memoryUsage().heapUsed / 2 ** 20)} MiB`)
})
console.log(report)
