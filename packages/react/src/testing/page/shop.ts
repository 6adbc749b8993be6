import { app, int, richText, table, text } from '@kith/core'

export const shop = app('org.example.shop', {
  version: 1,
  tables: {
    items: table({ name: text(), place: int().default(0), notes: richText() }, { delete: 'admin', index: [['place']] }),
  },
})
