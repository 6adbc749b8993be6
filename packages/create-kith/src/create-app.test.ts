import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createApp, CreateError, type KithPackages } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'kith-create-'))
after(() => rmSync(folder, { recursive: true }))
const packages: KithPackages = { of: () => '9.8.7', addTo: () => {} }
const root = join(import.meta.dirname, '../../..')

test('an app is called as its folder, and names packages by their exact versions', () => {
  const app = join(folder, 'shopping-list')
  createApp({ folder: app, packages })
  const read = (path: string): string => readFileSync(join(app, path), 'utf8')
  const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>
  assert.equal(manifest['name'], 'shopping-list')
  const dependencies = { ...manifest['dependencies'], ...manifest['devDependencies'] }
  assert.equal(dependencies['@kith/core'], '9.8.7')
  for (const [name, version] of Object.entries(dependencies)) assert.match(version, /^\d+\.\d+\.\d+$/, name)
  assert.match(read('src/schema.ts'), /app\('org\.example\.shopping-list'/)
  assert.match(read('index.html'), /<title>Shopping list</)
  assert.doesNotMatch(['README.md', 'src/app.tsx', 'src/main.tsx'].map(read).join(''), /my-app|My app/)
  assert.match(read('.gitignore'), /^node_modules\/$/m)
})

test('what the template installs is what this repository was tested with', () => {
  const { packages: locked } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version?: string }>
  }
  const manifest = JSON.parse(readFileSync(join(root, 'packages/create-kith/template/package.json'), 'utf8')) as Record<
    'dependencies' | 'devDependencies' | 'optionalDependencies',
    Record<string, string>
  >
  const wanted = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies }
  for (const [name, version] of Object.entries(wanted))
    if (!name.startsWith('@kith/')) assert.equal(locked[`node_modules/${name}`]?.version, version, name)
})

test('a folder that holds something, and names that npm would not take, are refused', () => {
  const full = join(folder, 'full')
  createApp({ folder: full, packages })
  writeFileSync(join(full, 'mine.txt'), 'mine')
  assert.throws(() => createApp({ folder: full, packages }), CreateError)
  assert.equal(readFileSync(join(full, 'mine.txt'), 'utf8'), 'mine')
  for (const name of ['My App', 'ünder', '.hidden', '1st', 'a'.repeat(60)])
    assert.throws(() => createApp({ folder: join(folder, name), packages }), CreateError, name)
  assert.equal(existsSync(join(folder, '1st')), false)
})
