import { type ChildProcess, fork } from 'node:child_process'

/** A child process that answers requests by IPC, one at a time. */
export type Worker = {
  /** Rejects with `OverTime` when the answer takes longer than `limitMs`; the process is then of no use any more. */
  readonly ask: <Answer>(name: string, input?: unknown, limitMs?: number) => Promise<Answer>
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>
}

export class OverTime extends Error {
  readonly limitMs: number
  constructor(limitMs: number) {
    super(`over ${limitMs / 1000} s`)
    this.limitMs = limitMs
  }
}

type Message = { readonly answer?: unknown; readonly error?: string }

/** Starts `file` beside this one. `globalThis.gc` is there, for whoever weighs memory. */
export const startWorker = (file: string): Worker => {
  const child: ChildProcess = fork(new URL(file, import.meta.url), {
    serialization: 'advanced',
    execArgv: [...process.execArgv, '--expose-gc', '--no-warnings'],
  })
  let hasExited = false
  const exited = new Promise<void>((resolve) =>
    child.once('exit', () => {
      hasExited = true
      resolve()
    }),
  )
  return {
    ask: (name, input, limitMs) =>
      new Promise((resolve, reject) => {
        const settle = (): void => {
          clearTimeout(timer)
          child.off('message', answered)
          child.off('exit', ended)
        }
        const answered = (message: Message): void => {
          settle()
          if (message.error === undefined) resolve(message.answer as never)
          else reject(new Error(`${file} ${name}: ${message.error}`))
        }
        const ended = (): void => {
          settle()
          reject(new Error(`${file} ${name}: the process ended`))
        }
        const timer =
          limitMs === undefined
            ? undefined
            : setTimeout(() => {
                settle()
                reject(new OverTime(limitMs))
              }, limitMs)
        child.on('message', answered)
        child.on('exit', ended)
        if (hasExited) ended()
        else child.send({ name, input })
      }),
    stop: async (signal = 'SIGTERM') => {
      if (!hasExited) child.kill(signal)
      // A process that computes without a pause hears no signal that it handles itself.
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await exited
      clearTimeout(late)
    },
  }
}

/** The child's side: a function for each request. */
export const answerRequests = (handlers: Record<string, (input: never) => unknown>): void => {
  process.on('message', (message: { name: string; input: unknown }) => {
    const handler = handlers[message.name]
    Promise.resolve()
      .then(() => handler?.(message.input as never))
      .then(
        (answer) => process.send?.({ answer }),
        (error: unknown) =>
          process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      )
  })
}

/** The most memory that this process has had, in megabytes. */
export const peakMegabytes = (): number => Math.round(process.resourceUsage().maxRSS / 1024)
