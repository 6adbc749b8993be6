import {
  absolutePositionToRelativePosition,
  defaultDeleteFilter,
  defaultProtectedNodes,
  relativePositionToAbsolutePosition,
  yCursorPlugin,
  ySyncPlugin,
  ySyncPluginKey,
} from '@tiptap/y-tiptap'
import { type EditorState, type Plugin, TextSelection } from '@tiptap/pm/state'
import type { EditorView } from '@tiptap/pm/view'
import type * as Y from 'yjs'
import { type Cursors, createCursors, type CursorsInput } from '../cursors.ts'
import { createUndo } from '../undo.ts'
import { isFormatting } from './formatting.ts'
import { createUndoPlugin } from './undo-plugin.ts'

/** The name of the type that the editor's elements are in: queries see its plain text. */
const proseRoot = 'prose'

/** The plugins that tie an editor to one document, and to the next that replaces it. */
export type Binding = {
  readonly plugins: () => Plugin[]
  readonly rebind: (view: EditorView, doc: Y.Doc) => void
  readonly close: () => void
}

export const createBinding = (input: Omit<CursorsInput, 'root'>): Binding => {
  const cursors = createCursors({ ...input, root: proseRoot })
  let bound = bind(input.doc, cursors)
  return {
    plugins: () => bound.plugins,
    rebind: (view, doc) => {
      const old = bound
      const selection = keepSelection(view.state)
      cursors.bind(doc)
      bound = bind(doc, cursors, old.undo)
      // Each in the place of the one before: the order of plugins is the order in which they are asked.
      const plugins = view.state.plugins.map((plugin) => bound.plugins[old.plugins.indexOf(plugin)] ?? plugin)
      // What has the key of a plugin before keeps its state: first none may be there.
      const others = plugins.filter((plugin) => !bound.plugins.includes(plugin))
      view.updateState(view.state.reconfigure({ plugins: others }))
      view.updateState(view.state.reconfigure({ plugins }))
      selection(view)
    },
    close: cursors.close,
  }
}

type Bound = { readonly plugins: Plugin[]; readonly undo: Y.UndoManager }

const bind = (doc: Y.Doc, cursors: Cursors, before?: Y.UndoManager): Bound => {
  const fragment = doc.getXmlFragment(proseRoot)
  const options = {
    trackedOrigins: new Set<unknown>([ySyncPluginKey]),
    deleteFilter: (item: Y.Item) => defaultDeleteFilter(item, defaultProtectedNodes),
    captureTransaction: (transaction: Y.Transaction) => {
      if (transaction.meta.get('addToHistory') === false) return false
      if (transaction.origin === ySyncPluginKey) separate(transaction)
      return true
    },
  }
  const undo: Y.UndoManager = createUndo(fragment, options, before)
  // What is done in quick succession is taken back together; but who takes back a format keeps the words typed just before.
  let wasFormatting = false
  const separate = (transaction: Y.Transaction): void => {
    const formats = isFormatting(transaction)
    if (formats || wasFormatting) undo.stopCapturing()
    wasFormatting = formats
  }
  return {
    undo,
    plugins: [
      ySyncPlugin(fragment) as Plugin,
      // It asks for less than the whole of an Awareness.
      yCursorPlugin(cursors as unknown as Parameters<typeof yCursorPlugin>[0], {
        selectionBuilder: toSelection,
      }) as Plugin,
      createUndoPlugin(undo),
    ],
  }
}

type SyncState = {
  readonly doc: Y.Doc
  readonly type: Y.XmlFragment
  readonly binding: { readonly mapping: Map<never, never> }
}

/** Remembers where the selection is by the characters next to it; returns what selects the same in another document. */
const keepSelection = (state: EditorState): ((view: EditorView) => void) => {
  const old = ySyncPluginKey.getState(state) as SyncState
  const toRelative = (position: number): unknown =>
    absolutePositionToRelativePosition(position, old.type, old.binding.mapping)
  const { anchor, head } = state.selection
  const [anchorAt, headAt] = [toRelative(anchor), toRelative(head)]
  return (view) => {
    const { doc, type, binding } = ySyncPluginKey.getState(view.state) as SyncState
    const toAbsolute = (relative: unknown, otherwise: number): number =>
      Math.min(
        relativePositionToAbsolutePosition(doc, type, relative, binding.mapping) ?? otherwise,
        view.state.doc.content.size,
      )
    const { doc: content, tr } = view.state
    const [from, to] = [toAbsolute(anchorAt, anchor), toAbsolute(headAt, head)]
    view.dispatch(tr.setSelection(TextSelection.between(content.resolve(from), content.resolve(to))))
  }
}

/** Light enough for text of any colour on it. */
const toSelection = ({ color }: { readonly color: string }) => ({
  class: 'ProseMirror-yjs-selection',
  style: `background-color: ${color}33`,
})
