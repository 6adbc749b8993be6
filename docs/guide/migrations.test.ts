/** Every code block of the page, as one program: it is type-checked, runs, and prints what the page says. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

const root = join(import.meta.dirname, '..', '..')
const page = readFileSync(join(import.meta.dirname, 'migrations.md'), 'utf8')
const blocks = [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
  language,
  text,
}))
const textOf = (language: string): string =>
  blocks
    .filter((block) => block.language === language)
    .map(({ text }) => text)
    .join('')
let folder = ''

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'kith-guide-'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'example.ts'), textOf('ts'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

test('the page’s code runs and prints what the page says', () => {
  const { stdout, stderr, status } = run('example.ts')
  assert.equal(stderr, '')
  assert.equal(stdout, textOf(''))
  assert.equal(status, 0)
})

test('the page’s code has no type error under strict settings', () => {
  const options = { types: ['node'], preserveSymlinks: false }
  const config = { extends: join(root, 'tsconfig.base.json'), compilerOptions: options, include: ['example.ts'] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const { stdout, stderr } = run(join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder)
  // The packages are read from source and checked elsewhere, each by its own settings.
  const errors = stdout.split('\n').filter((line) => line.startsWith('example.ts') || line.startsWith('error'))
  assert.deepEqual(errors, [])
  assert.equal(stderr, '')
})

function run(...parameters: string[]) {
  return spawnSync(process.execPath, parameters, {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, NO_COLOR: '1', NODE_TEST_CONTEXT: undefined, FORCE_COLOR: undefined },
  })
}
