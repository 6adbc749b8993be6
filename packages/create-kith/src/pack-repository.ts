import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, globSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { KithPackages } from './packages.ts'

const names = ['core', 'hub', 'node', 'browser', 'react', 'testing']
const root = fileURLToPath(new URL('../../..', import.meta.url))
const packed = join(root, '.kith', 'packages')

/** The app takes copies along, in its folder `vendor`: it can be moved, and put into a repository of its own. */
export const packRepository = (say: (line: string) => void): KithPackages => {
  if (isStale()) {
    say('Building the packages of Kith from this repository, once …')
    run(process.execPath, ['scripts/build.ts'])
    rmSync(packed, { recursive: true, force: true })
    mkdirSync(packed, { recursive: true })
    const folders = names.map((name) => `./${join('packages', name, 'dist')}`)
    npm(['pack', '--silent', '--pack-destination', packed, ...folders])
  }
  const files = globSync('*.tgz', { cwd: packed })
  return {
    of: (name) => `file:vendor/${files.find((file) => file.startsWith(`${name.slice(1).replace('/', '-')}-`))}`,
    addTo: (folder) => {
      mkdirSync(join(folder, 'vendor'))
      for (const file of files) copyFileSync(join(packed, file), join(folder, 'vendor', file))
    },
  }
}

const isStale = (): boolean => {
  if (!existsSync(packed)) return true
  const builtMs = statSync(packed).mtimeMs
  const sources = globSync(`packages/{${names.join(',')}}/{package.json,src/**/*.{ts,tsx}}`, { cwd: root })
  return sources.some((path) => statSync(join(root, path)).mtimeMs > builtMs)
}

const npm = (parameters: readonly string[]): void => {
  // The npm that started us, if one did.
  const path = process.env['npm_execpath']
  if (path?.endsWith('.js')) run(process.env['npm_node_execpath'] ?? process.execPath, [path, ...parameters])
  else run('npm', parameters)
}

const run = (command: string, parameters: readonly string[]): void => {
  const { status, error, stdout, stderr } = spawnSync(command, parameters, {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  if (status !== 0) throw error ?? new Error(`${command} ${parameters.join(' ')} failed:\n${stdout}${stderr}`)
}
