import { app, openKith, type Peer, richText, table, text } from '@kith/browser'
import { addressToColor } from '@kith/editors'
import { liveText } from '@kith/editors/tiptap'
import { ConnectionStatus, ShareLink, usePresence, useQuery, useSpace, useText, Welcome } from '@kith/react'
import { type Editor, EditorContent, useEditor, useEditorState } from '@tiptap/react'
import StarterKit from '@tiptap/starter-kit'
import { Suspense, useState } from 'react'
import { createRoot } from 'react-dom/client'

const notes = app('org.example.notes', { version: 1, tables: { notes: table({ title: text(), body: richText() }) } })
const hubs = [import.meta.env['VITE_HUB'] ?? 'ws://127.0.0.1:8790']
type State = { note: string }

const useNotes = () => useSpace(notes, { name: 'Notes' })

const Notes = () => {
  const space = useNotes()
  const rows = useQuery(space, (q) => q.selectFrom('notes').selectAll().orderBy('id'))
  const { people, set } = usePresence<State>(space)
  const [chosen, setChosen] = useState<string>()
  const open = rows.find(({ id }) => id === chosen) ?? rows[0]
  const choose = (note: string) => {
    setChosen(note)
    set({ note })
  }
  return (
    <>
      <aside>
        <h1>Notes</h1>
        <button onClick={() => void space.tables.notes.insert({ title: '' }).then(choose)}>New note</button>
        <nav>
          {rows.map(({ id, title, body }) => (
            <button key={id} aria-current={id === open?.id} onClick={() => choose(id)}>
              <b>{title || 'Untitled'}</b>
              <small>{body.split('\n').find((line) => line) ?? 'Nothing yet'}</small>
              {people
                .filter(({ state }) => state.note === id)
                .map((peer) => (
                  <Face key={peer.id} peer={peer} />
                ))}
            </button>
          ))}
        </nav>
        <ShareLink space={space}>Share</ShareLink>
        <ConnectionStatus />
      </aside>
      <article>
        <header aria-label="Here">
          {people.map((peer) => (
            <Face key={peer.id} peer={peer} />
          ))}
        </header>
        {open && (
          <Suspense key={open.id}>
            <input
              aria-label="Title"
              placeholder="Untitled"
              value={open.title}
              onChange={({ target }) => void space.tables.notes.update(open.id, { title: target.value })}
            />
            <Body id={open.id} />
          </Suspense>
        )}
      </article>
    </>
  )
}

const Face = ({ peer: { name, address } }: { peer: Peer<State> }) => (
  <i title={name} style={{ background: addressToColor(address) }}>
    {name.slice(0, 1)}
  </i>
)

const Body = ({ id }: { id: string }) => {
  const space = useNotes()
  const { text } = useText(space, 'notes', id, 'body')
  const { presence } = usePresence(space)
  const editor = useEditor({
    extensions: [StarterKit.configure({ undoRedo: false }), liveText({ text, presence, place: id })],
    editorProps: { attributes: { 'aria-label': 'Note' } },
  })
  return (
    <>
      <Toolbar editor={editor} />
      <EditorContent editor={editor} />
    </>
  )
}

const tools = {
  Bold: ['bold', (editor: Editor) => editor.chain().focus().toggleBold().run()],
  Italic: ['italic', (editor: Editor) => editor.chain().focus().toggleItalic().run()],
  Heading: ['heading', (editor: Editor) => editor.chain().focus().toggleHeading({ level: 2 }).run()],
  List: ['bulletList', (editor: Editor) => editor.chain().focus().toggleBulletList().run()],
  Quote: ['blockquote', (editor: Editor) => editor.chain().focus().toggleBlockquote().run()],
  Undo: ['', (editor: Editor) => editor.chain().focus().undo().run()],
} as const

const Toolbar = ({ editor }: { editor: Editor }) => {
  const active = useEditorState({
    editor,
    selector: ({ editor: now }) => Object.values(tools).map(([mark]) => mark !== '' && now.isActive(mark)),
  })
  return (
    <menu>
      {Object.entries(tools).map(([name, [, run]], index) => (
        <button key={name} aria-pressed={active[index]} onClick={() => run(editor)}>
          {name}
        </button>
      ))}
    </menu>
  )
}

createRoot(document.querySelector('main')!).render(
  <Welcome title="Notes" open={(name) => openKith({ hubs, name })}>
    <Notes />
  </Welcome>,
)
