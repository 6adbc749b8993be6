import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parseColumn } from './column.ts'
import { renderScreen } from './screen.ts'
import { generateTable } from './table.ts'

const folder = mkdtempSync(join(tmpdir(), 'kith-generate-'))
after(() => rmSync(folder, { recursive: true }))
const template = join(import.meta.dirname, '../../../../create-kith/template')
let apps = 0
/** A new app, with a schema of its own if one is given. */
const makeApp = (schema?: string): { app: string; read: (path: string) => string } => {
  const app = join(folder, String((apps += 1)))
  mkdirSync(app)
  cpSync(join(template, 'src'), join(app, 'src'), { recursive: true })
  if (schema !== undefined) writeFileSync(join(app, 'src/schema.ts'), schema)
  return { app, read: (path) => readFileSync(join(app, 'src', path), 'utf8') }
}
const refuses = (code: RegExp, app: string, name: string, ...columns: string[]): Promise<void> =>
  assert.rejects(generateTable(app, name, columns), (error: Error & { code?: string }) => {
    assert.match(error.message, code)
    return error.code === 'bad-schema'
  })

test('the screen that an app begins with is one that would be generated', () => {
  const columns = ['title:text', 'done:bool'].map(parseColumn)
  assert.equal(
    renderScreen({ table: 'items', columns, labelOf: () => undefined }),
    readFileSync(join(template, 'src/screens/items.tsx'), 'utf8'),
  )
})

test('a table is added to the schema, whose version rises, and to the screens', async () => {
  const { app, read } = makeApp()
  const paths = await generateTable(app, 'notes', ['title', 'due:time:optional', 'item:ref:items', 'by:person'])
  assert.equal(paths.length, 3)
  const schema = read('schema.ts')
  assert.match(schema, /import \{ app, bool, table, text, person, ref, time \} from '@kith\/core'/)
  assert.match(schema, /version: 2,/)
  assert.match(
    schema,
    /done: bool\(\)\.default\(false\) \}\),\n {4}notes: table\(\{ title: text\(\), due: time\(\)\.optional\(\), item: ref\('items'\), by: person\(\) \}\),\n {2}\},/,
  )
  assert.match(read('screens.ts'), /import \{ NotesScreen \} from '\.\/screens\/notes\.tsx'/)
  assert.match(read('screens.ts'), /items: ItemsScreen,\n {2}notes: NotesScreen,\n/)
  assert.match(read('screens/notes.tsx'), /selectFrom\('items'\)\.select\(\['id', 'title'\]\)/)
})

test('a schema that its author has written otherwise is changed in place', async () => {
  const { app, read } = makeApp(`import { table } from '@kith/core'
import { app as declare, app } from '@kith/browser'
// Mine.
const columns = {}
export const schema = app('org.example.mine', { tables: { a: table(columns) /* first */ }, version: 7 }) ; declare
`)
  await generateTable(app, 'b', ['n:int', 'a:ref:a'])
  assert.equal(
    read('schema.ts'),
    `import { table } from '@kith/core'
import { app as declare, app, int, ref } from '@kith/browser'
// Mine.
const columns = {}
export const schema = app('org.example.mine', { tables: { a: table(columns),
b: table({ n: int(), a: ref('a') }) /* first */ }, version: 8 }) ; declare
`,
  )
  assert.match(read('screens/b.tsx'), /select\(\['id'\]\)/)
})

test('names, types and tables that cannot be are refused, and nothing is written', async () => {
  const { app, read } = makeApp()
  const before = [read('schema.ts'), read('screens.ts')]
  await refuses(/There is a table "items" already/, app, 'items', 'a')
  for (const name of ['Big', '9', 'a-b', '../up', '', '__proto__']) await refuses(/cannot be the name/, app, name, 'a')
  await refuses(/cannot be the name of a column/, app, 'notes', "a'); evil(")
  await refuses(/there is no type blob/, app, 'notes', 'a:blob')
  await refuses(/there is no type constructor/, app, 'notes', 'a:constructor')
  await refuses(/write a:ref:TABLE/, app, 'notes', 'a:ref')
  await refuses(/table "nowhere" that is not declared/, app, 'notes', 'a:ref:nowhere')
  await refuses(/every row has an id/, app, 'notes', 'id:text')
  await refuses(/there twice/, app, 'notes', 'a', 'a:int')
  await refuses(/cannot be optional/, app, 'notes', 'a:bool:optional')
  await refuses(/only follow :optional/, app, 'notes', 'a:text:maybe')
  await refuses(/./, app, 'notes', `${'a'.repeat(300)}:text`)
  writeFileSync(join(app, 'src/screens/notes.tsx'), 'mine')
  await refuses(/There is a file/, app, 'notes', 'a')
  assert.deepEqual([read('schema.ts'), read('screens.ts')], before)
  assert.equal(read('screens/notes.tsx'), 'mine')
})

test('a schema that cannot be read or changed is left as it is, and named', async () => {
  const schemas = {
    'cannot be read': "import { app } from '@kith/core'\nexport const schema = app('org.example.x', {",
    'cannot be changed: it has no app':
      "import { app } from '@kith/core'\nconst tables = {}\nexport const schema = app('org.example.x', { version: 1, tables })",
    'cannot be changed: it does not import':
      "import * as kith from '@kith/core'\nconst { app } = kith\nexport const schema = app('org.example.x', { version: 1, tables: {} })",
  }
  for (const [why, schema] of Object.entries(schemas)) {
    const { app, read } = makeApp(schema)
    await refuses(new RegExp(`schema\\.ts ${why}`), app, 'notes', 'a')
    assert.equal(read('schema.ts'), schema)
    assert.equal(existsSync(join(app, 'src/screens/notes.tsx')), false)
  }
  await refuses(/There is no .*schema\.ts here/, folder, 'notes', 'a')
  const { app } = makeApp()
  writeFileSync(join(app, 'src/screens.ts'), 'export const other = {}')
  await refuses(/screens\.ts cannot be changed/, app, 'notes', 'a')
})
