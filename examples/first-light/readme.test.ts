import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

const root = join(import.meta.dirname, '..', '..')
const blocks = readBlocks(readFileSync(join(root, 'README.md'), 'utf8'))
const example = blocks.find((block) => block.language === 'ts')
const printed = blocks[blocks.findIndex((block) => block === example) + 1]
let folder = ''

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'kith-readme-'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'example.ts'), example?.text ?? '')
})

after(() => rmSync(folder, { recursive: true, force: true }))

test('the README’s example runs, prints what the README says, and ends', () => {
  const { stdout, stderr, status } = run('example.ts')
  assert.equal(stderr, '')
  assert.equal(stdout.trim(), printed?.text.trim())
  assert.equal(status, 0)
})

test('the README’s example has no type error under strict settings', () => {
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: join(root, 'tsconfig.base.json'),
      compilerOptions: { types: ['node'], preserveSymlinks: false },
      include: ['example.ts'],
    }),
  )
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

function readBlocks(markdown: string): { language: string; text: string }[] {
  return [...markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
    language,
    text,
  }))
}
