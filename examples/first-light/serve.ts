import type { Answer, Call, Methods } from './message.ts'
import { describeError } from './message.ts'

/** Answers the parent's calls until the parent is gone. Ctrl-C reaches the whole group: the parent ends us in order. */
export const serve = (methods: Methods): void => {
  process.on('SIGINT', () => {})
  process.on('disconnect', () => process.exit(0))
  process.on('message', async (call: Call) => {
    try {
      const method = methods[call.method]
      if (method === undefined) throw new Error(`There is no method "${call.method}".`)
      say({ type: 'answer', n: call.n, result: await method(call.parameter as never) })
    } catch (error) {
      say({ type: 'failure', n: call.n, problem: describeError(error) })
    }
  })
  say({ type: 'ready' })
}

export const tellProgress = (rows: number): void => say({ type: 'progress', rows })

const say = (answer: Answer): void => {
  if (process.connected) process.send?.(answer)
}
