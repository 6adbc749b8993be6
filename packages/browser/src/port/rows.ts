import { applyRowsPatch, type RowsPatch, rowsToPatch } from '@kith/core'

/** Puts the rows of a live query together again; those that did not change keep their identity, whichever worker sends them. */
export type RowsDecoder = {
  /** The rows now, and what differs from those before. Undefined: another worker has sent what is shown already. */
  readonly decode: (patch: RowsPatch) => { rows: object[]; patch: RowsPatch } | undefined
  /** The next patch comes from another worker, which sends all. */
  readonly restarted: () => void
}

export const createRowsDecoder = (): RowsDecoder => {
  let before: object[] | undefined
  let isRestarted = false

  const recognise = (old: object[], rows: object[]): { rows: object[]; patch: RowsPatch } | undefined => {
    const known = new Map(old.map((row) => [JSON.stringify(row), row]))
    const recognised = rows.map((row) => known.get(JSON.stringify(row)) ?? row)
    if (recognised.length === old.length && recognised.every((row, at) => row === old[at])) return undefined
    return { rows: recognised, patch: rowsToPatch(old, recognised) }
  }
  return {
    decode: (patch) => {
      const decoded =
        isRestarted && before
          ? recognise(before, applyRowsPatch([], patch))
          : { rows: applyRowsPatch(before ?? [], patch), patch }
      isRestarted = false
      if (decoded) before = decoded.rows
      // The app may do with its array what it likes.
      return decoded && { rows: [...decoded.rows], patch: decoded.patch }
    },
    restarted: () => {
      isRestarted = true
    },
  }
}
