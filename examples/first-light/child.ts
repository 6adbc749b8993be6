import { fork } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import type { Answer, Call, Methods } from './message.ts'

/** How long a process may take for one answer, and for its end. */
const answerMsMax = 30_000
const closeMsMax = 5_000

/** Another process of this example, seen from the one that started it. */
export type Child<M extends Methods> = {
  readonly name: string
  readonly pid: number
  /** Rejects with the process' own words, when it dies, or after `answerMsMax`. */
  readonly call: <N extends keyof M & string>(
    method: N,
    ...parameter: Parameters<M[N]>
  ) => Promise<Awaited<ReturnType<M[N]>>>
  onProgress: (rows: number) => void
  /** Called when the process ends without being asked to. */
  onLost: (why: string) => void
  /** `kill -9`; resolves when the process is gone. */
  readonly kill: () => Promise<void>
  /** Asks it to close, and kills it when it does not. */
  readonly close: () => Promise<void>
  /** For the last moment, when nothing can be waited for. */
  readonly killNow: () => void
}

/** Starts `file` of this folder as a process of its own; resolves when it can be called. */
export const startChild = async <M extends Methods>(
  name: string,
  file: string,
  parameters: string[],
): Promise<Child<M>> => {
  const process = fork(join(import.meta.dirname, file), parameters, {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
  })
  const open = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>()
  let calls = 0
  let output = ''
  let isExpectedToEnd = false
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-4000)
  }
  process.stdout?.on('data', keep)
  process.stderr?.on('data', keep)

  const ready = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  const finish = (why: string): void => {
    const error = new Error(`${name} ${why}${output === '' ? '.' : `:\n${output.trim()}`}`)
    ready.reject(error)
    for (const { reject } of open.values()) reject(error)
    open.clear()
    if (!isExpectedToEnd) child.onLost(error.message)
    ended.resolve()
  }
  process.on('error', (error) => finish(`could not be started (${error.message})`))
  process.on('exit', (code, signal) => finish(`ended with ${signal ?? `status ${code}`}`))
  process.on('message', (answer: Answer) => {
    if (answer.type === 'ready') return ready.resolve()
    if (answer.type === 'progress') return child.onProgress(answer.rows)
    const caller = open.get(answer.n)
    open.delete(answer.n)
    if (answer.type === 'answer') caller?.resolve(answer.result)
    else caller?.reject(new Error(`${name}: ${answer.problem}`))
  })

  const call = async (method: string, parameter?: unknown): Promise<unknown> => {
    if (!process.connected) throw new Error(`${name} is not running any more.`)
    const n = ++calls
    const answer = Promise.withResolvers<unknown>()
    open.set(n, answer)
    process.send({ type: 'call', n, method, parameter } satisfies Call)
    return within(answer.promise, answerMsMax, `${name} did not answer "${method}"`)
  }
  const end = async (): Promise<void> => {
    isExpectedToEnd = true
    process.kill('SIGKILL')
    await within(ended.promise, closeMsMax, `${name} (process ${process.pid}) did not end`)
  }
  const child: Child<M> = {
    name,
    pid: process.pid ?? 0,
    call: call as Child<M>['call'],
    onProgress: () => {},
    onLost: () => {},
    kill: end,
    close: async () => {
      isExpectedToEnd = true
      if (process.connected)
        await Promise.race([call('close').catch(() => {}), after(closeMsMax, undefined, { ref: false })])
      await end()
    },
    killNow: () => {
      if (process.exitCode === null && process.signalCode === null) process.kill('SIGKILL')
    },
  }
  try {
    await within(ready.promise, answerMsMax, `${name} did not start`)
  } catch (error) {
    process.kill('SIGKILL')
    throw error
  }
  return child
}

const within = async <T>(promise: Promise<T>, milliseconds: number, what: string): Promise<T> => {
  const timer = Promise.withResolvers<never>()
  const timeout = setTimeout(() => timer.reject(new Error(`${what} within ${milliseconds / 1000} s.`)), milliseconds)
  try {
    return await Promise.race([promise, timer.promise])
  } finally {
    clearTimeout(timeout)
  }
}
