import type { Statements } from './statements.ts'

/**
 * The changes of one space that wait: in history, without effect. Each waits for one thing, by which it is found again, so that
 * thousands of them cost nothing while other changes come.
 */
export type Waiting = {
  readonly add: (change: number, wait: Wait) => void
  /** Takes out, in the order of arrival, what waits for a row (16 bytes) or a hash (32 bytes). */
  readonly takeByNeed: (need: Uint8Array) => number[]
  /** Takes out what waits for our clock and is not later than this. */
  readonly takeDue: (ms: number) => number[]
  /** Takes out what only a newer version of this program can judge. */
  readonly takeStuck: () => number[]
  readonly isEmpty: () => boolean
  /** What a change waits for, if it does. */
  readonly get: (change: number) => WaitingRow | undefined
  readonly remove: (change: number) => void
  /** The changes that wait for a row. */
  readonly forRow: (row: Uint8Array) => number[]
  /** Milliseconds of the first change that waits for our clock. */
  readonly nextDue: () => number | undefined
  /** All of it was deleted. */
  readonly cleared: () => void
}

/** What for: `need` a row or a hash, `due` a time; neither: a newer version of this program. */
export type Wait = {
  readonly need?: Uint8Array | undefined
  readonly due?: number
  readonly reason: string
}

/** As it is kept. */
export type WaitingRow = { readonly need: Uint8Array | null; readonly due: number | null; readonly reason: string }

export const createWaiting = (statements: Statements, space: number): Waiting => {
  let count = statements('SELECT count(*) AS n FROM waiting WHERE space = ?').get(space)?.n as number

  const take = (where: string, ...parameters: (Uint8Array | number)[]): number[] => {
    if (count === 0) return []
    const rows = statements(`DELETE FROM waiting WHERE ${where} AND space = ? RETURNING change`).all(
      ...parameters,
      space,
    )
    count -= rows.length
    return rows.map((row) => row.change as number).sort((left, right) => left - right)
  }

  return {
    add: (change, { need = null, due = null, reason }) => {
      count += 1
      statements('INSERT INTO waiting (change, space, need, due, reason) VALUES (?, ?, ?, ?, ?)').run(
        change,
        space,
        need,
        due,
        reason,
      )
    },
    takeByNeed: (need) => take('need = ?', need),
    takeDue: (ms) => take('due <= ?', ms),
    takeStuck: () => take('need IS NULL AND due IS NULL'),
    isEmpty: () => count === 0,
    get: (change) =>
      count === 0
        ? undefined
        : (statements('SELECT need, due, reason FROM waiting WHERE change = ?').get(change) as WaitingRow | undefined),
    forRow: (row) =>
      count === 0
        ? []
        : statements('SELECT change FROM waiting WHERE need = ? AND space = ?')
            .all(row, space)
            .map((found) => found.change as number),
    remove: (change) => void take('change = ?', change),
    nextDue: () =>
      (statements('SELECT min(due) AS due FROM waiting WHERE space = ?').get(space)?.due as number | null) ?? undefined,
    cleared: () => {
      count = 0
    },
  }
}
