import { app, bool, counter, type Kith, ref, richText, type Space, table, text } from '@kith/core'

/** The app of all journeys. */
export const journal = app('org.kith.journeys', {
  version: 1,
  tables: {
    entries: table({ title: text(), done: bool().default(false), votes: counter(), body: richText() }),
    remarks: table({ entry: ref('entries'), words: text() }),
  },
})

export type Journal = Space<typeof journal>

/** All that a space shows, in a form that compares: tables by name, rows by id. */
export const readAll = async (space: Journal): Promise<string> => {
  const entries = await space.query((q) => q.selectFrom('entries').selectAll().orderBy('id'))
  const remarks = await space.query((q) => q.selectFrom('remarks').selectAll().orderBy('id'))
  return JSON.stringify({ entries, remarks })
}

export const countEntries = async (space: Journal): Promise<number> =>
  (await space.query((q) => q.selectFrom('entries').select('id'))).length

export const titles = async (space: Journal): Promise<string[]> =>
  (await space.query((q) => q.selectFrom('entries').select('title').orderBy('title'))).map(({ title }) => title)

/** The space of a person who has only one. */
export const onlySpace = async (kith: Kith): Promise<Journal> => {
  const [found] = await kith.spaces({ app: journal })
  if (!found) throw new Error('There is no space here.')
  return kith.open(journal, found.id)
}
