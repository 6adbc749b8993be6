import type { Space } from '@kith/core'
import { useCan, useQuery } from '@kith/react'
import type { schema } from '../schema.ts'

type Props = { space: Space<typeof schema> }

export const ItemsScreen = ({ space }: Props) => {
  const rows = useQuery(space, (q) => q.selectFrom('items').selectAll().orderBy('id'))
  const can = useCan(space)
  return (
    <section>
      <h2>Items</h2>
      <ul>
        {rows.map((row) => (
          <li key={row.id}>
            <input
              type="checkbox"
              aria-label="done"
              checked={row.done}
              disabled={!can('update', 'items')}
              onChange={() => void space.tables.items.update(row.id, { done: !row.done })}
            />
            <span>{row.title}</span>
            {can('delete', 'items') ? (
              <button type="button" onClick={() => void space.tables.items.delete(row.id)}>
                Delete
              </button>
            ) : null}
          </li>
        ))}
      </ul>
      {can('insert', 'items') ? <ItemsForm space={space} /> : null}
    </section>
  )
}

const ItemsForm = ({ space }: Props) => {
  const add = async (data: FormData) => {
    await space.tables.items.insert({
      title: data.get('title') as string,
    })
  }
  return (
    <form action={add}>
      <label>
        Title <input name="title" required />
      </label>
      <button>Add</button>
    </form>
  )
}
