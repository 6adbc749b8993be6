import { app, bool, table, text } from '@kith/core'

/** What every device keeps, and who may write it: any writer, unless a table says otherwise. Raise the version with each change. */
export const schema = app('org.example.my-app', {
  version: 1,
  tables: {
    items: table({ title: text(), done: bool().default(false) }),
  },
})
