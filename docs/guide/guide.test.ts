/** Every block of code in the guide, as it stands there: type-checked together, then run page by page. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, mock, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { format } from 'node:util'
import { readPage } from './blocks.ts'

const guide = import.meta.dirname
const root = join(guide, '..', '..')
const start = process.cwd()
const pages = globSync('{ideas/*,recipes/*,coming-from,devtools,migrations}.md', { cwd: guide })
  .sort()
  .map((path) => ({ path, ...readPage(readFileSync(join(guide, path), 'utf8')) }))
let folder = ''

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'kith-guide-'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  for (const { path, program, withComponents } of pages) {
    mkdirSync(join(folder, path), { recursive: true })
    writeFileSync(join(folder, path, 'page.ts'), program)
    writeFileSync(join(folder, path, 'components.tsx'), withComponents)
  }
})

after(() => {
  process.chdir(start)
  rmSync(folder, { recursive: true, force: true })
})

for (const { path, prints, commands } of pages) {
  test(`what ${path} says runs, and prints what it says`, { timeout: 60_000 }, async () => {
    process.chdir(join(folder, path))
    const lines: string[] = []
    const log = mock.method(console, 'log', (...words: unknown[]) => void lines.push(`${format(...words)}\n`))
    try {
      await import(pathToFileURL(join(folder, path, 'page.ts')).href)
    } finally {
      log.mock.restore()
    }
    assert.equal(lines.join(''), prints)
    for (const command of commands) run(command)
  })
}

test('the guide’s code has no type error under strict settings', () => {
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: join(root, 'tsconfig.base.json'),
      compilerOptions: {
        types: ['node'],
        lib: ['es2024', 'esnext.disposable', 'esnext.collection', 'dom', 'dom.iterable', 'dom.asynciterable'],
        jsx: 'react-jsx',
        preserveSymlinks: false,
        // A page declares what its reader will use.
        noUnusedLocals: false,
      },
      include: ['**/components.tsx'],
    }),
  )
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder],
    { cwd: folder, encoding: 'utf8' },
  )
  // The packages are read from source and checked elsewhere, each by its own settings.
  const errors = stdout.split('\n').filter((line) => /^[\w/-]+\.md\/|^error/.test(line))
  assert.deepEqual(errors, [])
  assert.equal(stderr, '')
})

/** `npx kith …` as it is in this repository. */
function run(command: string): void {
  const [npx, kith, ...parameters] = command.split(' ')
  assert.deepEqual([npx, kith], ['npx', 'kith'], `not a command of ours: ${command}`)
  const main = join(root, 'packages/node/src/command/main.ts')
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...parameters], { encoding: 'utf8' })
  assert.equal(status, 0, `${command}:\n${stdout}${stderr}`)
}
