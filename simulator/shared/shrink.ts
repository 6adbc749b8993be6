import type { Outcome, Script, Step } from './script.ts'

/**
 * Leaves out steps as long as the same promise stays broken: halves first, then smaller pieces, then single steps (Zeller's
 * ddmin). `runsMax` bounds the work; what remains then is short, not shortest.
 */
export const shrink = async (
  script: Script,
  promise: string,
  run: (script: Script) => Promise<Outcome>,
  runsMax = 400,
): Promise<Script> => {
  let runs = 0
  const fails = async (steps: readonly Step[]): Promise<boolean> => {
    if (runs >= runsMax) return false
    runs += 1
    const { violations } = await run({ ...script, steps })
    return violations.some((violation) => violation.promise === promise)
  }
  let steps = script.steps
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < steps.length; ) {
      const rest = [...steps.slice(0, from), ...steps.slice(from + size)]
      if (rest.length < steps.length && (await fails(rest))) steps = rest
      else from += size
    }
  }
  return { ...script, steps }
}
