/** Rows of a live query as they cross the port: a row that was shown before is sent as its index in the rows before. */
export type RowsUpdate = readonly (number | object)[]

/** Tells each time what is new. The live query gives a row that did not change as the same object. */
export const createRowsEncoder = (): ((rows: readonly object[]) => RowsUpdate) => {
  let before = new Map<object, number>()
  return (rows) => {
    const update = rows.map((row) => before.get(row) ?? row)
    before = new Map(rows.map((row, at) => [row, at]))
    return update
  }
}

/** Puts the rows together again; those that did not change keep their identity here too. */
export const createRowsDecoder = (): ((update: RowsUpdate) => object[]) => {
  let before: object[] = []
  return (update) => {
    before = update.map((row) => (typeof row === 'number' ? (before[row] as object) : row))
    return before
  }
}
