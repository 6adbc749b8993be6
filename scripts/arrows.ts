// The import arrows of the design (§9) as data, and the judge of one import. The graph of the whole tree is in
// arrow-graph.ts; the command is check-arrows.ts.

/** Layers of packages/core/src, lowest first: each imports only those before it. */
const coreLayers = [
  'bytes',
  'limits',
  'crypto/verify',
  'crypto/channel',
  'crypto/sign',
  'crypto/seal',
  'crypto/blind',
  'crypto/split',
  'wire',
  'ports',
  'change',
  'membership',
  'keys',
  'schema',
  'database',
  'sync',
  'space',
] as const

/** Open to every layer: errors and encodings, and the numbers that bound them. */
const layersForAll: readonly string[] = ['bytes', 'limits']

/** The whole of the core that the blind hub may contain: nothing in it can open an entry or read a change. */
const hubDoors = ['bytes', 'limits', 'crypto/verify', 'crypto/channel', 'wire', 'ports']

const everyPackage = ['core', 'hub', 'node', 'browser', 'react', 'editors', 'testing']

/** What each package may import of ours. Folders outside packages/ (apps, examples, benchmarks …) may import every package. */
const packageArrows: Record<string, readonly string[]> = {
  core: [],
  hub: ['core'],
  node: ['core', 'hub'],
  browser: ['core'],
  react: ['core', 'node', 'browser'],
  // They know neither React nor a platform.
  editors: ['core'],
  testing: ['core', 'hub', 'node', 'browser'],
  // What it simulates; nothing imports it.
  simulator: ['core', 'hub', 'testing'],
}

/** Packages that run where there is no Node. */
const packagesWithoutNode = ['core', 'browser', 'react', 'editors']

export type Place = {
  /** 'core', 'hub' …, 'simulator'; undefined elsewhere outside packages/. */
  package: string | undefined
  /** Layer of the core; '' for files beside the layers and in other packages. */
  layer: string
  isTest: boolean
}

export function placeOf(path: string, isTest: boolean): Place {
  if (path.startsWith('simulator/')) return { package: 'simulator', layer: '', isTest }
  const [, name, rest] = /^packages\/([^/]+)\/src\/(.*)$/.exec(path) ?? []
  if (name === undefined || rest === undefined) return { package: undefined, layer: '', isTest }
  const folder = rest.split('/').slice(0, -1)
  const depth = folder[0] === 'crypto' ? 2 : 1
  return { package: name, layer: name === 'core' ? folder.slice(0, depth).join('/') : '', isTest }
}

/** What is wrong with an import of one layer of the core by another file of the core; undefined if nothing is. */
export function judgeLayer(from: Place, to: Place, isDoor: boolean, typeOnly: boolean): string | undefined {
  if (from.layer === to.layer) {
    return isDoor && from.layer !== '' ? 'imports its own door: import the file itself' : undefined
  }
  if (!isDoor) return `reaches past the door of ${to.layer === '' ? 'src' : to.layer}: import its index.ts`
  if (to.layer === 'ports') return typeOnly ? undefined : 'ports are types only: use `import type`'
  if (from.layer === '' || layersForAll.includes(to.layer)) return undefined
  const [fromIndex, toIndex] = [indexOfLayer(from.layer), indexOfLayer(to.layer)]
  if (fromIndex === undefined) return `is in ${from.layer}, which is not a layer of the design`
  if (toIndex === undefined) return `imports ${to.layer}, which is not a layer of the design`
  return toIndex < fromIndex ? undefined : `imports upwards: ${from.layer} is below ${to.layer}`
}

/** What is wrong with an import of `@kith/target` or `@kith/target/door`. */
export function judgePackage(from: Place, target: string, door: string, doorExists: boolean): string | undefined {
  if (!doorExists) return `@kith/${target}${door === '' ? '' : `/${door}`} is not exported by that package`
  if (from.package === undefined || from.isTest) return undefined
  if (from.package === target) return 'imports its own package by name: use a relative path'
  const allowed = packageArrows[from.package] ?? everyPackage
  if (!allowed.includes(target)) return `imports upwards: ${from.package} may not know ${target}`
  if (from.package === 'hub' && target === 'core' && !hubDoors.includes(door)) {
    return `the hub is blind: of the core it may import only ${hubDoors.join(', ')}`
  }
  return undefined
}

/** What is wrong with an import of Node's own modules. */
export function judgeBuiltin(from: Place): string | undefined {
  if (from.isTest || from.package === undefined || !packagesWithoutNode.includes(from.package)) return undefined
  return `${from.package} runs without Node: take it from the platform's ports`
}

/** A name known only at run time escapes every other rule; the command may so load an app's file that its user names. */
export function judgeComputed(from: Place): string | undefined {
  if (from.isTest || from.package === undefined || from.package === 'node') return undefined
  return 'import() of a computed name hides an arrow'
}

function indexOfLayer(layer: string): number | undefined {
  const index = (coreLayers as readonly string[]).indexOf(layer)
  return index === -1 ? undefined : index
}
