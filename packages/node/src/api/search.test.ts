/** Full-text search: what people type finds what was written, and nothing that they type is an error. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { app, matches, openKith, ref, richText, type Space, table, text } from '../index.ts'
import { createFolder, hasCode, openPerson } from './person.fixture.ts'

const notes = app('org.example.notes', {
  version: 1,
  tables: {
    folders: table({ name: text() }),
    notes: table(
      { title: text(), body: text().optional(), page: richText(), folder: ref('folders').optional().onDelete('hide') },
      { search: ['title', 'body', 'page'] },
    ),
  },
})
type Notes = Space<typeof notes>

const openNotes = async (context: TestContext) => {
  const alice = await openPerson(context)
  return { alice, space: await alice.createSpace(notes, { name: 'Notes' }) }
}
const find = async (space: Notes, words: string): Promise<string[]> => {
  const rows = await space.query((q) =>
    q.selectFrom('notes').select('title').where(matches('notes', words)).orderBy('title'),
  )
  return rows.map(({ title }) => title)
}

test('each word has to begin a word of the row, in any column and order, whatever case and accents', async (context) => {
  const { alice, space } = await openNotes(context)
  const garlic = await space.tables.notes.insert({
    title: 'Garlic from Zürich',
    body: 'Plant it in OCTOBER, 100 % sun.',
  })
  await space.tables.notes.insert({ title: 'Piano', body: 'Tune it in May.' })
  await space.tables.notes.insert({ title: 'Nothing more' })
  assert.deepEqual(await find(space, 'octo garl'), ['Garlic from Zürich'])
  assert.deepEqual(await find(space, 'zurich'), ['Garlic from Zürich'])
  assert.deepEqual(await find(space, 'it'), ['Garlic from Zürich', 'Piano'])
  assert.deepEqual(await find(space, '100 %'), ['Garlic from Zürich'])
  assert.deepEqual(await find(space, 'arlic'), [], 'words are found by how they begin')
  assert.deepEqual(await find(space, 'garlic piano'), [])
  assert.equal((await find(space, ' % ')).length, 3, 'no word finds all')

  const page = await space.text('notes', garlic, 'page')
  page.doc.getText('text').insert(0, 'Between the roses.')
  await page.close()
  assert.deepEqual(await find(space, 'roses garlic'), ['Garlic from Zürich'])

  const { tables } = await alice.inspect.storage()
  assert.deepEqual(
    tables
      .filter(({ app: of }) => of !== '' && of !== 'org.kith.home')
      .map((one) => `${one.app}/${one.table} ${one.rows}`),
    ['org.example.notes/notes 3', 'org.example.notes/folders 0'],
  )

  await space.tables.notes.update(garlic, { title: 'Onion' })
  assert.deepEqual([await find(space, 'garlic'), await find(space, 'onion sun')], [[], ['Onion']])
  await space.tables.notes.delete(garlic)
  assert.deepEqual(await find(space, 'onion'), [])
  await space.tables.notes.restore(garlic)
  assert.deepEqual(await find(space, 'onion'), ['Onion'])
})

test('a space finds its own, all spaces of the app find all; hidden rows are not found; joins go by an alias', async (context) => {
  const { alice, space } = await openNotes(context)
  const other = await alice.createSpace(notes, { name: 'More notes' })
  const folder = await space.tables.folders.insert({ name: 'Kitchen' })
  await space.tables.notes.insert({ title: 'Bread', folder })
  await other.tables.notes.insert({ title: 'Bread too' })
  assert.deepEqual(await find(space, 'bread'), ['Bread'])
  const everywhere = await alice.query(notes, (q) => q.selectFrom('notes').selectAll().where(matches('notes', 'bread')))
  assert.deepEqual(everywhere.map((row) => row.space).sort(), [other.id, space.id].sort())
  const joined = await space.query((q) =>
    q
      .selectFrom('notes as n')
      .innerJoin('folders as f', 'f.id', 'n.folder')
      .select(['n.title', 'f.name'])
      .where(matches('notes as n', 'bread')),
  )
  assert.deepEqual(joined, [{ title: 'Bread', name: 'Kitchen' }])
  await space.tables.folders.delete(folder)
  assert.deepEqual(await find(space, 'bread'), [])
})

test('a live query follows', async (context) => {
  const { space } = await openNotes(context)
  const answers: string[][] = []
  let told = (): void => {}
  const stop = space.live(
    (q) => q.selectFrom('notes').select(['id', 'title']).where(matches('notes', 'ap')).orderBy('title'),
    (rows) => {
      answers.push(rows.map(({ title }) => title))
      told()
    },
  )
  context.after(stop)
  const shows = async (titles: string[]): Promise<void> => {
    while (JSON.stringify(answers.at(-1)) !== JSON.stringify(titles))
      await new Promise<void>((resolve) => {
        told = resolve
      })
  }
  await shows([])
  const apple = await space.tables.notes.insert({ title: 'Apple' })
  await space.tables.notes.insert({ title: 'Pear' })
  await shows(['Apple'])
  await space.tables.notes.insert({ title: 'Apricot' })
  await shows(['Apple', 'Apricot'])
  await space.tables.notes.update(apple, { title: 'Quince' })
  await shows(['Apricot'])
})

test('whatever is typed is no error, and a word that is there is found', async (context) => {
  const { space } = await openNotes(context)
  const word = fc.stringMatching(/^[a-z0-9]{1,8}$/)
  const noise = fc.array(
    fc.constantFrom('"', "'", '*', '(', ')', ':', '^', '-', '+', ' AND ', ' NOT ', '{', '\u0000', '%', '_'),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'grapheme' }),
      fc.array(word, { minLength: 1, maxLength: 5 }),
      noise,
      async (any, words, signs) => {
        await find(space, any)
        await find(space, signs.join('') + words.join(signs.join('')))
        const title = words.join(', ')
        const id = await space.tables.notes.insert({ title })
        for (const one of words) assert.ok((await find(space, one)).includes(title), `"${one}" of "${title}"`)
        await space.tables.notes.delete(id)
      },
    ),
    { numRuns: 60 },
  )
})

test('what is searched may change with the program, and is made anew of what is there; without it, the error says what to declare', async (context) => {
  const path = createFolder(context)
  const first = await openKith({ path, name: 'Alice' })
  const space = await first.createSpace(notes, { name: 'Notes' })
  await space.tables.notes.insert({ title: 'Leek', body: 'soup' })
  await first.close()

  const titlesOnly = app('org.example.notes', {
    version: 2,
    tables: {
      folders: table({ name: text() }),
      notes: table(
        {
          title: text(),
          body: text().optional(),
          page: richText(),
          folder: ref('folders').optional().onDelete('hide'),
        },
        { search: ['title'] },
      ),
    },
  })
  const second = await openKith({ path })
  context.after(() => second.close())
  const again = (await second.open(titlesOnly, space.id)) as unknown as Notes
  assert.deepEqual([await find(again, 'leek'), await find(again, 'soup')], [['Leek'], []])
  await again.tables.notes.insert({ title: 'Chard', body: 'pie' })
  assert.deepEqual([await find(again, 'chard'), await find(again, 'pie')], [['Chard'], []])
  await assert.rejects(
    again.query((q) => q.selectFrom('folders').selectAll().where(matches('folders', 'x'))),
    (error: Error) => hasCode('not-found')(error) && /search: \['title'\]/.test(error.message),
  )
})
