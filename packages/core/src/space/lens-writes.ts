import { equalBytes } from '../bytes/index.ts'
import type { CompiledColumn, Rows, TablePlace } from '../database/index.ts'
import type { SqlValue } from '../ports/index.ts'
import {
  type BoundLens,
  type BoundTable,
  type LensState,
  lensForward,
  type LensWrite,
  sqlToApp,
} from '../schema/index.ts'

/** Tells writes of one change what rows show through lenses: what the change itself wrote, else what is stored. */
export type LensWrites = {
  /** `id`: of a row that is there. For one that the write makes, `made` tells it. */
  readonly writing: (
    bound: BoundTable,
    id: string | undefined,
    kept: readonly string[] | undefined,
  ) => { readonly write: LensWrite; readonly made: (id: string) => void }
}

type Place = { readonly at: TablePlace; readonly id: Uint8Array; readonly rows: Rows }

export const createLensWrites = (placeOf: (bound: BoundTable, id: string) => Place): LensWrites => {
  const recorded = new Map<string, LensState>()
  const nameOf = (bound: BoundTable, lens: BoundLens['lens'], id: string): string =>
    `${bound.index}/${lens.to[0] as string}/${id}`

  return {
    writing: (bound, id, kept = []) => {
      const wrote: [BoundLens['lens'], LensState['values']][] = []
      const note = (row: string): void => {
        for (const [lens, values] of wrote) recorded.set(nameOf(bound, lens, row), { isFresh: true, values })
      }
      const stateOf = (lens: BoundLens['lens']): LensState | undefined => {
        const found = bound.lenses.find((candidate) => candidate.lens === lens)
        if (id === undefined || !found) return undefined
        return recorded.get(nameOf(bound, lens, id)) ?? readState(found, placeOf(bound, id))
      }
      return {
        write: {
          kept,
          ...(id === undefined ? {} : { row: id, stateOf }),
          wrote: (lens, values) => {
            wrote.push([lens, values])
            if (id !== undefined) note(id)
          },
        },
        made: note,
      }
    },
  }
}

const readState = ({ lens, from, marks, to }: BoundLens, { at, id, rows }: Place): LensState => {
  const read = (position: number | undefined): SqlValue =>
    position === undefined ? null : rows.showing.read(at, id, at.table.columns[position] as CompiledColumn)
  const decode = (position: number | undefined, value: SqlValue): unknown => {
    const kind = position === undefined ? undefined : at.table.columns[position]?.kind
    return kind ? sqlToApp(kind, value) : value
  }
  const old = from.map(read)
  const now = to.map(read)
  const isFresh =
    now.some((value) => value !== null) && marks.every((mark, place) => isSame(read(mark), old[place] as SqlValue))
  const named = (names: readonly string[], positions: readonly (number | undefined)[], values: readonly SqlValue[]) =>
    Object.fromEntries(names.map((name, place) => [name, decode(positions[place], values[place] as SqlValue)]))
  if (isFresh) return { isFresh, values: named(lens.to, to, now) }
  const [answer] = lensForward(lens, [named(lens.from, from, old)])
  // Where it fails, all of the newer columns have to be given.
  return { isFresh, values: answer && 'values' in answer ? answer.values : {} }
}

const isSame = (left: SqlValue, right: SqlValue): boolean =>
  left instanceof Uint8Array && right instanceof Uint8Array ? equalBytes(left, right) : left === right
