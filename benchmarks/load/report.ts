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
