// Proves the built packages: laid out as npm would install them, imported by a plain Node without TypeScript, and used by
// a small TypeScript program that sees only their types.
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publishedName } from './published-manifest.ts'
import { root } from './test-files.ts'

/** Packages that can be loaded outside a browser; the others are only type-checked. */
const nodePackages = ['@kith/core', '@kith/hub', '@kith/node', '@kith/testing', 'create-kith']

/** tsc rewrites imports, not `new URL('./worker.ts', import.meta.url)` and the like: those would break when published. */
export function findSourceNames(path: string, javascript: string): string[] {
  return javascript
    .split('\n')
    .flatMap((line, index) =>
      /['"`]\.{1,2}\/[^'"`\s]*\.tsx?['"`]/.test(line) && !line.includes("endsWith('.ts')")
        ? [`${path}:${index + 1}: names a .ts file, which is not published: ${line.trim()}`]
        : [],
    )
}

export function checkBuilt(names: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'kith-built-'))
  try {
    const modules = join(folder, 'node_modules')
    mkdirSync(join(modules, '@kith'), { recursive: true })
    for (const entry of readdirSync(join(root, 'node_modules'))) {
      if (entry !== '@kith' && !names.map(publishedName).includes(entry) && !entry.startsWith('.'))
        symlinkSync(join(root, 'node_modules', entry), join(modules, entry))
    }
    for (const name of names)
      cpSync(join(root, 'packages', name, 'dist'), join(modules, publishedName(name)), { recursive: true })
    const doors = names.flatMap((name) => doorsOf(join(modules, publishedName(name)), publishedName(name)))
    return [...missingFiles(modules, names), ...importAll(folder, doors), ...typeCheckAll(folder, doors)]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function doorsOf(folder: string, name: string): string[] {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    exports: Record<string, unknown>
  }
  const doors = Object.keys(manifest.exports).filter((door) => door !== './package.json')
  return doors.map((door) => `${name}${door.slice(1)}`)
}

function missingFiles(modules: string, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const folder = join(modules, publishedName(name))
    const text = readFileSync(join(folder, 'package.json'), 'utf8')
    const paths = [...text.matchAll(/"(\.\/[^"]+\.(?:js|d\.ts))"/g)].map((found) => found[1] ?? '')
    return paths
      .filter((path) => !existsSync(join(folder, path)))
      .map((path) => `${publishedName(name)} names ${path}, which was not built`)
  })
}

function importAll(folder: string, doors: readonly string[]): string[] {
  const loadable = doors.filter((door) => nodePackages.some((name) => door === name || door.startsWith(`${name}/`)))
  const program = join(folder, 'main.mjs')
  writeFileSync(program, `for (const door of ${JSON.stringify(loadable)}) await import(door)\n`)
  const result = spawnSync(process.execPath, ['--no-strip-types', program], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
  })
  return result.status === 0 ? [] : [`the built packages cannot be imported: ${result.stderr.trim()}`]
}

function typeCheckAll(folder: string, doors: readonly string[]): string[] {
  const imports = doors.map((door, index) => `import * as door${index} from '${door}'`)
  writeFileSync(
    join(folder, 'main.ts'),
    `${imports.join('\n')}\nexport default [${doors.map((_, index) => `door${index}`).join(', ')}]\n`,
  )
  const compilerOptions = {
    target: 'es2024',
    module: 'nodenext',
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    types: ['node'],
    lib: ['es2024', 'esnext.disposable', 'esnext.collection', 'dom'],
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['main.ts'] }))
  const result = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { cwd: folder, encoding: 'utf8' })
  // Third-party types are their authors' affair.
  const ours = result.stdout.split('\n').filter((line) => /^(main\.ts|node_modules\/@kith\/)/.test(line))
  return ours.map((line) => `the built types do not hold: ${line}`)
}
