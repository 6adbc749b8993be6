/** Two editors of each kind on two documents that follow each other, in one page; the test drives them. */
import { EditorView } from '@codemirror/view'
import type { OpenText, Peer, Presence } from '@kith/core'
import { Editor } from '@tiptap/core'
import StarterKit from '@tiptap/starter-kit'
import * as Y from 'yjs'
import { initialText, liveText as liveCode } from '../../codemirror/index.ts'
import { liveText } from '../../tiptap/index.ts'

const remote = 'kith:remote'

/** A text whose document follows that of another, and may be replaced. */
const createText = () => {
  const listeners = new Set<(doc: Y.Doc) => void>()
  let doc = new Y.Doc()
  let other: { readonly take: (update: Uint8Array) => void } | undefined
  const send = (update: Uint8Array, origin: unknown): void => {
    if (origin !== remote) other?.take(update)
  }
  doc.on('update', send)
  return {
    get doc() {
      return doc
    },
    replaced: (listener: (doc: Y.Doc) => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    take: (update: Uint8Array) => Y.applyUpdate(doc, update, remote),
    follow: (to: typeof other) => {
      other = to
    },
    /** As when another tab takes over: a new object, another client id, the old one destroyed first. */
    replace: () => {
      const old = doc
      doc = new Y.Doc()
      Y.applyUpdate(doc, Y.encodeStateAsUpdate(old), remote)
      doc.on('update', send)
      old.destroy()
      for (const listener of listeners) listener(doc)
    },
  }
}

/** A presence in which the test says who the others are. */
const createPresence = () => {
  const listeners = new Set<(others: Peer[]) => void>()
  const shown: object[] = []
  const presence = {
    id: 'me',
    set: async (state: object) => void shown.push(state),
    others: async () => [],
    live: (listener: (others: Peer[]) => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: async () => {},
  } as unknown as Presence
  return { presence, shown, tell: (others: Peer[]) => listeners.forEach((listener) => listener(others)) }
}

const texts = [createText(), createText()] as const
texts[0].follow(texts[1])
texts[1].follow(texts[0])
const others = createPresence()

const place = (name: string): HTMLElement => {
  const element = document.createElement('section')
  element.id = name
  document.body.append(element)
  return element
}
const asText = (text: (typeof texts)[number]) => text as Pick<OpenText, 'doc' | 'replaced'>

const prose = texts.map(
  (text, at) =>
    new Editor({
      element: place(`prose${at}`),
      extensions: [
        StarterKit.configure({ undoRedo: false }),
        liveText({ text: asText(text), ...(at === 0 ? { presence: others.presence, place: 'one' } : {}) }),
      ],
    }),
)
const code = texts.map(
  (text, at) =>
    new EditorView({
      parent: place(`code${at}`),
      doc: initialText(asText(text)),
      extensions: [liveCode({ text: asText(text), ...(at === 0 ? { presence: others.presence, place: 'one' } : {}) })],
    }),
)

const trial = { texts, prose, code, others, Y }
export type Trial = typeof trial
Object.assign(globalThis, { trial })
