/** What a run has measured: goals with what was reached, and tables. */
export type Goal = {
  readonly what: string
  readonly goal: string
  readonly measured: string
  readonly isReached: boolean
}

export type Part = {
  readonly title: string
  readonly goals: readonly Goal[]
  /** In Markdown. */
  readonly text: string
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] as number
}

export const atMost = (what: string, measured: number, most: number, unit: string, digits = 0): Goal => ({
  what,
  goal: `≤ ${most} ${unit}`,
  measured: `${measured.toFixed(digits)} ${unit}`,
  isReached: measured <= most,
})

export const atLeast = (what: string, measured: number, least: number, unit: string, digits = 0): Goal => ({
  what,
  goal: `≥ ${least} ${unit}`,
  measured: `${measured.toFixed(digits)} ${unit}`,
  isReached: measured >= least,
})

export const toTable = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

export const goalsTable = (parts: readonly Part[]): string =>
  toTable(
    ['', 'goal', 'measured', ''],
    parts.flatMap(({ goals }) =>
      goals.map(({ what, goal, measured, isReached }) => [what, goal, measured, isReached ? '✔ reached' : '✘ missed']),
    ),
  )
