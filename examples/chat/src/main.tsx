import { app, isMe, openKith, person, table, text, time, value } from '@kith/browser'
import { devtools } from '@kith/browser/devtools'
import { ConnectionStatus, MemberList, ShareLink, useKith, useMembers, useQuery, useSpace, Welcome } from '@kith/react'
import { useEffect, useRef } from 'react'
import { createRoot } from 'react-dom/client'

const messages = table(
  { body: text(), by: person().fixed(), at: time().fixed() },
  { insert: isMe(value('by')), update: 'nobody', delete: ['author', 'admin'] },
)
const chat = app('org.example.chat', { version: 1, tables: { messages } })
const hubs = [import.meta.env['VITE_HUB'] ?? 'ws://127.0.0.1:8790']

const Chat = () => {
  const { address } = useKith()
  const space = useSpace(chat, { name: 'Chat' })
  const names = new Map(useMembers(space).map((member) => [member.address, member.name]))
  const rows = useQuery(space, (q) => q.selectFrom('messages').selectAll().orderBy('at'))
  const end = useRef<HTMLDivElement>(null)
  useEffect(() => {
    end.current?.scrollIntoView()
  }, [rows.length])
  const send = (data: FormData) =>
    void space.tables.messages.insert({ body: data.get('body') as string, by: address, at: new Date() })

  return (
    <>
      <aside>
        <h1>Chat</h1>
        <MemberList space={space} />
        <ShareLink space={space}>Invite somebody</ShareLink>
        <ConnectionStatus />
      </aside>
      <section>
        {rows.map(({ id, body, by, at }, index) => (
          <article key={id} data-mine={by === address}>
            {rows[index - 1]?.by === by ? null : <b>{names.get(by) ?? 'Somebody'}</b>}
            <p>{body}</p>
            <time dateTime={at.toISOString()}>{at.toLocaleTimeString([], { timeStyle: 'short' })}</time>
          </article>
        ))}
        <div ref={end} />
      </section>
      <form action={send}>
        <input name="body" placeholder="Write a message" aria-label="Message" autoComplete="off" required />
        <button>Send</button>
      </form>
    </>
  )
}

createRoot(document.querySelector('main')!).render(
  <Welcome title="Chat" open={(name) => devtools(openKith({ hubs, name }))}>
    <Chat />
  </Welcome>,
)
