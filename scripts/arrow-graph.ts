// Applies the rules of arrows.ts to every import of a source tree, and looks for cycles.
import { builtinModules } from 'node:module'
import { dirname, join } from 'node:path'
import { judgeBuiltin, judgeComputed, judgeLayer, judgePackage, type Place, placeOf } from './arrows.ts'
import { computedName, type ModuleImport, readModule } from './module-record.ts'
import { isTest, type SourceTree } from './source-tree.ts'

type Manifest = {
  exports?: Record<string, string>
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

/** Problems as `path:line: what is wrong`, in the order of paths; empty if every arrow is as it should be. */
export function findWrongArrows(tree: SourceTree): string[] {
  const problems: string[] = []
  const edges = new Map<string, string[]>()
  for (const path of [...tree.keys()].filter((path) => /\.(ts|tsx)$/.test(path) && !path.endsWith('.d.ts')).sort()) {
    const from = placeOf(path, isTest(path))
    for (const found of readModule(path, tree.get(path) ?? '').imports) {
      const problem = judge(tree, path, from, found)
      if (problem !== undefined) problems.push(`${path}:${found.line}: ${found.specifier}: ${problem}`)
      // A cycle of types alone is gone at run time, and often the plainest way to say it.
      if (found.specifier.startsWith('.') && !from.isTest && !found.typeOnly) {
        edges.set(path, [...(edges.get(path) ?? []), join(dirname(path), found.specifier)])
      }
    }
  }
  return [...problems, ...findCycles(edges).map((cycle) => `import cycle: ${cycle.join(' → ')}`)]
}

function judge(tree: SourceTree, path: string, from: Place, found: ModuleImport): string | undefined {
  const { specifier } = found
  if (specifier.startsWith('.')) return judgeRelative(tree, path, from, found)
  if (specifier === computedName) return judgeComputed(from)
  if (specifier.startsWith('node:')) return judgeBuiltin(from)
  if (builtinModules.includes(specifier)) return `write node:${specifier}`
  const [, target, door] = /^@kith\/([^/]+)\/?(.*)$/.exec(specifier) ?? []
  if (target !== undefined && door !== undefined) {
    const doors = manifestOf(tree, `packages/${target}/package.json`)?.exports ?? {}
    const problem = judgePackage(from, target, door, (door === '' ? '.' : `./${door}`) in doors)
    if (problem !== undefined) return problem
  }
  return judgeDependency(tree, path, from, specifier)
}

function judgeRelative(tree: SourceTree, path: string, from: Place, found: ModuleImport): string | undefined {
  const target = join(dirname(path), found.specifier)
  if (!tree.has(target)) return 'there is no such file'
  const to = placeOf(target, isTest(target))
  // Tests try doors, insides and adapters of several packages together; nothing can depend on them.
  if (from.isTest) return undefined
  if (to.isTest) return 'code that ships imports a test'
  if (from.package !== to.package) {
    return to.package === undefined ? 'leaves its package' : `reaches into ${to.package}: import @kith/${to.package}`
  }
  if (from.package !== 'core') return undefined
  return judgeLayer(from, to, target === `packages/core/src/${to.layer}/index.ts`, found.typeOnly)
}

/** Every package that is imported must be named by the manifest that will be published, or by the root's for tests and tools. */
function judgeDependency(tree: SourceTree, path: string, from: Place, specifier: string): string | undefined {
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
  const [top, second] = path.split('/')
  const own = manifestOf(tree, `${top}/${second}/package.json`) ?? manifestOf(tree, `${top}/package.json`)
  const root = manifestOf(tree, 'package.json')
  const declared = { ...own?.dependencies, ...own?.peerDependencies, ...own?.devDependencies }
  const shared = from.isTest || from.package === undefined ? { ...root?.dependencies, ...root?.devDependencies } : {}
  const isOursInTools = name.startsWith('@kith/') && (from.isTest || from.package === undefined)
  return name in declared || name in shared || isOursInTools
    ? undefined
    : `${name} is not in the dependencies of the package`
}

function manifestOf(tree: SourceTree, path: string): Manifest | undefined {
  const text = tree.get(path)
  return text === undefined ? undefined : (JSON.parse(text) as Manifest)
}

/** Depth-first search: one cycle for each import that leads back to a file on the way to it. */
function findCycles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const state = new Map<string, 'open' | 'done'>()
  const cycles: string[][] = []
  const visit = (path: string, trail: readonly string[]) => {
    if (state.get(path) === 'done') return
    if (state.get(path) === 'open') {
      cycles.push([...trail.slice(trail.indexOf(path)), path])
      return
    }
    state.set(path, 'open')
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path])
    state.set(path, 'done')
  }
  for (const path of edges.keys()) visit(path, [])
  return cycles
}
