import { app, bool, counter, richText, table, text } from '@kith/core'

/** Design §8's example, with one validator, which has to run in the page. */
export const todo = app('org.example.todo', {
  version: 1,
  tables: {
    tasks: table(
      {
        title: text().validate({
          '~standard': {
            version: 1,
            vendor: 'kith',
            validate: (value) => {
              if (typeof value !== 'string') return { value: value as never }
              return value.trim() === '' ? { issues: [{ message: 'something to do' }] } : { value: value.trim() }
            },
          },
        }),
        done: bool().default(false),
        votes: counter(),
        notes: richText(),
      },
      { insert: 'writer', update: 'writer', delete: ['author', 'admin'], search: ['title'] },
    ),
  },
})
