import { app, bool, openKith, table, text, time } from '@kith/browser'

const columns = { title: text(), done: bool().default(false), added: time() }
const todo = app('org.example.todo', { version: 1, tables: { tasks: table(columns) } })
const kith = await openKith({ hubs: [import.meta.env['VITE_HUB'] ?? 'ws://127.0.0.1:8790'] })

// The space of this page: an invite in its address is joined, else the one used last, else a new one.
const invite = location.hash.slice(1)
const [last] = await kith.spaces({ app: todo })
const space = invite.startsWith('kith:')
  ? await kith.join(todo, invite)
  : last
    ? await kith.open(todo, last.id)
    : await kith.createSpace(todo, { name: 'To do' })
history.replaceState(null, '', location.pathname)
const { tasks } = space.tables

const [form, list, share, output] = ['form', '#rows', '#share', 'output'].map((name) =>
  document.querySelector(name),
) as [HTMLFormElement, HTMLElement, HTMLButtonElement, HTMLOutputElement]
form.addEventListener('submit', (event) => {
  event.preventDefault()
  void tasks.insert({ title: new FormData(form).get('title') as string, added: new Date() })
  form.reset()
})
share.addEventListener('click', async () => {
  const link = await space.invite({ role: 'writer' })
  output.textContent = `${location.origin}${location.pathname}#${link}`
})

document.querySelector('main')?.removeAttribute('hidden')

// One element for each row, made once: a row that did not change is the same object.
const elements = new WeakMap<object, HTMLLabelElement>()
for await (const rows of space.live((q) => q.selectFrom('tasks').selectAll().orderBy('done').orderBy('added'))) {
  list.replaceChildren(
    ...rows.map((row) => {
      const known = elements.get(row)
      if (known) return known
      const label = document.createElement('label')
      const box = label.appendChild(document.createElement('input'))
      box.type = 'checkbox'
      box.checked = row.done
      box.addEventListener('change', () => void tasks.update(row.id, { done: box.checked }))
      label.append(` ${row.title}`)
      elements.set(row, label)
      return label
    }),
  )
}
