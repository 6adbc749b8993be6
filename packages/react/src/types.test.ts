/** What the hooks' types say; nothing runs. */
import { test } from 'node:test'
import { app, bool, counter, ref, type Space, set, table, text, time } from '@kith/core'
import { useCan } from './can.ts'
import { type Loading, useQuery, useRow } from './use-query.ts'
import { useSpace } from './use-space.ts'
import { useText } from './use-text.ts'

const todo = app('org.example.types', {
  version: 1,
  tables: {
    lists: table({ name: text() }),
    tasks: table({
      title: text(),
      done: bool(),
      due: time().optional(),
      votes: counter(),
      tags: set(),
      list: ref('lists'),
    }),
  },
})

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(_isSame: Same<A, B>): void => {}
type Task = {
  id: string
  title: string
  done: boolean
  due: Date | null
  votes: number
  tags: readonly string[]
  list: string
}

/** A component, never rendered. */
export const Types = (): void => {
  const space = useSpace(todo, { name: 'Home' })
  same<typeof space, Space<typeof todo>>(true)

  const all = useQuery(space, (q) => q.selectFrom('tasks').selectAll())
  same<(typeof all)[number]['due'], Date | null>(true)
  same<keyof (typeof all)[number], keyof Task>(true)
  const some = useQuery(space, (q) => q.selectFrom('tasks').select(['title', 'votes as count']))
  same<(typeof some)[number], { title: string; count: number }>(true)
  const everywhere = useQuery(todo, (q) => q.selectFrom('tasks').select(['space', 'done']))
  same<(typeof everywhere)[number], { space: string; done: boolean }>(true)
  const loading = useQuery(space, (q) => q.selectFrom('tasks').select('id'), { suspense: false })
  same<typeof loading, Loading<{ id: string }>>(true)
  const row = useRow(space, 'lists', 'id')
  same<typeof row, { id: string; name: string } | undefined>(true)

  // @ts-expect-error: no such table
  useQuery(space, (q) => q.selectFrom('nothing').selectAll())
  // @ts-expect-error: no such column
  useQuery(space, (q) => q.selectFrom('tasks').select('nothing'))
  // @ts-expect-error: no such table
  useRow(space, 'nothing', 'id')
  // @ts-expect-error: no such table
  useText(space, 'nothing', 'id', 'notes')
  const can = useCan(space)
  can('insert', 'tasks')
  // @ts-expect-error: no such table
  can('insert', 'nothing')
  // @ts-expect-error: no such verb
  can('drop', 'tasks')
}

test('the types of the hooks hold: see the compiler', () => {})
