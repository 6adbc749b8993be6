import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { app, table as declareTable, type Table } from '@kith/core/schema'
import { bad, checkName, type ColumnPlan, columnToCode, columnToDeclaration, parseColumn } from './column.ts'
import { capitalise, renderScreen, schemaFile } from './screen.ts'
import {
  addEntry,
  applyInsertions,
  type Insertion,
  type Literal,
  readSourceFile,
  type SourceFile,
} from './source-file.ts'

/**
 * Adds a table to the app in a folder: to `src/schema.ts`, whose version is raised, and to `src/screens.ts` with a file of its own. Returns the paths
 * of what it wrote; where it throws, it has written nothing.
 *
 * @throws KithError `bad-schema` for names and types that cannot be, a table that is there, and files that cannot be changed.
 */
export const generateTable = async (folder: string, name: string, words: readonly string[]): Promise<string[]> => {
  checkName(name, 'table')
  const columns = words.map(parseColumn)
  const twice = columns.find((column, at) => columns.findIndex((other) => other.name === column.name) < at)
  if (twice) throw bad(`The column "${twice.name}" is there twice`)
  const schemaPath = join(folder, 'src', schemaFile)
  const screensPath = join(folder, 'src', 'screens.ts')
  const screenPath = join(folder, 'src', screenFile(name))
  const schema = await readSourceFile(schemaPath)
  const screens = await readSourceFile(screensPath)
  const tables = tablesOf(schema)
  if (tables.literal.entries.has(name)) throw bad(`There is a table "${name}" already`)
  if (existsSync(screenPath)) throw bad(`There is a file ${screenPath} already`)
  judge(name, columns, tables.literal)

  const newSchema = addTable(schema, tables, name, columns)
  const newScreens = addScreen(screens, name)
  const screen = renderScreen({
    table: name,
    columns,
    labelOf: (target) =>
      target === name ? firstText(columns) : firstTextOf(schema, tables.literal.entries.get(target)?.start),
  })
  mkdirSync(dirname(screenPath), { recursive: true })
  writeFileSync(screenPath, screen)
  writeFileSync(schemaPath, newSchema)
  writeFileSync(screensPath, newScreens)
  return [schemaPath, screensPath, screenPath]
}

const screenFile = (table: string): string => `screens/${table}.tsx`

type Place = { readonly literal: Literal; readonly version: { readonly start: number; readonly end: number } }

const tablesOf = (schema: SourceFile): Place => {
  const options = schema.appOptions()
  const tables = options?.entries.get('tables')
  const literal = tables && schema.at(tables.start)
  const version = options?.entries.get('version')
  if (!literal || !version || !/^\d+$/.test(schema.code.slice(version.start, version.end)))
    throw bad(
      `${schema.path} cannot be changed: it has no app('…', { version: 1, tables: { … } }) with its version and tables written out. Add the table by hand`,
    )
  return { literal, version }
}

/** The core's own judgement of names, references and sizes; of the tables that are there only the names count. */
const judge = (name: string, columns: readonly ColumnPlan[], tables: Literal): void => {
  const declared = Object.fromEntries(columns.map((column) => [column.name, columnToDeclaration(column)]))
  const known = [...tables.entries.keys()].map((other): [string, Table] => [other, declareTable({})])
  app('local.check', { version: 1, tables: { ...Object.fromEntries(known), [name]: declareTable(declared) } })
}

const addTable = (
  schema: SourceFile,
  { literal, version }: Place,
  name: string,
  columns: readonly ColumnPlan[],
): string => {
  const raised = Number(schema.code.slice(version.start, version.end)) + 1
  return applyInsertions(schema.code, [
    ...importsFor(schema, ['table', ...columns.map(({ kind }) => kind)]),
    { start: version.start, end: version.end, text: String(raised) },
    addEntry(schema.code, literal, name, declarationOf(columns)),
  ])
}

/** In one line, if it is not a long one. */
const declarationOf = (columns: readonly ColumnPlan[]): string => {
  const lines = columns.map((column) => `${column.name}: ${columnToCode(column)}`)
  const line = `table({ ${lines.join(', ')} })`
  return line.length <= 100 ? line : `table({\n${lines.map((each) => `      ${each},\n`).join('')}    })`
}

/** Beside `app`, from wherever the file has it. */
const importsFor = (schema: SourceFile, wanted: readonly string[]): Insertion[] => {
  const found = ['@kith/core', '@kith/browser', '@kith/node'].flatMap((module) => schema.importsOf(module) ?? [])
  const from = found.find(({ names }) => names.includes('app'))
  if (!from) throw bad(`${schema.path} cannot be changed: it does not import { app } from '@kith/core'`)
  const all = found.flatMap(({ names }) => names)
  const missing = [...new Set(wanted)].filter((name) => !all.includes(name)).sort()
  return missing.length === 0 ? [] : [{ start: from.end, text: missing.map((name) => `, ${name}`).join('') }]
}

const addScreen = (screens: SourceFile, name: string): string => {
  const literal = screens.constant('screens')
  if (!literal) throw bad(`${screens.path} cannot be changed: it has no const screens = { … }`)
  const component = `${capitalise(name)}Screen`
  return applyInsertions(screens.code, [
    { start: screens.importsEnd, text: `\nimport { ${component} } from './${screenFile(name)}'` },
    addEntry(screens.code, literal, name, component),
  ])
}

const firstText = (columns: readonly ColumnPlan[]): string | undefined =>
  columns.find(({ kind }) => kind === 'text')?.name

/** The first column `text()` of a table that is there, where the file says `table({ … })`. */
const firstTextOf = (schema: SourceFile, start: number | undefined): string | undefined => {
  if (start === undefined) return undefined
  const brace = schema.code.indexOf('{', start)
  const columns = schema.at(brace)?.entries ?? new Map<string, { start: number; end: number }>()
  return [...columns].find(([, { start: from, end }]) => schema.code.slice(from, end).startsWith('text('))?.[0]
}
