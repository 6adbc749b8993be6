import { type ChildProcess, fork } from 'node:child_process'

/** A child process that answers requests by IPC, one at a time. */
export type Worker = {
  readonly ask: <Answer>(name: string, input?: unknown) => Promise<Answer>
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>
}

type Message = { readonly answer?: unknown; readonly error?: string }

/** Starts `file` beside this one. */
export const startWorker = (file: string): Worker => {
  const child: ChildProcess = fork(new URL(file, import.meta.url), { serialization: 'advanced' })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    ask: (name, input) =>
      new Promise((resolve, reject) => {
        child.once('message', (message: Message) => {
          if (message.error === undefined) resolve(message.answer as never)
          else reject(new Error(`${file} ${name}: ${message.error}`))
        })
        child.send({ name, input })
      }),
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal)
      await exited
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
