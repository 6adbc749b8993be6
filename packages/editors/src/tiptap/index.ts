import { type AnyExtension, Extension } from '@tiptap/core'
import type { OpenText, Presence } from '@kith/core'
import { redo, undo } from '@tiptap/y-tiptap'
import { type Binding, createBinding } from './binding.ts'

declare module '@tiptap/core' {
  interface Commands<ReturnType> {
    liveText: {
      /** Takes back what was done in this editor last, whatever others did meanwhile. */
      undo: () => ReturnType
      redo: () => ReturnType
    }
  }
}

export type LiveTextOptions = {
  /** From `space.text` or `useText`. The editor follows it through replacements; closing it is for whoever opened it, after the editor. */
  readonly text: Pick<OpenText, 'doc' | 'replaced'>
  /** From `space.presence` or `usePresence`: shows others' cursors, and ours to them. */
  readonly presence?: Presence
  /** Names the text among those of the space, the same at everybody's: its row's id. */
  readonly place?: string
}

/**
 * Ties a Tiptap editor to a rich text of Kith. It brings undo of its own, of one's own edits only: leave the editor's out
 * (`StarterKit.configure({ undoRedo: false })`). Who may only read gets `editable: false` from the app.
 */
export const liveText = ({ text, presence, place = '' }: LiveTextOptions): AnyExtension => {
  let binding: Binding | undefined
  let stop = (): void => {}
  return Extension.create({
    name: 'liveText',
    // Its undo comes before what others bind to the same keys.
    priority: 1000,
    addProseMirrorPlugins() {
      binding?.close()
      binding = createBinding({ presence, place, doc: text.doc })
      return binding.plugins()
    },
    onCreate() {
      stop = text.replaced((doc) => binding?.rebind(this.editor.view, doc))
    },
    onDestroy() {
      stop()
      binding?.close()
    },
    addCommands() {
      return {
        undo:
          () =>
          ({ tr, state, dispatch }) => {
            tr.setMeta('preventDispatch', true)
            return !dispatch || undo(state)
          },
        redo:
          () =>
          ({ tr, state, dispatch }) => {
            tr.setMeta('preventDispatch', true)
            return !dispatch || redo(state)
          },
      }
    },
    addKeyboardShortcuts() {
      return {
        'Mod-z': () => this.editor.commands.undo(),
        'Mod-y': () => this.editor.commands.redo(),
        'Shift-Mod-z': () => this.editor.commands.redo(),
      }
    },
  })
}
