import { ySyncPluginKey, yUndoPlugin, yUndoPluginKey } from '@tiptap/y-tiptap'
import { Plugin } from '@tiptap/pm/state'
import type * as Y from 'yjs'

/** What the library shows next is selected so. */
type Binding = { beforeTransactionSelection: unknown }
type StackEvent = { readonly stackItem: { readonly meta: Map<unknown, unknown> } }

/**
 * The library's undo, whose own view destroys the manager when any plugin of the editor comes or goes, and nothing is noted from then on.
 * This one only keeps the selection with what is undone; the manager ends with its document.
 */
export const createUndoPlugin = (undo: Y.UndoManager): Plugin =>
  new Plugin({
    ...(yUndoPlugin({ undoManager: undo }) as Plugin).spec,
    view: (view) => {
      const bindingNow = (): Binding | undefined =>
        (ySyncPluginKey.getState(view.state) as { readonly binding: Binding } | undefined)?.binding
      const added = ({ stackItem }: StackEvent): void => {
        const state = yUndoPluginKey.getState(view.state) as { readonly prevSel: unknown } | undefined
        stackItem.meta.set(undo, state?.prevSel)
      }
      const popped = ({ stackItem }: StackEvent): void => {
        const binding = bindingNow()
        const selection = stackItem.meta.get(undo)
        if (binding && selection) binding.beforeTransactionSelection = selection
      }
      undo.on('stack-item-added', added)
      undo.on('stack-item-popped', popped)
      return {
        destroy: () => {
          undo.off('stack-item-added', added)
          undo.off('stack-item-popped', popped)
        },
      }
    },
  })
