import type { History } from './history.ts'
import { compareStamps, type Stamp } from './order.ts'
import type { Statements } from './statements.ts'

/** Names that people give: a member's own in a space, and the space's. The last write shows, by the total order of writes. */
export type Labels = {
  readonly write: (space: number, person: Uint8Array, text: string, stamp: Stamp, picture?: Uint8Array) => void
  /** What shows, with the time of its write. */
  readonly read: (space: number, person: Uint8Array) => Label | undefined
  /** The names that show of all spaces that have one, by their numbers: one look for a list of hundreds. */
  readonly titles: () => ReadonlyMap<number, string>
  /** Takes back what a change wrote. */
  readonly remove: (space: number, change: number) => void
}

export type Label = {
  readonly text: string
  readonly time: Uint8Array
  /** The picture that came with the name. */
  readonly picture: Uint8Array | undefined
}

/** Stands for the space itself where a person's address would be. */
export const spaceLabel = new Uint8Array(0)

type Write = Stamp & { readonly text: string }

export const createLabels = (statements: Statements, history: History): Labels => {
  const higher = (best: Write | undefined, write: Write): Write =>
    best && compareStamps(history, best, write) > 0 ? best : write
  /** The write that shows. */
  const find = (space: number, person: Uint8Array): Write | undefined => {
    const from = 'FROM label WHERE space = ?1 AND person = ?2'
    const latest = statements(`SELECT text, time, change, op ${from} AND time = (SELECT max(time) ${from})`).all(
      space,
      person,
    ) as unknown as Write[]
    return latest.reduce<Write | undefined>(higher, undefined)
  }
  const titles = (): Map<number, string> => {
    // From the spaces: one with thousands of members has a label of each.
    const sql = `SELECT space.n AS space, text, time, change, op FROM space JOIN label ON label.space = space.n AND person = ?1
      WHERE time = (SELECT max(time) FROM label WHERE space = space.n AND person = ?1)`
    const shown = new Map<number, Write>()
    for (const row of statements(sql).all(spaceLabel)) {
      const space = row.space as number
      shown.set(space, higher(shown.get(space), row as unknown as Write))
    }
    return new Map([...shown].map(([space, { text }]) => [space, text]))
  }
  return {
    write: (space, person, text, { time, change, op }, picture) =>
      statements(
        'INSERT OR IGNORE INTO label (space, person, time, change, op, text, picture) VALUES (?, ?, ?, ?, ?, ?, ?)',
      ).run(space, person, time, change, op, text, picture ?? null),
    read: (space, person) => {
      const shown = find(space, person)
      if (!shown) return undefined
      const { text, time, change, op } = shown
      const sql = 'SELECT picture FROM label WHERE space = ? AND person = ? AND time = ? AND change = ? AND op = ?'
      const picture = statements(sql).get(space, person, time, change, op)?.picture
      return { text, time, picture: picture instanceof Uint8Array ? picture : undefined }
    },
    titles,
    remove: (space, change) => statements('DELETE FROM label WHERE space = ? AND change = ?').run(space, change),
  }
}
