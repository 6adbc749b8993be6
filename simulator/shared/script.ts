/** A story as data: what a seed grows into, what a failure is cut down to, and what a regression keeps. */
export type Script = {
  readonly level: 'world' | 'rules'
  readonly seed: string
  readonly steps: readonly Step[]
}

/**
 * One step. Its numbers choose among what is there when it runs (modulo how much that is), and a step that cannot be done
 * does nothing: so any step may be left out and the rest still means something.
 */
export type Step = {
  readonly do: string
  readonly who: number
  readonly what: number
  readonly how: number
  readonly ms: number
}

export type Violation = {
  /** Which promise was broken. */
  readonly promise: string
  readonly detail: string
  /** After how many steps it was found. */
  readonly step: number
}

export type Outcome = {
  readonly hash: string
  readonly violations: readonly Violation[]
  /** How often what happened: a simulation that does nothing finds nothing. */
  readonly counts: Readonly<Record<string, number>>
}

/** The one command that repeats a run. */
export const scriptToCommand = ({ level, seed, steps }: Script): string =>
  `npm run simulate -- --level ${level} --seed ${seed} --steps ${steps.length}`
