/** For tests: runs a property and says with one command how to repeat what failed. */
import fc from 'fast-check'

/**
 * `runs` in CI. `KITH_RUNS` multiplies them, `KITH_SEED` and `KITH_PATH` repeat one: what a failure prints.
 */
export const check = async <T>(file: string, runs: number, property: fc.IAsyncProperty<T>): Promise<void> => {
  const { KITH_RUNS: times = '1', KITH_SEED: seed, KITH_PATH: path } = process.env
  const details = await fc.check(property, {
    numRuns: Math.ceil(runs * Number(times)),
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(path === undefined ? {} : { path }),
  })
  if (!details.failed) return
  const name = file.slice(file.indexOf('packages/'))
  const repeat = `KITH_SEED=${details.seed} KITH_PATH=${details.counterexamplePath ?? ''} npm test ${name}`
  const cause = details.errorInstance
  throw new Error(
    `${cause instanceof Error ? cause.message : String(cause)}\n${details.numShrinks} times shrunk to ${fc.stringify(details.counterexample)}\nRepeat: ${repeat}`,
    { cause },
  )
}
