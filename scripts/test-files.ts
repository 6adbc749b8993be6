// Which test files a run takes: all of them, or those that the command line names.
import { globSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'

export const root = join(import.meta.dirname, '..')

const folders = ['packages', 'examples', 'vectors', 'simulator', 'conformance', 'apps', 'benchmarks', 'docs', 'scripts']

/**
 * Test files as paths from the root, sorted. Each of `names` is a file, a folder, or a part of a path; none: everything.
 * A name that finds nothing throws: a mistyped name must not look like a pass.
 */
export function findTestFiles(names: readonly string[]): string[] {
  const all = globSync(`{${folders.join(',')}}/**/*.test.ts`, {
    cwd: root,
    exclude: (path) => /(^|\/)(node_modules|dist)$/.test(path),
  }).sort()
  if (names.length === 0) return all
  const found = names.flatMap((name) => {
    const path = relative(root, resolve(process.env['INIT_CWD'] ?? root, name))
    const files = isFile(join(root, path))
      ? [path]
      : all.filter((file) => file.startsWith(`${path}/`) || file.includes(name))
    if (files.length === 0) throw new Error(`No test file is or contains "${name}".`)
    return files
  })
  return [...new Set(found)]
}

/** Files that measure time or load the machine run after the others, one by one. */
export function runsAlone(file: string): boolean {
  return file.startsWith('benchmarks/') || file.endsWith('.alone.test.ts')
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}
