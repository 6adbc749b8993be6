/** An app's TypeScript file that a program adds to: found by a parser, changed in place, so that all else stays as its author wrote it. */
import { readFileSync } from 'node:fs'
import type * as Vite from 'vite'
import { bad } from './column.ts'

/** An object literal in the file, such as that of the tables. */
export type Literal = {
  /** What is in it so far, with the code of each. */
  readonly entries: ReadonlyMap<string, { readonly start: number; readonly end: number }>
  readonly start: number
}

export type SourceFile = {
  readonly path: string
  readonly code: string
  /** The options of the call `app('…', { … })`. */
  readonly appOptions: () => Literal | undefined
  /** The object that a `const` is. */
  readonly constant: (name: string) => Literal | undefined
  /** The object that stands at a place. */
  readonly at: (start: number) => Literal | undefined
  /** The named imports of a module. */
  readonly importsOf: (module: string) => { readonly names: readonly string[]; readonly end: number } | undefined
  /** Where the last import ends; 0 where there is none. */
  readonly importsEnd: number
}

/** @throws KithError `bad-schema` for a file that is not there or not TypeScript. */
export const readSourceFile = async (path: string): Promise<SourceFile> => {
  const { parseSync, Visitor } = await loadParser()
  const code = read(path)
  const { program, errors } = parseSync(path, code)
  if (errors[0]) throw bad(`${path} cannot be read: ${errors[0].message}. Mend it first; nothing was changed`)
  const literals = new Map<number, Literal>()
  const constants = new Map<string, number>()
  const imports = new Map<string, { names: string[]; end: number }>()
  let options: number | undefined
  let importsEnd = 0
  new Visitor({
    ObjectExpression: ({ start, properties }) => {
      const entries = new Map<string, { start: number; end: number }>()
      for (const property of properties) {
        if (property.type !== 'Property') continue
        const { key, value } = property
        const name = key.type === 'Identifier' ? key.name : key.type === 'Literal' ? String(key.value) : undefined
        if (name !== undefined) entries.set(name, { start: value.start, end: property.end })
      }
      literals.set(start, { entries, start })
    },
    CallExpression: ({ callee, arguments: [, second] }) => {
      if (callee.type === 'Identifier' && callee.name === 'app' && second) options ??= second.start
    },
    VariableDeclarator: ({ id, init }) => {
      if (id.type === 'Identifier' && init) constants.set(id.name, init.start)
    },
    ImportDeclaration: ({ source, specifiers, end }) => {
      importsEnd = end
      const names = specifiers.flatMap((one) => (one.type === 'ImportSpecifier' ? [one.local.name] : []))
      const last = specifiers.at(-1)
      if (last?.type === 'ImportSpecifier') imports.set(source.value, { names, end: last.end })
    },
  }).visit(program)
  const at = (start: number | undefined): Literal | undefined => (start === undefined ? undefined : literals.get(start))
  return {
    path,
    code,
    appOptions: () => at(options),
    constant: (name) => at(constants.get(name)),
    at,
    importsOf: (module) => imports.get(module),
    importsEnd,
  }
}

/** What is put where, all of it by the places of the file as it was. */
export type Insertion = { readonly start: number; readonly end?: number; readonly text: string }

export const applyInsertions = (code: string, insertions: readonly Insertion[]): string =>
  [...insertions]
    .sort((left, right) => right.start - left.start)
    .reduce((text, { start, end = start, text: put }) => text.slice(0, start) + put + text.slice(end), code)

/** Adds an entry to an object literal, below the last one and indented like it. */
export const addEntry = (code: string, literal: Literal, name: string, value: string): Insertion => {
  const last = [...literal.entries.values()].at(-1)
  if (!last) return { start: literal.start + 1, text: ` ${name}: ${value} ` }
  const first = Math.min(...[...literal.entries.values()].map(({ start }) => start))
  const indent = /^[ \t]*/.exec(code.slice(code.lastIndexOf('\n', first) + 1))?.[0] ?? ''
  return { start: last.end, text: `,\n${indent}${name}: ${value}` }
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw bad(`There is no ${path} here. Start this in the folder of an app that create-kith made`)
  }
}

const loadParser = async (): Promise<typeof Vite> => {
  try {
    return await import('vite')
  } catch {
    throw bad('The app’s files are read by Vite’s parser, and Vite is not installed here: npm install --save-dev vite')
  }
}
