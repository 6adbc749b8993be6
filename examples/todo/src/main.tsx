import { app, bool, openKith, table, text, time } from '@kith/browser'
import { ConnectionStatus, KithProvider, ShareLink, useQuery, useSpace } from '@kith/react'
import { createRoot } from 'react-dom/client'

const tasks = table({ title: text(), done: bool().default(false), added: time() })
const todo = app('org.example.todo', { version: 1, tables: { tasks } })
const kith = openKith({ hubs: [import.meta.env['VITE_HUB'] ?? 'ws://127.0.0.1:8790'] })

const Todo = () => {
  const space = useSpace(todo, { name: 'To do' })
  const { insert, update } = space.tables.tasks
  const rows = useQuery(space, (q) => q.selectFrom('tasks').selectAll().orderBy('done').orderBy('added'))
  const add = (data: FormData) => void insert({ title: data.get('title') as string, added: new Date() })
  const items = rows.map(({ id, title, done }) => (
    <label key={id}>
      <input type="checkbox" checked={done} onChange={() => void update(id, { done: !done })} /> {title}
    </label>
  ))
  return (
    <>
      <form action={add}>
        <input name="title" placeholder="What is to be done?" aria-label="New task" required />
      </form>
      {items}
      <ConnectionStatus />
      <ShareLink space={space} />
    </>
  )
}
createRoot(document.querySelector('main')!).render(<KithProvider kith={kith} children={<Todo />} />)
