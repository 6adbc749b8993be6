/** For tests and benchmarks: a PostgreSQL and a NATS of their own, on free ports of this machine, ended with the process that started them. */
import { type ChildProcess, execFileSync, spawn, type SpawnOptions } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'

export type TestPostgres = {
  /** Of the process whose children all of its others are. */
  readonly pid: number
  /** A fresh database; its address. */
  readonly createDatabase: () => Promise<string>
  /** Resolves when it is back. */
  readonly restart: () => Promise<void>
  readonly stop: () => Promise<void>
}

export type TestNats = { readonly url: string; readonly stop: () => Promise<void> }

const debian = '/usr/lib/postgresql'
const startMsMax = 60_000

/** `settings` are of postgresql.conf. */
export async function startPostgres(settings: Record<string, string> = {}): Promise<TestPostgres> {
  const bin = findPostgres()
  const folder = mkdtempSync(join(tmpdir(), 'kith-postgres-'))
  const user = unprivileged()
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  execFileSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'kith', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    { ...user, cwd: folder, stdio: 'ignore' },
  )
  const port = await freePort()
  const options = { listen_addresses: '127.0.0.1', unix_socket_directories: '', port: String(port), ...settings }
  const start = async (): Promise<ChildProcess> => {
    const parameters = ['-D', data, ...Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
    const started = spawnWithUs(join(bin, 'postgres'), parameters, { ...user, cwd: folder })
    await untilSaid(started, /ready to accept connections/)
    return started
  }
  let server = await start()
  const address = (database: string) => `postgres://kith@127.0.0.1:${port}/${database}`
  let count = 0
  return {
    pid: server.pid!,
    async createDatabase() {
      count += 1
      const name = `hub${count}`
      const client = new pg.Client(address('postgres'))
      await client.connect()
      await client.query(`CREATE DATABASE ${name}`)
      await client.end()
      return address(name)
    },
    async restart() {
      await end(server, 'SIGINT')
      server = await start()
    },
    async stop() {
      // "Fast": whoever is connected is disconnected.
      await end(server, 'SIGINT')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** `port` 0: any. */
export async function startNats(port = 0): Promise<TestNats> {
  const command = existsSync('/usr/sbin/nats-server') ? '/usr/sbin/nats-server' : 'nats-server'
  const server = spawnWithUs(command, ['-a', '127.0.0.1', '-p', String(port === 0 ? -1 : port)], {})
  const [, listening] = await untilSaid(server, /client connections on 127\.0\.0\.1:(\d+)[\s\S]*Server is ready/)
  return { url: `nats://127.0.0.1:${listening}`, stop: () => end(server, 'SIGKILL') }
}

function findPostgres(): string {
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  const found = versions.map((version) => join(debian, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb')))
  if (found === undefined) throw new Error('These tests need PostgreSQL: apt-get install postgresql nats-server.')
  return found
}

/** PostgreSQL refuses to be root. Its package makes a user. */
function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const idOf = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: idOf('-u'), gid: idOf('-g') }
}

/** Even when this process is killed, the kernel ends its servers. */
export function spawnWithUs(
  command: string,
  parameters: readonly string[],
  { uid, gid, ...options }: SpawnOptions,
): ChildProcess {
  const user = uid === undefined ? [] : [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups']
  const server = spawn('setpriv', [...user, '--pdeathsig', 'KILL', command, ...parameters], {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return server
}

/** The match in what it says; rejects with all it said if it ends before. */
export function untilSaid(server: ChildProcess, wanted: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let said = ''
    const fail = () => reject(new Error(`A server for the tests did not start:\n${said}`))
    const timer = setTimeout(fail, startMsMax)
    const hear = (data: Buffer) => {
      said = (said + data.toString()).slice(-10_000)
      const match = wanted.exec(said)
      if (match === null) return
      clearTimeout(timer)
      server.off('exit', fail)
      resolve(match)
    }
    server.stdout?.on('data', hear)
    server.stderr?.on('data', hear)
    server.once('error', fail)
    server.once('exit', fail)
  })
}

export async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const gone = new Promise((resolve) => server.once('exit', resolve))
  server.kill(signal)
  await gone
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
