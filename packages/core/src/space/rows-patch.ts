/**
 * What differs between two answers of a live query, in order: rows that are new or have changed, and runs `[from, count]` of rows of the
 * answer before. A row that moved is a run of one. It is what crosses from an engine's worker to a page.
 */
export type RowsPatch<Row = object> = readonly (Row | RowRun)[]

export type RowRun = readonly [from: number, count: number]

/** Rows are told apart by identity: a live query gives one that did not change as the same object. */
export const rowsToPatch = <Row extends object>(before: readonly Row[], after: readonly Row[]): RowsPatch<Row> => {
  let start = 0
  const shorter = Math.min(before.length, after.length)
  while (start < shorter && before[start] === after[start]) start += 1
  let end = 0
  while (end < shorter - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1

  // Most edits are over here: what is left are the rows between those that stayed in place.
  const places = new Map<Row, number>()
  for (let at = start; at < before.length - end; at += 1) places.set(before[at] as Row, at)
  const patch: (Row | [number, number])[] = []
  const run = (from: number, count: number): void => {
    const last = patch.at(-1)
    if (Array.isArray(last) && last[0] + last[1] === from) last[1] += count
    else if (count > 0) patch.push([from, count])
  }
  run(0, start)
  for (let at = start; at < after.length - end; at += 1) {
    const row = after[at] as Row
    const place = places.get(row)
    if (place === undefined) patch.push(row)
    else run(place, 1)
  }
  run(before.length - end, end)
  return patch
}

/** The answer after; rows that did not change are the same objects as before. */
export const applyRowsPatch = <Row extends object>(before: readonly Row[], patch: RowsPatch<Row>): Row[] => {
  const after: Row[] = []
  for (const part of patch) {
    if (!isRun(part)) after.push(part)
    else for (let at = part[0]; at < part[0] + part[1]; at += 1) after.push(before[at] as Row)
  }
  return after
}

const isRun = (part: unknown): part is RowRun => Array.isArray(part)
