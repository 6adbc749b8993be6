import { fork } from 'node:child_process'
import { join } from 'node:path'
import { within } from './conditions.fixture.ts'

/** Another process, seen from the test. */
export type Child = {
  readonly pid: number
  /** Rejects with the process' own words, or when it is gone. */
  readonly call: <T>(method: string, ...parameters: readonly unknown[]) => Promise<T>
  /** What it has told since, in order. */
  readonly told: readonly unknown[]
  /** `kill -9`. Resolves when it is gone. */
  readonly kill: () => Promise<void>
  /** Resolves with the exit status once it has ended by itself. */
  readonly ended: Promise<number | null>
  readonly stderr: () => string
}

type Answer = { readonly n: number; readonly result?: unknown; readonly problem?: string; readonly code?: string }

const answerMsMax = 60_000

/** Starts a script of this folder. */
export const startChild = (script: string, ...parameters: readonly string[]): Child => {
  const child = fork(join(import.meta.dirname, script), [...parameters], {
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  })
  const open = new Map<number, PromiseWithResolvers<unknown>>()
  const told: unknown[] = []
  let calls = 0
  let stderr = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-20_000)
  })
  child.on('message', (message: Answer | { told: unknown }) => {
    if ('told' in message) {
      told.push(message.told)
      return
    }
    const asked = open.get(message.n)
    open.delete(message.n)
    if (message.problem === undefined) asked?.resolve(message.result)
    else asked?.reject(Object.assign(new Error(message.problem), { code: message.code }))
  })
  const ended = new Promise<number | null>((resolve) => {
    child.on('exit', (status, signal) => {
      for (const asked of open.values()) asked.reject(new Error(`${script} ended (${signal ?? status}).\n${stderr}`))
      open.clear()
      resolve(status)
    })
  })
  return {
    pid: child.pid ?? 0,
    told,
    ended,
    stderr: () => stderr,
    call: async <T>(method: string, ...parameters: readonly unknown[]) => {
      if (!child.connected) throw new Error(`${script} is gone.\n${stderr}`)
      const n = ++calls
      const asked = Promise.withResolvers<unknown>()
      open.set(n, asked)
      child.send({ n, method, parameters })
      return (await within(asked.promise, answerMsMax, `${script}: ${method}`)) as T
    },
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** The other side: answers calls until the parent is gone. */
export const answerCalls = (methods: Readonly<Record<string, (...parameters: never[]) => unknown>>): void => {
  process.on('disconnect', () => process.exit(0))
  process.on('message', async ({ n, method, parameters }: { n: number; method: string; parameters: never[] }) => {
    try {
      process.send?.({ n, result: await methods[method]?.(...parameters) })
    } catch (cause) {
      const { stack, message, code } = cause as Error & { code?: string }
      process.send?.({ n, problem: code === undefined ? stack : message, code })
    }
  })
}

export const tell = (what: unknown): void => {
  process.send?.({ told: what })
}
