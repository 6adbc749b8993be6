import type { Numbers } from '../../sync/index.ts'

/** What is left of ascending ranges without others. */
export const without = (ranges: readonly Numbers[], others: readonly Numbers[]): Numbers[] =>
  others.reduce<Numbers[]>((left, other) => left.flatMap((range) => cutOut(range, other)), [...ranges])

const cutOut = ({ low, high }: Numbers, cut: Numbers): Numbers[] =>
  [
    { low, high: Math.min(high, cut.low - 1) },
    { low: Math.max(low, cut.high + 1), high },
  ].filter((rest) => rest.low <= rest.high)

export const holds = (ranges: readonly Numbers[], n: number): boolean =>
  ranges.some(({ low, high }) => n >= low && n <= high)

/** How many numbers there are in ranges that do not overlap. */
export const countOf = (ranges: readonly Numbers[]): number =>
  ranges.reduce((sum, { low, high }) => sum + high - low + 1, 0)

/** Ascending, those that touch joined. */
export const joined = (ranges: readonly Numbers[]): Numbers[] => {
  const done: Numbers[] = []
  for (const range of [...ranges].sort((left, right) => left.low - right.low)) {
    const last = done.at(-1)
    if (last && range.low <= last.high + 1)
      done[done.length - 1] = { low: last.low, high: Math.max(last.high, range.high) }
    else done.push(range)
  }
  return done
}

/** What lies between ascending ranges that do not touch, from 1 up to `top`. */
export const between = (ranges: readonly Numbers[], top: number): Numbers[] => {
  const found: Numbers[] = []
  let low = 1
  for (const range of ranges) {
    if (range.low > top) break
    if (range.low > low) found.push({ low, high: range.low - 1 })
    low = range.high + 1
  }
  if (low <= top) found.push({ low, high: top })
  return found
}
