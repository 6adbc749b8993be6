import type { CborValue } from '../bytes/index.ts'
import type { CompiledTable, History, RowOrigin, Statements } from '../database/index.ts'
import type { Membership } from '../membership/index.ts'

export type OriginInput = {
  readonly statements: Statements
  readonly history: History
  readonly membership: Membership
  readonly space: number
}

/** Authors kept in memory: a run of updates usually asks about rows of a few changes. */
const authorsKeptMax = 4096

/** Looks up what a row's insert settled: who made it, and its fixed columns (in a keyed table the columns of the key). */
export const findOrigin = ({
  statements,
  history,
  membership,
  space,
}: OriginInput): ((table: CompiledTable, row: Uint8Array) => RowOrigin | undefined) => {
  const authors = new Map<number, Uint8Array | undefined>()

  /** By what the insert's change itself names: members come and go, a device key could be in two persons, and one that was void may be re-issued. */
  const authorOf = (change: number): Uint8Array | undefined => {
    if (!authors.has(change)) {
      if (authors.size >= authorsKeptMax) authors.clear()
      authors.set(change, membership.writerOf(history.change(change).header)?.address)
    }
    return authors.get(change)
  }

  return (table, row) => {
    const where = 'WHERE "$space" = ? AND id = ?'
    const base = statements(`SELECT "$change" AS change FROM ${table.physical} ${where}`).get(space, row)
    if (!base) return undefined
    const fixed = (index: number): CborValue | undefined => {
      const column = table.columns[index]
      if (!column?.isFixed || column.kind === undefined) return undefined
      // Upserts of a keyed row may write its other columns again and again.
      if (table.isKeyed && !table.key.includes(index)) return undefined
      const found = statements(`SELECT ${column.physical} AS value FROM ${table.physical} ${where}`).get(space, row)
      const value = (found?.value ?? null) as CborValue
      return column.kind === 'bool' && value !== null ? value !== 0 : value
    }
    if (!table.isKeyed) return { author: authorOf(base.change as number), fixed }
    return { author: table.personKey === undefined ? undefined : (fixed(table.personKey) as Uint8Array), fixed }
  }
}
