import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '../peers')

type Packages = Record<string, { version?: string; optional?: boolean }>
const read = (path: string): Packages =>
  existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { packages: Packages }).packages : {}

/** The other products come with their locked versions, from the registry, into `peers/node_modules`: only here, only when they are asked for. */
export const install = (): void => {
  const installed = read(join(folder, 'node_modules/.package-lock.json'))
  const wanted = Object.entries(read(join(folder, 'package-lock.json')))
  // Optional ones are for other platforms; the first entry is the folder itself.
  const isInstalled = wanted.every(
    ([path, { version, optional }]) => path === '' || optional === true || installed[path]?.version === version,
  )
  if (isInstalled) return
  console.log('Installing the other products into benchmarks/peers (400 MB, once; no install script runs) …')
  const isWindows = process.platform === 'win32'
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const npm = spawnSync(isWindows ? 'npm.cmd' : 'npm', ['ci', '--workspaces=false', ...quiet], {
    cwd: folder,
    stdio: 'inherit',
    shell: isWindows,
  })
  if (npm.status !== 0) throw new Error('npm ci failed in benchmarks/peers; its message is above')
}
