import { Compartment, type Extension } from '@codemirror/state'
import { type EditorView, keymap, ViewPlugin } from '@codemirror/view'
import type { OpenText, Presence } from '@kith/core'
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next'
import type * as Y from 'yjs'
import { createCursors } from '../cursors.ts'
import { createUndo } from '../undo.ts'

/** The name of the plain text in a document: what queries see. */
const textRoot = 'text'

export type LiveTextOptions = {
  /** From `space.text` or `useText`. The editor follows it through replacements; closing it is for whoever opened it, after the editor. */
  readonly text: Pick<OpenText, 'doc' | 'replaced'>
  /** From `space.presence` or `usePresence`: shows others' cursors, and ours to them. */
  readonly presence?: Presence
  /** Names the text among those of the space, the same at everybody's: its row's id. */
  readonly place?: string
}

/** What the editor begins with: `new EditorView({ doc: initialText(text), extensions: [liveText({ text })] })`. */
export const initialText = (text: Pick<OpenText, 'doc'>): string => text.doc.getText(textRoot).toJSON()

/** Ties a CodeMirror 6 editor to a rich text of Kith, with undo of one's own edits only: leave `history()` out. */
export const liveText = ({ text, presence, place = '' }: LiveTextOptions): Extension => {
  const cursors = createCursors({ presence, place, root: textRoot, doc: text.doc })
  const compartment = new Compartment()
  let undo: Y.UndoManager | undefined
  const bind = (doc: Y.Doc): Extension => {
    const shown = doc.getText(textRoot)
    // The binding adds the origin of its own edits.
    undo = createUndo(shown, { trackedOrigins: new Set() }, undo)
    return yCollab(shown, cursors, { undoManager: undo })
  }
  const rebind = (view: EditorView, doc: Y.Doc): void => {
    // A binding is the same object for CodeMirror while it is configured: it has to go before the next comes.
    view.dispatch({ effects: compartment.reconfigure([]) })
    cursors.bind(doc)
    view.dispatch({ changes: difference(view.state.doc.toString(), doc.getText(textRoot).toJSON()) })
    view.dispatch({ effects: compartment.reconfigure(bind(doc)) })
  }
  const follow = ViewPlugin.define((view) => {
    const stop = text.replaced((doc) => rebind(view, doc))
    return {
      destroy: () => {
        stop()
        cursors.close()
      },
    }
  })
  return [compartment.of(bind(text.doc)), follow, keymap.of([...yUndoManagerKeymap])]
}

/** The edit between the first and the last character that differ: so the selection stays where it can. */
const difference = (before: string, after: string): { from: number; to: number; insert: string } => {
  const shorter = Math.min(before.length, after.length)
  let start = 0
  while (start < shorter && before[start] === after[start]) start += 1
  let end = 0
  while (end < shorter - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1
  return { from: start, to: before.length - end, insert: after.slice(start, after.length - end) }
}
