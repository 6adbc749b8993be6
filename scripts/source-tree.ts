// The project's files as a map from path (from the root, with /) to text, so that a check can also be given a made-up tree.
import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

export type SourceTree = ReadonlyMap<string, string>

const textPattern =
  /(\.(ts|tsx|mjs|js|json|md|html|css|yml|txt|svg)|\/run|LICENSE|\.editorconfig|\.gitignore|\.gitattributes)$/
/** Larger files are data (vectors, traces, lockfiles), not text that somebody wrote. */
const textBytesMax = 1_000_000

/** Every text file that is committed or would be by `git add .`. */
export function readSourceTree(root: string): SourceTree {
  const output = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  })
  const tree = new Map<string, string>()
  for (const path of new Set(output.split('\0'))) {
    if (!textPattern.test(path)) continue
    const found = statSync(join(root, path), { throwIfNoEntry: false })
    if (found?.isFile() !== true || found.size > textBytesMax) continue
    tree.set(path, readFileSync(join(root, path), 'utf8'))
  }
  return tree
}

/** Tests, and what only tests use, may reach further than the code that ships. */
export function isTest(path: string): boolean {
  return /\.(test|conformance|fixture)\.tsx?$/.test(path) || /^vectors\/|^packages\/[^/]+\/src\/testing\//.test(path)
}
