import type { Peer, Presence, Stop } from '@kith/core'
import type * as Y from 'yjs'
import { addressToColor } from './colors.ts'
import { type PlaceCursor, positionToJson, readCursor } from './relative-position.ts'

/** What an editor's binding shows of somebody. Name and colour are those of the member, whatever the peer says. */
type Shown = { readonly user: { readonly name: string; readonly color: string }; readonly cursor: PlaceCursor | null }

/**
 * The part of Yjs' Awareness that bindings use, on a presence of Kith: others' cursors in one text. Client ids are of our own choice, so that
 * nobody can pose as another's.
 */
export type Cursors = {
  /** Whose `clientID` is ours; another after `bind`. */
  readonly doc: Y.Doc
  readonly getStates: () => Map<number, object>
  readonly getLocalState: () => { readonly cursor: PlaceCursor | null }
  readonly setLocalStateField: (field: string, value: unknown) => void
  readonly on: (event: string, listener: ChangeListener) => void
  readonly off: (event: string, listener: ChangeListener) => void
  /** The text has another document. */
  readonly bind: (doc: Y.Doc) => void
  readonly close: () => void
}

type ChangeListener = (change: Change, origin: unknown) => void
type Change = { readonly added: number[]; readonly updated: number[]; readonly removed: number[] }

export type CursorsInput = {
  readonly presence: Presence | undefined
  /** Names the text among those of the space: its row's id, say. */
  readonly place: string
  /** The name of the document's type that is shown. */
  readonly root: string
  readonly doc: Y.Doc
}

export const createCursors = ({ presence, place, root, doc: first }: CursorsInput): Cursors => {
  const listeners = new Set<ChangeListener>()
  const numbers = new Map<string, number>()
  let doc = first
  let own: PlaceCursor | null = null
  let shown = new Map<number, Shown>()

  const numberOf = (id: string): number => {
    const number = numbers.get(id) ?? -1 - numbers.size
    numbers.set(id, number)
    return number
  }
  const tell = (change: Change): void => {
    for (const listener of listeners) listener(change, presence)
  }
  const show = (others: readonly Peer[]): void => {
    const before = shown
    shown = new Map(others.flatMap((peer) => toShown(peer, place, root, numberOf)))
    const added = [...shown.keys()].filter((number) => !before.has(number))
    const updated = [...shown.keys()].filter((number) => before.has(number))
    const removed = [...before.keys()].filter((number) => !shown.has(number))
    if (added.length + updated.length + removed.length > 0) tell({ added, updated, removed })
  }
  const stop: Stop = presence ? presence.live(show) : () => {}

  return {
    get doc() {
      return doc
    },
    getStates: () => new Map<number, object>([...shown, [doc.clientID, { cursor: own }]]),
    getLocalState: () => ({ cursor: own }),
    setLocalStateField: (field, value) => {
      if (field !== 'cursor') return
      const cursor = value as { anchor: Y.RelativePosition; head: Y.RelativePosition } | null
      const wasOurs = own !== null
      own = cursor && { anchor: positionToJson(cursor.anchor), head: positionToJson(cursor.head) }
      // What another editor of this page shows is not ours to take away.
      if (own || wasOurs) presence?.set({ cursor: own ? { ...own, place } : undefined }).catch(reportUnlessClosed)
      tell({ added: [], updated: [doc.clientID], removed: [] })
    },
    on: (event, listener) => {
      if (event === 'change') listeners.add(listener)
    },
    off: (_event, listener) => listeners.delete(listener),
    bind: (next) => {
      doc = next
    },
    close: () => {
      stop()
      listeners.clear()
    },
  }
}

const toShown = (
  { id, address, name, state }: Peer,
  place: string,
  root: string,
  numberOf: (id: string) => number,
): [number, Shown][] => {
  const said = state['cursor'] as { readonly place?: unknown } | null | undefined
  const cursor = said?.place === place ? readCursor(said, root) : undefined
  return cursor ? [[numberOf(id), { user: { name: name || 'Somebody', color: addressToColor(address) }, cursor }]] : []
}

/** A page that is going away need not be told that its cursor does too. */
const reportUnlessClosed = (error: unknown): void => {
  if ((error as { code?: unknown }).code !== 'closed') reportError(error)
}
