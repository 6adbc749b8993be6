/** The value below which `part` (0 to 1) of the values lie; the largest for 1. */
export const quantile = (values: readonly number[], part: number): number => {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] as number
}

/** The middle value; of an even number the upper of the two. */
export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** How far the values lie apart: the largest by the smallest. */
export const spread = (values: readonly number[]): number => Math.max(...values) / Math.min(...values)
