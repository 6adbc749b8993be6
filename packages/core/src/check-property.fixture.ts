/** For tests: runs a property that takes long, and says at once, with one command, how to repeat what failed. */
import { randomInt } from 'node:crypto'
import { writeSync } from 'node:fs'
import type { TestContext } from 'node:test'
import fc from 'fast-check'

/** A run that awaits something for longer will await it for ever. */
const runMsMax = 120_000
/** A case may shrink by thousands of runs: whoever waits for the shortest may never learn that there was one. */
const shrinkMsMax = 60_000

/**
 * `runs` in CI. `KITH_RUNS` multiplies them, `KITH_SEED` and `KITH_PATH` repeat one. The seed is on stderr before the first run, since one that
 * never ends cannot tell it; the path as soon as a run fails, before it is shrunk.
 */
export const checkProperty = async <T>(
  { name, filePath = '' }: TestContext,
  runs: number,
  property: fc.IRawProperty<T>,
): Promise<void> => {
  const { KITH_RUNS: times = '1', KITH_SEED: givenSeed, KITH_PATH: path } = process.env
  const seed = givenSeed === undefined ? randomInt(2 ** 31) : Number(givenSeed)
  const file = filePath.slice(filePath.indexOf('packages/'))
  const pattern = name.replace(/[^\p{L}\p{N} ,]/gu, '.')
  const commandFor = (at?: string | null): string =>
    `KITH_SEED=${seed} ${at ? `KITH_PATH=${at} ` : ''}npm test -- ${file} --test-name-pattern='${pattern}'`
  const settings = { seed, numRuns: Math.ceil(runs * Number(times)) }

  say(`Repeat if it never ends: ${commandFor(path)}`)
  const first = await fc.check(property, {
    ...settings,
    ...(path === undefined ? {} : { path }),
    endOnFailure: true,
    plugins: [fc.timeout(runMsMax)],
  })
  if (!first.failed) return
  const failure = textOf(first.errorInstance)
  const { counterexamplePath } = first
  say(`${failure}\nRepeat: ${commandFor(counterexamplePath)}\nShrinks for at most ${shrinkMsMax / 1000} s.`)
  const shrunk =
    counterexamplePath === null
      ? first
      : await fc.check(property, {
          ...settings,
          path: counterexamplePath,
          plugins: [fc.timeout(runMsMax), fc.interruptAfterTimeLimit(shrinkMsMax)],
        })
  // Without a path the shorter one failed in no run: then chance is in it that no seed repeats.
  const last = shrunk.failed && shrunk.counterexamplePath !== null ? shrunk : first
  throw new Error(
    [
      textOf(last.errorInstance),
      ...(last === first && shrunk !== first ? ['It did not fail a second time.'] : []),
      `${last.numShrinks} times shrunk to ${fc.stringify(last.counterexample)}`,
      `Repeat: ${commandFor(last.counterexamplePath)}`,
    ].join('\n'),
    { cause: last.errorInstance },
  )
}

/** Past the streams: what a process that hangs has queued there is lost with it. */
const say = (text: string): void => void writeSync(process.stderr.fd, `${text}\n`)

const textOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
