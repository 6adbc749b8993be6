import { app, int, richText, table, text } from '@kith/core'

export const shop = app('org.example.shop', {
  version: 1,
  tables: {
    items: table({ name: text(), place: int().default(0), notes: richText() }, { delete: 'admin', index: [['place']] }),
  },
})

/** Its next version: a name in two parts. */
export const nextShop = app('org.example.shop', {
  version: 2,
  tables: {
    items: table(
      { name: text(), brand: text(), model: text(), place: int().default(0), notes: richText() },
      { delete: 'admin', index: [['place']] },
    ).lens({
      from: ['name'],
      to: ['brand', 'model'],
      forward: ({ name }) => {
        if (name === 'broken') throw new Error('no such name')
        return { brand: name.split(' ')[0] ?? '', model: name.split(' ').slice(1).join(' ') }
      },
      back: ({ brand, model }) => ({ name: `${brand} ${model}` }),
    }),
  },
})
