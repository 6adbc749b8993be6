import { app, bool, counter, order, person, ref, richText, set, table, text } from '@kith/core'

const tasks = {
  title: text(),
  state: text().optional(),
  done: bool().default(false),
  votes: counter(),
  tags: set(),
  place: order().optional(),
  owner: person().optional(),
  notes: richText(),
}
const tables = {
  tasks: table(tasks, { delete: ['author', 'admin'] }),
  ballots: table(
    { task: ref('tasks'), voter: person(), choice: text().optional() },
    { key: ['task', 'voter'], update: 'author', delete: ['author', 'admin'] },
  ),
  settings: table({ name: text(), value: text().optional() }, { key: ['name'], update: 'writer', delete: 'admin' }),
}

export const simApp = app('org.example.simulation', { version: 1, tables })

/** A newer version that only adds: any writer's device publishes it. */
export const widerApp = app('org.example.simulation', {
  version: 2,
  tables: { ...tables, remarks: table({ task: ref('tasks'), text: text() }) },
})

/** Another version 2, with other rules: only an admin's device may publish it. */
export const stricterApp = app('org.example.simulation', {
  version: 3,
  tables: { ...tables, tasks: table(tasks, { delete: 'admin', update: ['author', 'admin'] }) },
})
export type SimApp = typeof simApp
