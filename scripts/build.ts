// `npm run build`: makes packages/*/dist, each a publishable package of plain ESM and types, then imports every one of
// them in a Node that cannot read TypeScript. In development nothing is built: packages are used from their sources.
import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { checkBuilt, findSourceNames } from './built.ts'
import { publishedName, toPublishedManifest, type SourceManifest } from './published-manifest.ts'
import { root } from './test-files.ts'

/** Each needs the types of those before it. */
const buildOrder = ['core', 'hub', 'node', 'browser', 'react', 'editors', 'testing', 'create-kith']

const names = buildOrder.filter((name) => existsSync(join(root, 'packages', name, 'src/index.ts')))
const problems = names.flatMap(buildPackage)
if (problems.length === 0) problems.push(...checkBuilt(names))
if (names.length === 0) problems.push('no package has a src/index.ts: nothing was built')
for (const problem of problems) console.log(problem)
console.log(`build: ${names.map(publishedName).join(', ')}; ${problems.length} problems`)
process.exitCode = problems.length > 0 ? 1 : 0

function buildPackage(name: string): string[] {
  const folder = join(root, 'packages', name)
  const dist = join(folder, 'dist')
  rmSync(dist, { recursive: true, force: true })
  const problems = compile(folder, name)
  if (problems.length > 0) return problems
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as SourceManifest
  writeFileSync(join(dist, 'package.json'), `${JSON.stringify(toPublishedManifest(manifest), null, 2)}\n`)
  copyFileSync(join(root, 'LICENSE'), join(dist, 'LICENSE'))
  if (existsSync(join(folder, 'README.md'))) copyFileSync(join(folder, 'README.md'), join(dist, 'README.md'))
  if (existsSync(join(folder, 'template')))
    cpSync(join(folder, 'template'), join(dist, 'template'), { recursive: true })
  // What tsc does not know of, and code names by `new URL(…, import.meta.url)`.
  for (const file of globSync('**/*.wasm', { cwd: join(folder, 'src') }))
    copyFileSync(join(folder, 'src', file), join(dist, file))
  return findSourceNamesIn(dist)
}

/**
 * The package's own tsconfig, with output. Other packages of ours are read from their built types: read from
 * their sources, they would be compiled again into this one.
 */
function compile(folder: string, name: string): string[] {
  const configPath = join(root, '.kith', 'build', `${name}.json`)
  mkdirSync(dirname(configPath), { recursive: true })
  const toDist = (name: string, door: string): [string, string[]] => [
    `${publishedName(name)}${door.slice(0, -'/index.d.ts'.length)}`,
    [relativeTo(configPath, join(root, 'packages', name, 'dist', door.slice(1)))],
  ]
  // Where tests need other types than what ships, tsconfig.json is theirs.
  const sourceConfig = join(folder, 'tsconfig.source.json')
  const others = buildOrder.filter((other) => other !== name)
  const paths = Object.fromEntries([
    ...others.map((other) => toDist(other, '/index.d.ts')),
    ...others.map((other) => toDist(other, '/*/index.d.ts')),
  ])
  const config = {
    extends: relativeTo(configPath, existsSync(sourceConfig) ? sourceConfig : join(folder, 'tsconfig.json')),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      sourceMap: true,
      declarationMap: false,
      inlineSources: true,
      stripInternal: true,
      rootDir: relativeTo(configPath, join(folder, 'src')),
      outDir: relativeTo(configPath, join(folder, 'dist')),
      typeRoots: [relativeTo(configPath, join(root, 'node_modules/@types'))],
      paths,
    },
  }
  writeFileSync(configPath, JSON.stringify(config, null, 2))
  const tsc = join(root, 'node_modules/.bin/tsc')
  const result = spawnSync(tsc, ['-p', configPath], { cwd: root, encoding: 'utf8' })
  return result.status === 0
    ? []
    : [`packages/${name}: ${`${result.stdout}${result.stderr}`.trim().split('\n').slice(0, 20).join('\n')}`]
}

function findSourceNamesIn(dist: string): string[] {
  return globSync('**/*.js', { cwd: dist }).flatMap((path) =>
    findSourceNames(relative(root, join(dist, path)), readFileSync(join(dist, path), 'utf8')),
  )
}

function relativeTo(configPath: string, path: string): string {
  return relative(dirname(configPath), path)
}
