import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'

/** A hub in another process, on real sockets and files. */
export type HostedHub = {
  readonly url: string
  /** `GET` of one of the operator's pages. */
  readonly operatorPage: (path: string) => Promise<string>
  readonly health: () => Promise<string>
  /** Puts its clock forward, and drops what is due then. */
  readonly advance: (ms: number) => Promise<void>
  readonly connections: () => Promise<number>
  /** Does with a text what a hub that is not blind would. */
  readonly keep: (how: Keeping, text: string) => Promise<void>
  /** Writes what its process has in memory to two files; the second only where the system shows it (Linux). */
  readonly dumpMemory: (snapshotFile: string, memoryFile: string) => Promise<boolean>
  /** Ends it; once, however often it is called. */
  readonly close: () => Promise<void>
}

export type Keeping =
  | 'as a string in memory'
  | 'as bytes in memory'
  | 'in the log, in base64'
  | 'in a file, in UTF-16'
  | 'in a file, in gzip'

type Answer = { readonly n: number; readonly result?: unknown; readonly problem?: string }

/** `folder` gets `hub.db`, what belongs to it, and `hub.log`. */
export const startHostedHub = async (folder: string, startMs: number): Promise<HostedHub> => {
  const token = randomBytes(24).toString('hex')
  const child = fork(join(import.meta.dirname, 'hub-process.ts'), [folder, String(startMs), token], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    execArgv: [],
  })
  const open = new Map<number, PromiseWithResolvers<unknown>>()
  let calls = 0
  child.on('message', ({ n, result, problem }: Answer) => {
    const waiting = open.get(n)
    open.delete(n)
    if (problem === undefined) waiting?.resolve(result)
    else waiting?.reject(new Error(problem))
  })
  const ended = new Promise<void>((resolve) => {
    child.on('exit', (status) => {
      for (const { reject } of open.values()) reject(new Error(`The hub's process ended with ${status}.`))
      resolve()
    })
  })
  const call = <T>(method: string, ...parameters: readonly unknown[]): Promise<T> => {
    calls += 1
    const waiting = Promise.withResolvers<unknown>()
    open.set(calls, waiting)
    child.send({ n: calls, method, parameters })
    return waiting.promise as Promise<T>
  }
  let closing: Promise<void> | undefined
  try {
    const { url, operatorUrl } = await call<{ url: string; operatorUrl: string }>('urls')
    const get = async (page: string): Promise<string> =>
      (await fetch(page, { headers: { authorization: `Bearer ${token}` } })).text()
    return {
      url,
      operatorPage: (path) => get(new URL(path, operatorUrl).href),
      health: () => get(`${url.replace('ws', 'http')}/health`),
      advance: (ms) => call('advance', ms),
      connections: () => call('connections'),
      keep: (how, text) => call('keep', how, text),
      dumpMemory: (snapshotFile, memoryFile) => call('dumpMemory', snapshotFile, memoryFile),
      close: () => (closing ??= call('close').then(() => ended)),
    }
  } catch (cause) {
    child.kill('SIGKILL')
    await ended
    throw cause
  }
}
