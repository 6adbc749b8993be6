import type { Cells } from './cells.ts'
import type { Effects } from './effects.ts'
import type { NumberedChange } from './history.ts'
import type { Retraction } from './retract.ts'
import type { Statements } from './statements.ts'
import type { TwinRow } from './twins.ts'
import type { Verdicts } from './verdicts.ts'
import type { Waiting } from './waiting.ts'

/**
 * Looks again at changes that have their place, because something that they were judged by is another now. Those that come out otherwise are taken
 * back, and with them whatever was judged by rows of theirs, and so on: until what is left is what it would be if none of these had ever come.
 * Then all of them are taken once more, as if they came now. Nothing else is touched.
 */
export type Turn = (changes: Iterable<NumberedChange>, touched: Set<string>) => Turned

/** Rows that two changes inserted: maybe they do no longer. */
export type Turned = readonly TwinRow[]

export type TurnInput = {
  readonly statements: Statements
  readonly space: number
  readonly cells: Cells
  readonly waiting: Waiting
  readonly verdicts: Verdicts
  readonly effects: Effects
  readonly retraction: Retraction
  readonly read: (number: number) => NumberedChange
}

export const createTurn = (input: TurnInput): Turn => {
  const { statements, space, cells, waiting, verdicts, effects, retraction, read } = input

  /** Changes that may have been judged by a row's insert. */
  const dependents = (row: Uint8Array): number[] => [
    ...cells.writersOf(space, row),
    ...statements('SELECT change FROM leaning WHERE space = ? AND row = ?')
      .all(space, row)
      .map((found) => found.change as number),
  ]

  return (changes, touched) => {
    const turned = new Map<number, NumberedChange>()
    const twins: TwinRow[] = []
    let next = new Map([...changes].map((numbered) => [numbered.number, numbered]))
    while (next.size > 0) {
      // All are judged before any is taken back: what is half gone says nothing.
      const otherwise = [...next.values()].filter((numbered) => {
        if (turned.has(numbered.number)) return false
        // What waits for our clock has no verdict yet; what does not, has had its time.
        if (effects.place(numbered.number) === 'waits for our clock') return false
        return !effects.isAsIs(numbered.number, verdicts.judge(numbered, Number.POSITIVE_INFINITY))
      })
      next = new Map()
      const missing: Uint8Array[] = []
      const takeBack = (numbered: NumberedChange): void => {
        turned.set(numbered.number, numbered)
        const before = effects.takeBack(numbered, touched)
        twins.push(...before.twins)
        if (before.target) next.set(before.target.number, before.target)
        if (before.need) missing.push(before.need)
      }
      for (const numbered of otherwise) takeBack(numbered)
      const { gone, unmarked } = retraction.settle()
      for (const row of gone) for (const number of dependents(row)) next.set(number, read(number))
      missing.push(...unmarked)
      // A row is known as missing by what was written to it and by what waits for it: each says so again.
      for (const row of missing) {
        for (const number of waiting.forRow(row)) takeBack(read(number))
        retraction.unexpect(space, row)
      }
    }
    for (const numbered of [...turned.values()].sort((left, right) => left.number - right.number))
      effects.give(numbered, verdicts.judge(numbered, Number.POSITIVE_INFINITY), touched)
    return twins
  }
}
