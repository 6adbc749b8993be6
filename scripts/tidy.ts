// What a tidy tree does not hold. Each rule takes a source tree and gives `path:line: what is wrong`.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseSync, Visitor } from 'vite'
import { readModule } from './module-record.ts'
import { isTest, type SourceTree } from './source-tree.ts'

/** Style's habit 8: past this, line one says why the file is one thing. */
const fileLinesMax = 400
const reasonPattern = /^(\/\/|\/\*|<!--|#).*\b(one|whole|because)\b/i

export type TidyOptions = {
  /** Whether a path exists that is not in the tree: folders, and files that are not text. */
  exists: (path: string) => boolean
}

export function findUntidy(tree: SourceTree, options: TidyOptions): string[] {
  return [
    ...findLongFiles(tree),
    ...findFoldersWithoutReadme(tree),
    ...findLeftovers(tree),
    ...findImpure(tree),
    ...findDeadLinks(tree, options),
  ]
}

export function optionsFor(root: string): TidyOptions {
  return { exists: (path) => existsSync(join(root, path)) }
}

function findLongFiles(tree: SourceTree): string[] {
  return [...tree].flatMap(([path, text]) => {
    if (!/\.(ts|tsx|mjs)$/.test(path)) return []
    const lines = text.split('\n').length - 1
    if (lines <= fileLinesMax || reasonPattern.test(text)) return []
    return [`${path}:1: ${lines} lines: split it, or say on line one why it is one thing`]
  })
}

function findFoldersWithoutReadme(tree: SourceTree): string[] {
  const folders = new Set<string>()
  for (const path of tree.keys()) {
    // The folders of a package's src that hold code, and the package itself.
    const found = /^(packages\/[^/]+)\/src\/((?:[^/]+\/)*)[^/]+\.tsx?$/.exec(path)
    if (found?.[1] === undefined) continue
    folders.add(found[1])
    if (found[2]) folders.add(`${found[1]}/src/${found[2].slice(0, -1)}`)
  }
  return [...folders]
    .filter((folder) => !tree.has(`${folder}/README.md`))
    .map((folder) => `${folder}: has no README.md`)
}

/** Spelled so that this file does not find itself. */
const leftovers: [pattern: RegExp, what: string, applies: (path: string) => boolean][] = [
  [/\b(TO[D]O|FIX[M]E|X[X]X|HA[C]K)\b/, 'a leftover: do it, or file it', () => true],
  [
    /\bconsole\.(log|debug|trace)\b/,
    'console: a library tells by its return value',
    (path) => /^packages\/[^/]+\/src\/(?!command\/)/.test(path) && !isTest(path),
  ],
  [/\b(test|describe|it)\.only\(|\bdebugge[r]\b/, 'a leftover of debugging', (path) => path.endsWith('.ts')],
  [/^(<{7}|>{7})( |$)/m, 'a conflict that nobody settled', () => true],
  [/(?<![\w.-])\/(work|root|home)\/[a-z]/, 'a path of one machine', () => true],
  [/registry\.npm|npmjs\.(org|com)|deb\.debian|security\.debian|yarnpkg/, 'the host of a registry', () => true],
]

function findLeftovers(tree: SourceTree): string[] {
  return [...tree].flatMap(([path, text]) => {
    if (path === 'scripts/tidy.ts' || path.endsWith('tidy.test.ts')) return []
    const rules = leftovers.filter(([pattern, , applies]) => applies(path) && pattern.test(text))
    return rules.flatMap(([pattern, what]) =>
      text.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${what}`] : [])),
    )
  })
}

/**
 * The core takes time and randomness from its ports. Type settings keep out timers, sockets and the console already;
 * these are the two doors that ECMAScript itself leaves open.
 */
function findImpure(tree: SourceTree): string[] {
  return [...tree].flatMap(([path, text]) => {
    if (!path.startsWith('packages/core/src/') || !path.endsWith('.ts') || isTest(path)) return []
    const problems: string[] = []
    const add = (offset: number, what: string) => {
      problems.push(`${path}:${text.slice(0, offset).split('\n').length}: ${what} in the core: use the ports`)
    }
    new Visitor({
      MemberExpression: (node) => {
        const object = node.object.type === 'Identifier' ? node.object.name : undefined
        const property = node.property.type === 'Identifier' ? node.property.name : undefined
        if (object === 'Date' && property === 'now') add(node.start, 'Date.now')
        if (object === 'Math' && property === 'random') add(node.start, 'Math.random')
      },
      NewExpression: (node) => {
        if (node.callee.type === 'Identifier' && node.callee.name === 'Date' && node.arguments.length === 0) {
          add(node.start, 'the clock')
        }
      },
      CallExpression: (node) => {
        if (node.callee.type === 'Identifier' && node.callee.name === 'Date') add(node.start, 'the clock')
      },
    }).visit(parseSync(path, text).program)
    return problems
  })
}

function findDeadLinks(tree: SourceTree, options: TidyOptions): string[] {
  return [...tree].flatMap(([path, text]) => {
    if (!path.endsWith('.md')) return []
    const withoutCode = text.replace(/```[\s\S]*?```|`[^`\n]*`/g, (code) => code.replace(/[^\n]/g, ' '))
    return [...withoutCode.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g)].flatMap((found) => {
      const [target = '', anchor] = (found[1] ?? '').split('#')
      if (/^[a-z]+:/i.test(target)) return []
      const file = target === '' ? path : join(dirname(path), decodeURIComponent(target)).replace(/\/$/, '')
      const line = withoutCode.slice(0, found.index).split('\n').length
      if (!tree.has(file) && !options.exists(file)) return [`${path}:${line}: the link ${found[1]} leads nowhere`]
      if (anchor && file.endsWith('.md') && !anchorsOf(tree.get(file) ?? '').has(anchor)) {
        return [`${path}:${line}: ${file} has no heading #${anchor}`]
      }
      return []
    })
  })
}

/** The anchors that code hosts make from headings. */
function anchorsOf(markdown: string): Set<string> {
  return new Set(
    [...markdown.matchAll(/^#+\s+(.*?)\s*$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replace(/\s/g, '-'),
    ),
  )
}

/**
 * Functions and constants that no other file takes by name and that are not part of a package's front door. By name
 * only, so that a name used anywhere counts everywhere: it may miss one, and never accuses a used one. Types are left
 * alone: they may be named in signatures for an app's sake. A report, not a rule: some wait for the part that needs them.
 */
export function findUnusedExports(tree: SourceTree): string[] {
  const sources = [...tree].filter(([path]) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts'))
  const modules = new Map(sources.map(([path, text]) => [path, readModule(path, text)]))
  const used = new Set<string>()
  for (const [path, module] of modules) {
    for (const found of module.imports) {
      for (const name of found.names) used.add(name)
      // `import * as x` and import() take everything that the file offers; `export *` in a door takes nothing.
      if (found.names.includes('*') && !path.endsWith('/index.ts'))
        namesOf(modules, join(dirname(path), found.specifier)).forEach((name) => used.add(name))
    }
  }
  for (const path of modules.keys()) {
    if (/^packages\/[^/]+\/src\/index\.ts$/.test(path)) namesOf(modules, path).forEach((name) => used.add(name))
  }
  return [...modules].flatMap(([path, module]) =>
    isTest(path)
      ? []
      : module.exports
          .filter((found) => !found.typeOnly && found.name !== 'default' && !used.has(found.name))
          .map((found) => `${path}:${found.line}: nothing uses the export ${found.name}`),
  )
}

/** Every name that a module offers, through `export *` too. */
function namesOf(modules: ReadonlyMap<string, ReturnType<typeof readModule>>, path: string): Set<string> {
  const module = modules.get(path)
  const names = new Set(module?.exports.map((found) => found.name) ?? [])
  for (const found of module?.imports ?? []) {
    if (!found.names.includes('*') || !found.specifier.startsWith('.')) continue
    for (const name of namesOf(modules, join(dirname(path), found.specifier))) names.add(name)
  }
  return names
}
