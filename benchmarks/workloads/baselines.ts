import { median } from '../statistics.ts'

/** One number of a run, by name; as a ratio to a yardstick of the same round, or in bytes. */
export type Round = Readonly<Record<string, number>>
export type Baseline = { readonly value: number; readonly isMoreBetter: boolean }
export type Baselines = Readonly<Record<string, Baseline>>
export type Verdict = {
  readonly name: string
  readonly baseline: number
  readonly median: number
  /** By what share it is worse than the baseline; negative: better. */
  readonly worseBy: number
  readonly isLoss: boolean
}

/** A median may be worse by this share. */
export const toleratedShare = 0.2

const worseBy = ({ value, isMoreBetter }: Baseline, found: number): number =>
  isMoreBetter ? value / found - 1 : found / value - 1

/**
 * Says of each baseline whether the rounds have lost it: the median is worse by more than `toleratedShare`, and no more than a
 * quarter of the rounds reached the baseline; a few slow rounds on a shared machine are no loss.
 * Throws for a baseline that the rounds do not have and for a number without a baseline: a name that changed must not look like a pass.
 */
export const compareWithBaselines = (baselines: Baselines, rounds: readonly Round[]): Verdict[] => {
  if (rounds.length === 0) throw new Error('there are no rounds to compare')
  for (const round of rounds) {
    const missing = Object.keys(baselines).find((name) => !Number.isFinite(round[name]))
    if (missing !== undefined) throw new Error(`a round has no number for ${missing}`)
    const extra = Object.keys(round).find((name) => !(name in baselines))
    if (extra !== undefined)
      throw new Error(`${extra} has no baseline; write them anew: npm run benchmark -- --check --update`)
  }
  return Object.entries(baselines).map(([name, baseline]) => {
    const found = rounds.map((round) => round[name] as number)
    const middle = median(found)
    const reached = found.filter((value) => worseBy(baseline, value) <= 0).length
    return {
      name,
      baseline: baseline.value,
      median: middle,
      worseBy: worseBy(baseline, middle),
      isLoss: worseBy(baseline, middle) > toleratedShare && reached * 4 <= found.length,
    }
  })
}
